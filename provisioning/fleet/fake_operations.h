#pragma once
// A table of operations in memory, as documents, so that a test that restarts reads them back. For
// tests; thread safe.

#include "provisioning/fleet/operation.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace muster::provisioning {

class FakeOperations final : public FleetOperationStore {
  public:
    /// The next saves fail so, without any effect.
    void fail_saves(int count, Code code) {
        const std::scoped_lock lock(mutex_);
        failures_.insert(failures_.end(), static_cast<std::size_t>(count), code);
    }

    std::vector<Change> changes() {
        const std::scoped_lock lock(mutex_);
        return changes_;
    }

    std::vector<std::string> actions() {
        std::vector<std::string> actions;
        for (const Change& change : changes()) {
            actions.push_back(change.action);
        }
        return actions;
    }

    int saves() {
        const std::scoped_lock lock(mutex_);
        return saves_;
    }

    Result<std::vector<FleetOperation>> all(const IdScope& scope) override {
        const std::scoped_lock lock(mutex_);
        std::vector<FleetOperation> operations;
        for (const auto& [key, document] : documents_) {
            if (key.first != scope.text()) {
                continue;
            }
            auto operation = fleet_operation_from(document);
            if (!operation) {
                return std::unexpected(std::move(operation).error());
            }
            operations.push_back(*std::move(operation));
        }
        std::ranges::sort(operations, [](const FleetOperation& left, const FleetOperation& right) {
            return std::tie(left.begun, left.id) > std::tie(right.begun, right.id);
        });
        return operations;
    }

    Result<void> save(const IdScope& scope, const FleetOperation& operation,
                      std::int64_t expected_version, const Change* change) override {
        const std::scoped_lock lock(mutex_);
        if (!failures_.empty()) {
            const Code code = failures_.front();
            failures_.pop_front();
            return fail(code, "the store is down");
        }
        const std::pair key{scope.text(), operation.id};
        const auto found = documents_.find(key);
        const auto stored = found == documents_.end() ? 0 : found->second.at("version").as_int64();
        if (stored != expected_version) {
            return fail(Code::conflict, "stale version");
        }
        documents_[key] = to_document(operation);
        if (change != nullptr) {
            changes_.push_back(*change);
        }
        ++saves_;
        return {};
    }

  private:
    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, JsonObject> documents_;
    std::vector<Change> changes_;
    std::deque<Code> failures_;
    int saves_ = 0;
};

} // namespace muster::provisioning
