#pragma once
// In-memory stores of instances and administrators' tokens, which can be told to fail. What they
// keep is the stored document, as in a real store, so that a test that restarts reads it back.

#include "base/text.h"
#include "provisioning/administration/tokens.h"
#include "provisioning/documents/instance_document.h"
#include "provisioning/ports.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

/// A change as it went into an audit chain.
struct FakeAuditEntry {
    std::string scope; // empty: the server's own chain
    Change change;

    /// Everything that is written down of it.
    [[nodiscard]] std::string text() const { return audit_text(1, change); }
};

/// The next writes fail so, without any effect.
class FailingWrites {
  public:
    void fail_next(int count, Code code) {
        codes_.insert(codes_.end(), static_cast<std::size_t>(count), code);
    }

    std::optional<Code> next() {
        if (codes_.empty()) {
            return std::nullopt;
        }
        const Code code = codes_.front();
        codes_.pop_front();
        return code;
    }

  private:
    std::deque<Code> codes_;
};

class FakeInstanceStore final : public InstanceStore {
  public:
    // ---- what a test may arrange and look at ----

    void fail_writes(int count, Code code) {
        const std::scoped_lock lock(mutex_);
        failing_.fail_next(count, code);
    }

    void before_next_save(std::function<void()> action) { before_save_ = std::move(action); }

    /// What an instance holds beside itself.
    void fill(const IdScope& scope, std::size_t rows) {
        const std::scoped_lock lock(mutex_);
        rows_[scope.text()] = rows;
    }

    std::size_t rows(const IdScope& scope) {
        const std::scoped_lock lock(mutex_);
        return rows_[scope.text()];
    }

    int saves() {
        const std::scoped_lock lock(mutex_);
        return saves_;
    }

    std::vector<FakeAuditEntry> audit() {
        const std::scoped_lock lock(mutex_);
        return audit_;
    }

    // ---- InstanceStore ----

    Result<std::vector<Instance>> all() override {
        const std::scoped_lock lock(mutex_);
        std::vector<Instance> instances;
        for (const auto& [scope, document] : documents_) {
            auto instance = stored_instance(document);
            if (!instance) {
                return std::unexpected(std::move(instance).error());
            }
            instances.push_back(*std::move(instance));
        }
        return instances;
    }

    Result<void> save(const Instance& instance, const Write& write) override {
        if (const auto action = std::exchange(before_save_, nullptr)) {
            action();
        }
        const std::scoped_lock lock(mutex_);
        if (const auto code = failing_.next()) {
            return fail(*code, "the store is down");
        }
        if (version_of(instance.scope) != write.expected.version) {
            return fail(Code::conflict, "stale version");
        }
        if (has_name_elsewhere(instance)) {
            return fail(Code::already_exists, "the name is taken");
        }
        documents_[instance.scope.text()] = to_document(instance, View::stored);
        if (write.change != nullptr) {
            audit_.push_back({instance.scope.text(), *write.change});
        }
        ++saves_;
        return {};
    }

    Result<bool> purge(const IdScope& scope, std::size_t rows_max) override {
        const std::scoped_lock lock(mutex_);
        if (const auto code = failing_.next()) {
            return fail(*code, "the store is down");
        }
        std::size_t& rows = rows_[scope.text()];
        rows -= std::min(rows, rows_max);
        return rows > 0;
    }

    Result<void> erase(const IdScope& scope, const Change& change) override {
        const std::scoped_lock lock(mutex_);
        if (const auto code = failing_.next()) {
            return fail(*code, "the store is down");
        }
        if (documents_.erase(scope.text()) == 0) {
            return fail(Code::not_found, "no such instance");
        }
        audit_.push_back({"", change});
        return {};
    }

  private:
    std::int64_t version_of(const IdScope& scope) const {
        const auto found = documents_.find(scope.text());
        return found == documents_.end() ? 0 : found->second.at("version").as_int64();
    }

    bool has_name_elsewhere(const Instance& instance) const {
        for (const auto& [scope, document] : documents_) {
            if (scope != instance.scope.text() &&
                equal_ignoring_case(std::string_view(document.at("name").as_string()),
                                    instance.name)) {
                return true;
            }
        }
        return false;
    }

    std::mutex mutex_;
    std::map<std::string, JsonObject> documents_; // by scope
    std::map<std::string, std::size_t> rows_;     // by scope
    std::vector<FakeAuditEntry> audit_;
    FailingWrites failing_;
    std::function<void()> before_save_;
    int saves_ = 0;
};

class FakeTokenStore final : public TokenStore {
  public:
    void fail_writes(int count, Code code) {
        const std::scoped_lock lock(mutex_);
        failing_.fail_next(count, code);
    }

    std::vector<FakeAuditEntry> audit() {
        const std::scoped_lock lock(mutex_);
        return audit_;
    }

    Result<std::vector<AdminToken>> all() override {
        const std::scoped_lock lock(mutex_);
        std::vector<AdminToken> tokens;
        for (const auto& [id, token] : tokens_) {
            tokens.push_back(token);
        }
        return tokens;
    }

    Result<void> add(const AdminToken& token, const Change& change) override {
        const std::scoped_lock lock(mutex_);
        if (const auto code = failing_.next()) {
            return fail(*code, "the store is down");
        }
        if (!tokens_.try_emplace(token.id, token).second) {
            return fail(Code::already_exists, "the token is there");
        }
        audit_.push_back({"", change});
        return {};
    }

    Result<void> erase(const std::string& id, const Change& change) override {
        const std::scoped_lock lock(mutex_);
        if (const auto code = failing_.next()) {
            return fail(*code, "the store is down");
        }
        if (tokens_.erase(id) == 0) {
            return fail(Code::not_found, "no such token");
        }
        audit_.push_back({"", change});
        return {};
    }

  private:
    std::mutex mutex_;
    std::map<std::string, AdminToken> tokens_;
    std::vector<FakeAuditEntry> audit_;
    FailingWrites failing_;
};

} // namespace muster::provisioning
