#pragma once
// A journal in memory, for the tests of this folder, which can be told to fail.

#include "provisioning/journal.h"

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

class FakeJournal final : public JournalStore {
  public:
    Result<void> append(const IdScope& scope, std::span<const DeviceEvent> events) override {
        const std::scoped_lock lock(mutex_);
        ++appends_;
        if (is_down) {
            return fail(Code::unavailable, "the journal is down");
        }
        for (const DeviceEvent& event : events) {
            events_.emplace_back(scope.text(), event);
        }
        return {};
    }

    Result<std::vector<DeviceEvent>> find(const IdScope& scope, const JournalQuery& /*query*/,
                                          std::int64_t /*before*/,
                                          std::size_t /*count_max*/) override {
        return of(scope);
    }

    /// In the order in which they came.
    std::vector<DeviceEvent> of(const IdScope& scope) {
        const std::scoped_lock lock(mutex_);
        std::vector<DeviceEvent> found;
        for (const auto& [of_scope, event] : events_) {
            if (of_scope == scope.text()) {
                found.push_back(event);
            }
        }
        return found;
    }

    int appends() {
        const std::scoped_lock lock(mutex_);
        return appends_;
    }

    bool is_down = false;

  private:
    std::mutex mutex_;
    int appends_ = 0;
    std::vector<std::pair<std::string, DeviceEvent>> events_;
};

} // namespace muster::provisioning
