#pragma once
// In-memory ports, a scheduler whose time is moved by hand and a connection that remembers, for the
// tests of this folder. Failures are queued: the next calls of a port return them first.

#include "base/task.h"
#include "hub/configurations/fake_configurations.h"
#include "hub/events/fake_store.h"
#include "hub/jobs/fake_jobs.h"
#include "hub/live.h"
#include "hub/messages/fake_store.h"
#include "hub/ports.h"
#include "hub/query_fakes.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::hub::fakes {

class Devices final : public DeviceStore, public SessionStore {
  public:
    Result<std::optional<Device>> find_device(const HubName& hub, const IdentityId& id) override {
        const std::lock_guard lock(mutex_);
        if (auto failure = next_read_failure()) {
            return std::unexpected(*failure);
        }
        const auto at = rows_.find({hub, id});
        return at == rows_.end() ? std::nullopt : std::optional(at->second.device);
    }

    Result<std::optional<DeviceWithTwin>> find(const HubName& hub, const IdentityId& id) override {
        const std::lock_guard lock(mutex_);
        if (auto failure = next_read_failure()) {
            return std::unexpected(*failure);
        }
        const auto at = rows_.find({hub, id});
        return at == rows_.end() ? std::nullopt : std::optional(at->second);
    }

    using DeviceStore::create;
    using DeviceStore::erase;
    using DeviceStore::update_twin;

    Result<void> create(const HubName& hub, std::span<const DeviceWithTwin> identities,
                        EventBatch& batch) override {
        if (auto refused = begin_write(); !refused) {
            return refused;
        }
        const std::lock_guard lock(mutex_);
        for (const DeviceWithTwin& one : identities) {
            const bool has_device =
                rows_.contains({hub, one.device.id}) || identities.front().device.module.empty();
            if (!has_device) {
                return fail(Code::not_found, "no such device");
            }
            if (rows_.contains({hub, one.device.identity()})) {
                return fail(Code::already_exists, "device exists");
            }
        }
        for (const DeviceWithTwin& one : identities) {
            rows_.try_emplace({hub, one.device.identity()}, one);
        }
        append(batch);
        return {};
    }

    Result<void> update_device(const HubName& hub, const Device& device,
                               std::int64_t expected_version) override {
        if (auto refused = begin_write(); !refused) {
            return refused;
        }
        const std::lock_guard lock(mutex_);
        const auto at = rows_.find({hub, device.identity()});
        if (at == rows_.end() || at->second.device.version != expected_version) {
            return fail(Code::conflict, "version");
        }
        at->second.device = device;
        return {};
    }

    Result<void> update_twin(const HubName& hub, const IdentityId& id, const Twin& twin,
                             std::int64_t expected_version, EventBatch& batch) override {
        if (auto refused = begin_write(); !refused) {
            return refused;
        }
        const std::lock_guard lock(mutex_);
        const auto at = rows_.find({hub, id});
        if (at == rows_.end() || at->second.twin.version != expected_version) {
            return fail(Code::conflict, "version");
        }
        at->second.twin = twin;
        append(batch);
        return {};
    }

    Result<void> erase(const HubName& hub, const IdentityId& id, std::int64_t expected_version,
                       EventBatch& batch) override {
        if (auto refused = begin_write(); !refused) {
            return refused;
        }
        const std::lock_guard lock(mutex_);
        const auto at = rows_.find({hub, id});
        if (at == rows_.end() || at->second.device.version != expected_version) {
            return fail(Code::conflict, "version");
        }
        const auto belongs = [&](const auto& entry) {
            return entry.first.first == hub && entry.first.second.device == id.device &&
                   (!id.is_module() || entry.first.second == id);
        };
        std::erase_if(rows_, belongs);
        std::erase_if(sessions_, belongs);
        if (on_erased) {
            on_erased(hub, id);
        }
        append(batch);
        return {};
    }

    Result<std::vector<Device>> list(const HubName& hub, const std::string& after,
                                     std::size_t count_max) override {
        const std::lock_guard lock(mutex_);
        std::vector<Device> devices;
        for (auto at = rows_.upper_bound({hub, DeviceId(after)});
             at != rows_.end() && at->first.first == hub && devices.size() < count_max; ++at) {
            if (!at->first.second.is_module()) {
                devices.push_back(at->second.device);
            }
        }
        return devices;
    }

    Result<std::vector<Device>> modules(const HubName& hub, const DeviceId& device) override {
        const std::lock_guard lock(mutex_);
        if (auto failure = next_read_failure()) {
            return std::unexpected(*failure);
        }
        std::vector<Device> modules;
        for (const auto& [key, row] : rows_) {
            if (key.first == hub && key.second.is_module() && key.second.device == device) {
                modules.push_back(row.device);
            }
        }
        return modules;
    }

    Result<IdentityCounts> counts(const HubName& hub) override {
        const std::lock_guard lock(mutex_);
        if (auto failure = next_read_failure()) {
            return std::unexpected(*failure);
        }
        ++counts_asked;
        IdentityCounts counts;
        for (const auto& [key, row] : rows_) {
            if (key.first == hub) {
                counts.modules += key.second.is_module() ? 1 : 0;
                counts.devices += key.second.is_module() ? 0 : 1;
                counts.disabled_devices += row.device.status == DeviceStatus::disabled ? 1 : 0;
            }
        }
        return counts;
    }

    Result<std::vector<StoredSubscription>> load(const HubName& hub,
                                                 const IdentityId& id) override {
        const std::lock_guard lock(mutex_);
        const auto at = sessions_.find({hub, id});
        return at == sessions_.end() ? std::vector<StoredSubscription>() : at->second;
    }

