#include "hub/live.h"

#include <array>
#include <map>
#include <utility>

namespace muster::hub {

namespace {

struct Entry {
    std::shared_ptr<DeviceLink> link; // null while disconnected
    LinkId id = 0;
    bool takes_methods = false;
    bool takes_desired = false;
    WallTime connection_updated;
    WallTime last_activity;
};

// Cuts are counted for groups of devices, so that the count of a device that is not connected takes
// no memory. A cut in the same group at the wrong moment costs another device one reconnect.
constexpr std::size_t cut_groups = 4096;

} // namespace

struct Live::State {
    explicit State(const Clock& time) : clock(time) {}

    std::uint64_t& cuts_of(const DeviceId& device) {
        return cuts[std::hash<DeviceId>{}(device) % cut_groups];
    }

    /// The attachment `link` of the device, null if it is not the current one.
    Entry* find(const DeviceId& device, LinkId link) {
        const auto at = entries.find(device);
        const bool current = at != entries.end() && at->second.link && at->second.id == link;
        return current ? &at->second : nullptr;
    }

    std::shared_ptr<DeviceLink> end(Entry& entry) {
        entry.connection_updated = clock.wall();
        entry.takes_methods = false;
        entry.takes_desired = false;
        return std::exchange(entry.link, nullptr);
    }

    std::vector<std::function<void()>> take_waits(const DeviceId& device) {
        std::vector<std::function<void()>> ready;
        if (auto node = waits.extract(device)) {
            for (auto& [number, callback] : node.mapped()) {
                ready.push_back(std::move(callback));
            }
        }
        return ready;
    }

    [[nodiscard]] bool takes_methods(const DeviceId& device) const {
        const auto at = entries.find(device);
        return at != entries.end() && at->second.link && at->second.takes_methods;
    }

    const Clock& clock;
    mutable std::mutex mutex; // never held while a link or a callback is called
    std::unordered_map<DeviceId, Entry> entries;
    std::unordered_map<DeviceId, std::map<std::uint64_t, std::function<void()>>> waits;
    std::array<std::uint64_t, cut_groups> cuts{};
    LinkId last_link = 0;
    std::uint64_t last_wait = 0;
    std::size_t connected = 0;
};

Live::Live(const Clock& clock) : state_(std::make_unique<State>(clock)) {}

Live::~Live() = default;

Live::Admission Live::admission(const DeviceId& device) const {
    const std::lock_guard lock(state_->mutex);
    return state_->cuts_of(device);
}

LinkId Live::attach(const DeviceId& device, std::shared_ptr<DeviceLink> link) {
    return attach(device, std::move(link), admission(device));
}

LinkId Live::attach(const DeviceId& device, std::shared_ptr<DeviceLink> link, Admission admission) {
    std::shared_ptr<DeviceLink> displaced;
    LinkId id = 0;
    {
        const std::lock_guard lock(state_->mutex);
        if (admission == state_->cuts_of(device)) {
            Entry& entry = state_->entries[device];
            displaced = std::exchange(entry.link, std::move(link));
            state_->connected += displaced ? 0 : 1;
            id = entry.id = ++state_->last_link;
            entry.takes_methods = false;
            entry.takes_desired = false;
            entry.connection_updated = entry.last_activity = state_->clock.wall();
        }
    }
    if (id == 0) {
        link->close("the identity changed while the device connected");
    } else if (displaced) {
        displaced->close("displaced by a newer connection"); // 400027 (iothub A.6)
    }
    return id;
}

void Live::detach(const DeviceId& device, LinkId link) {
    const std::lock_guard lock(state_->mutex);
    if (Entry* entry = state_->find(device, link)) {
        state_->end(*entry);
        --state_->connected;
    }
}

void Live::set_takes_methods(const DeviceId& device, LinkId link, bool takes_methods) {
    std::vector<std::function<void()>> ready;
    {
        const std::lock_guard lock(state_->mutex);
        Entry* entry = state_->find(device, link);
        if (entry == nullptr) {
            return;
        }
        entry->takes_methods = takes_methods;
        if (takes_methods) {
            ready = state_->take_waits(device);
        }
    }
    for (const auto& callback : ready) {
        callback();
    }
}

void Live::set_takes_desired(const DeviceId& device, LinkId link, bool takes_desired) {
    const std::lock_guard lock(state_->mutex);
    if (Entry* entry = state_->find(device, link)) {
        entry->takes_desired = takes_desired;
    }
}

Live::Presence Live::presence(const DeviceId& device) const {
    const std::lock_guard lock(state_->mutex);
    const auto at = state_->entries.find(device);
    if (at == state_->entries.end()) {
        return {};
    }
    const Entry& entry = at->second;
    return {.connected = entry.link != nullptr,
            .connection_updated = entry.connection_updated,
            .last_activity = entry.last_activity};
}

void Live::touch(const DeviceId& device, LinkId link) {
    const std::lock_guard lock(state_->mutex);
    if (Entry* entry = state_->find(device, link)) {
        entry->last_activity = state_->clock.wall();
    }
}

std::size_t Live::connected_count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->connected;
}

bool Live::send_desired(const DeviceId& device, const JsonObject& notification,
                        std::int64_t version) {
    std::shared_ptr<DeviceLink> link;
    {
        const std::lock_guard lock(state_->mutex);
        const auto at = state_->entries.find(device);
        if (at == state_->entries.end() || !at->second.takes_desired) {
            return false;
        }
        link = at->second.link;
    }
    link->desired_changed(notification, version);
    return true;
}

bool Live::send_method(const DeviceId& device, const MethodRequest& request) {
    std::shared_ptr<DeviceLink> link;
    {
        const std::lock_guard lock(state_->mutex);
        if (!state_->takes_methods(device)) {
            return false;
        }
        link = state_->entries.find(device)->second.link;
    }
    link->invoke(request);
    return true;
}

void Live::cut(const DeviceId& device, const std::string& reason) {
    std::shared_ptr<DeviceLink> link;
    {
        const std::lock_guard lock(state_->mutex);
        ++state_->cuts_of(device); // also for whoever is about to attach
        const auto at = state_->entries.find(device);
        if (at == state_->entries.end() || !at->second.link) {
            return;
        }
        link = state_->end(at->second);
        --state_->connected;
    }
    link->close(reason);
}

void Live::forget(const DeviceId& device) {
    const std::lock_guard lock(state_->mutex);
    const auto at = state_->entries.find(device);
    if (at != state_->entries.end() && !at->second.link) {
        state_->entries.erase(at);
    }
}

std::uint64_t Live::when_takes_methods(const DeviceId& device, std::function<void()> ready) {
    {
        const std::lock_guard lock(state_->mutex);
        if (!state_->takes_methods(device)) {
            const std::uint64_t wait = ++state_->last_wait;
            state_->waits[device].emplace(wait, std::move(ready));
            return wait;
        }
    }
    ready();
    return 0;
}

void Live::stop_waiting(const DeviceId& device, std::uint64_t wait) {
    const std::lock_guard lock(state_->mutex);
    const auto at = state_->waits.find(device);
    if (at == state_->waits.end()) {
        return;
    }
    at->second.erase(wait);
    if (at->second.empty()) {
        state_->waits.erase(at);
    }
}

} // namespace muster::hub
