#pragma once
// One table of the in-memory store for tests: rows by scope and folded id, versions checked. Not
// thread safe; fake_store.h locks.

#include "provisioning/ports.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

template <class T>
class FakeTable {
  public:
    /// Scope and folded id.
    using Key = std::pair<std::string, std::string>;

    [[nodiscard]] std::optional<T> find(const Key& key) const {
        const auto found = rows_.find(key);
        return found == rows_.end() ? std::nullopt : std::optional(found->second);
    }

    Result<void> save(const Key& key, const T& value, const Write& write) {
        const auto found = rows_.find(key);
        const std::int64_t version = found == rows_.end() ? 0 : found->second.stamp.version;
        if (version != write.expected.version) {
            return fail(Code::conflict, "stale version");
        }
        if (version == 0 && write.count_max && count(key.first) >= *write.count_max) {
            return fail(Code::quota_exceeded, "no more of these");
        }
        rows_.insert_or_assign(key, value);
        return {};
    }

    Result<void> erase(const Key& key, Expected expected) {
        const auto found = rows_.find(key);
        if (found == rows_.end() || found->second.stamp.version != expected.version) {
            return fail(Code::conflict, "stale version");
        }
        rows_.erase(found);
        return {};
    }

    void drop(const Key& key) { rows_.erase(key); }

    /// Whatever the versions.
    void put(const Key& key, const T& value) { rows_.insert_or_assign(key, value); }

    [[nodiscard]] std::int64_t count(const std::string& scope) const {
        return std::ranges::count_if(rows_,
                                     [&](const auto& row) { return row.first.first == scope; });
    }

    [[nodiscard]] std::vector<T> all(const std::string& scope) const {
        return select(scope, "", rows_.size(), [](const T&) { return true; });
    }

    template <class Wanted>
    [[nodiscard]] std::vector<T> select(const std::string& scope, const std::string& after,
                                        std::size_t count_max, Wanted wanted) const {
        std::vector<T> selected;
        for (auto row = rows_.upper_bound({scope, after});
             row != rows_.end() && row->first.first == scope && selected.size() < count_max;
             ++row) {
            if (wanted(row->second)) {
                selected.push_back(row->second);
            }
        }
        return selected;
    }

  private:
    std::map<Key, T> rows_;
};

} // namespace muster::provisioning