    Result<void> save(const HubName& hub, const IdentityId& id,
                      const std::vector<StoredSubscription>& subscriptions) override {
        const std::lock_guard lock(mutex_);
        sessions_[{hub, id}] = subscriptions;
        return {};
    }

    Events* events = nullptr; // where the events go that come with changes

    /// The next writes fail with these, in order.
    std::deque<Error> write_failures;
    std::deque<Error> read_failures;
    /// Runs once before the next write is looked at: somebody else is faster.
    std::function<void()> before_write;
    /// What else goes with an identity.
    std::function<void(const HubName& hub, const IdentityId& id)> on_erased;
    int writes = 0;
    int counts_asked = 0;

  private:
    using Key = std::pair<HubName, IdentityId>;

    std::optional<Error> next_read_failure() { return pop(read_failures); }

    static std::optional<Error> pop(std::deque<Error>& failures) {
        if (failures.empty()) {
            return std::nullopt;
        }
        Error failure = failures.front();
        failures.pop_front();
        return failure;
    }

    void append(EventBatch& batch) {
        if (events != nullptr) {
            events->append_with_change(batch);
        }
    }

    Result<void> begin_write() {
        std::unique_lock lock(mutex_);
        if (auto hook = std::exchange(before_write, nullptr)) {
            lock.unlock();
            hook();
            lock.lock();
        }
        ++writes;
        const auto failure = pop(write_failures);
        return failure ? Result<void>(std::unexpected(*failure)) : Result<void>{};
    }

    std::mutex mutex_;
    std::map<Key, DeviceWithTwin> rows_;
    std::map<Key, std::vector<StoredSubscription>> sessions_;
};

class Usages final : public UsageStore {
  public:
    Result<std::optional<Usage>> load(const HubName& /*hub*/) override {
        if (failure) {
            return std::unexpected(*failure);
        }
        return kept;
    }

    Result<void> save(const HubName& /*hub*/, const Usage& usage) override {
        ++saves;
        if (failure) {
            return std::unexpected(*failure);
        }
        kept = usage;
        return {};
    }

    std::optional<Usage> kept;
    int saves = 0;
    std::optional<Error> failure; // of all that is asked
};

/// What every store of a hub is in tests; a new port is added here.
struct Stores {
    Stores() {
        devices.events = &events;
        devices.on_erased = [this](const HubName& hub, const IdentityId& id) {
            messages.forget(hub, id);
        };
    }

    Stores(const Stores&) = delete;
    Stores& operator=(const Stores&) = delete;

    StorePorts ports() {
        return {.devices = devices,
                .sessions = devices,
                .events = events,
                .messages = messages,
                .feedback = messages,
                .queries = queries,
                .presences = presences,
                .jobs = jobs,
                .configurations = configurations,
                .usage = usage};
    }

    Devices devices;
    Events events;
    Usages usage;
    MessageQueues messages;
    Presences presences;
    Queries queries{devices, presences, messages};
    Jobs jobs;
    Configurations configurations;
};

/// Tasks wait for run_all().
class Workers final : public Executor {
  public:
    bool submit(Task task) override {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
        return true;
    }

    /// False if there was none.
    bool run_one() {
        Task task;
        {
            const std::lock_guard lock(mutex_);
            if (tasks_.empty()) {
                return false;
            }
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        task();
        return true;
    }

    void run_all() {
        while (run_one()) {
        }
    }

    void forget() {
        const std::lock_guard lock(mutex_);
        tasks_.clear();
    }

  private:
    std::mutex mutex_;
    std::deque<Task> tasks_;
};

/// Tasks run inside advance(), in order of their time, and then of their scheduling.
class ManualScheduler final : public Scheduler {
  public:
    Ticket after(std::chrono::milliseconds delay, Task task) override {
        const std::lock_guard lock(mutex_);
        tasks_.emplace(std::pair(now_ + delay, ++last_ticket_), std::move(task));
        return last_ticket_;
    }

    void cancel(Ticket ticket) override {
        const std::lock_guard lock(mutex_);
        std::erase_if(tasks_, [&](const auto& entry) { return entry.first.second == ticket; });
    }

    void advance(std::chrono::milliseconds by) {
        std::unique_lock lock(mutex_);
        const auto until = now_ + by;
        while (!tasks_.empty() && tasks_.begin()->first.first <= until) {
            auto due = tasks_.extract(tasks_.begin());
            now_ = due.key().first;
            lock.unlock();
            due.mapped()();
            lock.lock();
        }
        now_ = until;
    }

    std::size_t pending() {
        const std::lock_guard lock(mutex_);
        return tasks_.size();
    }

  private:
    std::mutex mutex_;
    std::map<std::pair<std::chrono::milliseconds, Ticket>, Task> tasks_;
    std::chrono::milliseconds now_{0};
    Ticket last_ticket_ = 0;
};

class Link final : public DeviceLink {
  public:
    void desired_changed(const JsonObject& notification, std::int64_t version) override {
        const std::lock_guard lock(mutex_);
        notifications.emplace_back(version, muster::to_text(notification));
    }

    void invoke(const MethodRequest& request) override {
        {
            const std::lock_guard lock(mutex_);
            requests.push_back(request);
        }
        if (on_invoke) {
            on_invoke(request);
        }
    }

    void messages_waiting() override {
        const std::lock_guard lock(mutex_);
        ++told_of_messages;
    }

    void close(std::string reason) override {
        const std::lock_guard lock(mutex_);
        closed.push_back(std::move(reason));
    }

    std::vector<std::pair<std::int64_t, std::string>> notifications;
    std::vector<MethodRequest> requests;
    std::vector<std::string> closed;
    int told_of_messages = 0;
    std::function<void(const MethodRequest&)> on_invoke;

  private:
    std::mutex mutex_;
};

} // namespace muster::hub::fakes
