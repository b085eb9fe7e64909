#pragma once
// Stand-ins for everything that the services of this folder are given, for their tests.

#include "base/random.h"
#include "base/task.h"
#include "provisioning/fake_faults.h"
#include "provisioning/fake_store.h"
#include "provisioning/ports.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

/// Remembers what each hub knows.
class FakeHubs final : public Hubs {
  public:
    /// A hub's answer that is not a yes; `applied` if it did what it was told all the same.
    struct Answer {
        Code code = Code::unavailable;
        bool applied = false;
    };

    explicit FakeHubs(Faults& faults) : faults_(faults) {}

    void answer_next(int count, Answer answer) {
        const std::scoped_lock lock(mutex_);
        answers_.insert(answers_.end(), static_cast<std::size_t>(count), answer);
    }

    /// Every hub is there again.
    void recover() {
        const std::scoped_lock lock(mutex_);
        answers_.clear();
    }

    Result<void> ensure_device(const HubName& hub, const DeviceProvision& provision) override {
        return faults_.call([&]() -> Result<void> {
            const std::scoped_lock lock(mutex_);
            ++calls_;
            if (answers_.empty()) {
                apply(hub, provision);
                return {};
            }
            const Answer answer = answers_.front();
            answers_.pop_front();
            if (answer.applied) {
                apply(hub, provision);
            }
            return fail(answer.code, "hub says no");
        });
    }

    /// The hub is there, and this connection string opens it.
    void offer(const HubName& hub, const std::string& connection_string) {
        const std::scoped_lock lock(mutex_);
        offers_[connection_string] = hub;
    }

    Result<HubName> check_link(const Secret& connection_string) override {
        return faults_.call([&]() -> Result<HubName> {
            const std::scoped_lock lock(mutex_);
            ++links_checked_;
            const std::string text(connection_string.reveal());
            const auto found = offers_.find(text);
            if (found != offers_.end()) {
                return found->second;
            }
            const bool is_known = std::ranges::any_of(offers_, [&](const auto& offer) {
                return text.starts_with("HostName=" + offer.second.text() + ';');
            });
            return is_known ? fail(Code::unauthenticated, "the key is not the policy's")
                   : text.starts_with("HostName=")
                       ? fail(Code::not_found, "no such hub here")
                       : fail(Code::malformed, "not a connection string");
        });
    }

    int links_checked() {
        const std::scoped_lock lock(mutex_);
        return links_checked_;
    }

    int calls() {
        const std::scoped_lock lock(mutex_);
        return calls_;
    }

    std::vector<HubName> hubs_with(const DeviceId& device) {
        const std::scoped_lock lock(mutex_);
        std::vector<HubName> hubs;
        for (const auto& [key, provision] : devices_) {
            if (key.second == device) {
                hubs.push_back(key.first);
            }
        }
        return hubs;
    }

    std::optional<DeviceProvision> device(const HubName& hub, const DeviceId& device) {
        const std::scoped_lock lock(mutex_);
        const auto found = devices_.find({hub, device});
        return found == devices_.end() ? std::nullopt : std::optional(found->second);
    }

  private:
    /// The twin of a device that is there already is left alone.
    void apply(const HubName& hub, const DeviceProvision& provision) {
        const auto [entry, is_new] = devices_.try_emplace({hub, provision.device_id}, provision);
        if (!is_new) {
            entry->second.credential = provision.credential;
            entry->second.iot_edge = provision.iot_edge;
        }
    }

    Faults& faults_;
    std::mutex mutex_;
    int calls_ = 0;
    int links_checked_ = 0;
    std::map<std::string, HubName> offers_; // by connection string
    std::deque<Answer> answers_;
    std::map<std::pair<HubName, DeviceId>, DeviceProvision> devices_;
};

/// Runs tasks when the test says so.
class ManualWorkers final : public Executor {
  public:
    bool submit(Task task) override {
        if (full) {
            return false;
        }
        tasks_.push_back(std::move(task));
        return true;
    }

    bool run_one() {
        if (tasks_.empty()) {
            return false;
        }
        Task task = std::move(tasks_.front());
        tasks_.pop_front();
        task();
        return true;
    }

    void run_all() {
        while (run_one()) {
        }
    }

    void forget() { tasks_.clear(); }

    [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }

    bool full = false;

  private:
    std::deque<Task> tasks_;
};

/// Time that the test moves.
class ManualTimers final : public Scheduler {
  public:
    Ticket after(std::chrono::milliseconds delay, Task task) override {
        entries_.push_back({now_ + delay, ++last_, std::move(task)});
        return last_;
    }

    void cancel(Ticket ticket) override {
        std::erase_if(entries_, [&](const Entry& entry) { return entry.ticket == ticket; });
    }

    /// Runs the next task that is due, whenever that is; false if there is none.
    bool run_next() {
        const auto next = std::ranges::min_element(entries_, {}, &Entry::due);
        if (next == entries_.end()) {
            return false;
        }
        now_ = std::max(now_, next->due);
        Task task = std::move(next->task);
        entries_.erase(next);
        task();
        return true;
    }

    void forget() { entries_.clear(); }

    [[nodiscard]] std::chrono::milliseconds now() const { return now_; }

    [[nodiscard]] std::size_t waiting() const { return entries_.size(); }

  private:
    struct Entry {
        std::chrono::milliseconds due;
        Ticket ticket;
        Task task;
    };

    std::chrono::milliseconds now_{0};
    Ticket last_ = 0;
    std::vector<Entry> entries_;
};

/// Repeatable randomness for several threads.
class SharedRandom final : public Random {
  public:
    explicit SharedRandom(std::uint64_t seed) : random_(seed) {}

    std::string bytes(std::size_t count) override {
        const std::scoped_lock lock(mutex_);
        return random_.bytes(count);
    }

  private:
    std::mutex mutex_;
    SeededRandom random_;
};

} // namespace muster::provisioning
