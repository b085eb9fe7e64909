#include "hub/live.h"

#include <array>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

namespace muster::hub {

namespace {

struct Entry {
    std::shared_ptr<DeviceLink> link; // null while disconnected
    LinkId id = 0;
    bool takes_methods = false;
    bool takes_desired = false;
    bool takes_messages = false;
    WallTime connection_updated;
    WallTime last_activity;
    WallTime noted_activity; // when it was last among the changed
};

// What a chatty device costs those who remember its activity.
constexpr std::chrono::seconds activity_granularity{30};

// Cuts are counted for groups of devices, so that the count of a device that is not connected takes
// no memory. A cut in the same group at the wrong moment costs another device one reconnect. A
// device and its modules are in one group, because what ends the right of the device ends theirs.
constexpr std::size_t cut_groups = 4096;

} // namespace

struct Live::State {
    State(const Clock& time, Watcher watch) : clock(time), watcher(std::move(watch)) {}

    void tell(const IdentityId& who, bool is_connected) const {
        if (watcher) {
            watcher(who, is_connected);
        }
    }

    std::uint64_t& cuts_of(const IdentityId& who) {
        return cuts[std::hash<DeviceId>{}(who.device) % cut_groups];
    }

    /// The attachment `link` of the device, null if it is not the current one.
    Entry* find(const IdentityId& who, LinkId link) {
        const auto at = entries.find(who);
        const bool current = at != entries.end() && at->second.link && at->second.id == link;
        return current ? &at->second : nullptr;
    }

    /// The entry of an identity that connects.
    Entry& entry_of(const IdentityId& who) {
        if (who.is_module()) {
            modules[who.device].insert(who.module);
        }
        return entries[who];
    }

    /// The device and those of its modules that ever connected.
    std::vector<IdentityId> family_of(const DeviceId& device) {
        std::vector<IdentityId> family{device};
        if (const auto at = modules.find(device); at != modules.end()) {
            for (const ModuleId& module : at->second) {
                family.emplace_back(device, module);
            }
        }
        return family;
    }

    void note(const IdentityId& who, Entry& entry) {
        entry.noted_activity = entry.last_activity;
        changed.insert(who);
    }

    std::shared_ptr<DeviceLink> end(const IdentityId& who, Entry& entry) {
        tell(who, false);
        count(who, -1);
        entry.connection_updated = clock.wall();
        entry.takes_methods = false;
        entry.takes_desired = false;
        entry.takes_messages = false;
        note(who, entry);
        return std::exchange(entry.link, nullptr);
    }

    void count(const IdentityId& who, int change) {
        connected += static_cast<std::size_t>(change);
        connected_modules += static_cast<std::size_t>(who.is_module() ? change : 0);
    }

    /// The link that was ended, null if there was none.
    std::shared_ptr<DeviceLink> cut(const IdentityId& who);
    void forget(const IdentityId& who);

    std::vector<std::function<void()>> take_waits(const IdentityId& who) {
        std::vector<std::function<void()>> ready;
        if (auto node = waits.extract(who)) {
            for (auto& [number, callback] : node.mapped()) {
                ready.push_back(std::move(callback));
            }
        }
        return ready;
    }

    [[nodiscard]] bool takes_methods(const IdentityId& who) const {
        const auto at = entries.find(who);
        return at != entries.end() && at->second.link && at->second.takes_methods;
    }

    const Clock& clock;
    const Watcher watcher;
    mutable std::mutex mutex; // never held while a link or a callback is called
    std::unordered_map<IdentityId, Entry> entries;
    std::unordered_map<DeviceId, std::set<ModuleId>> modules; // that have entries
    std::unordered_map<IdentityId, std::map<std::uint64_t, std::function<void()>>> waits;
    std::unordered_set<IdentityId> changed;
    std::array<std::uint64_t, cut_groups> cuts{};
    LinkId last_link = 0;
    std::uint64_t last_wait = 0;
    std::size_t connected = 0;
    std::size_t connected_modules = 0;
};

Live::Live(const Clock& clock, Watcher watcher)
    : state_(std::make_unique<State>(clock, std::move(watcher))) {}

Live::~Live() = default;

Live::Admission Live::admission(const IdentityId& who) const {
    const std::lock_guard lock(state_->mutex);
    return state_->cuts_of(who);
}

LinkId Live::attach(const IdentityId& who, std::shared_ptr<DeviceLink> link) {
    return attach(who, std::move(link), admission(who));
}

LinkId Live::attach(const IdentityId& who, std::shared_ptr<DeviceLink> link, Admission admission) {
    std::shared_ptr<DeviceLink> displaced;
    LinkId id = 0;
    {
        const std::lock_guard lock(state_->mutex);
        if (admission == state_->cuts_of(who)) {
            Entry& entry = state_->entry_of(who);
            displaced = std::exchange(entry.link, std::move(link));
            if (!displaced) {
                state_->count(who, 1);
                state_->tell(who, true);
            }
            id = entry.id = ++state_->last_link;
            entry.takes_methods = false;
            entry.takes_desired = false;
            entry.takes_messages = false;
            entry.connection_updated = entry.last_activity = state_->clock.wall();
            state_->note(who, entry);
        }
    }
    if (id == 0) {
        link->close("the identity changed while the device connected");
    } else if (displaced) {
        displaced->close("displaced by a newer connection"); // 400027 (iothub A.6)
    }
    return id;
}

void Live::detach(const IdentityId& who, LinkId link) {
    const std::lock_guard lock(state_->mutex);
    if (Entry* entry = state_->find(who, link)) {
        state_->end(who, *entry);
    }
}

void Live::set_takes_methods(const IdentityId& who, LinkId link, bool takes_methods) {
    std::vector<std::function<void()>> ready;
    {
        const std::lock_guard lock(state_->mutex);
        Entry* entry = state_->find(who, link);
        if (entry == nullptr) {
            return;
        }
        entry->takes_methods = takes_methods;
        if (takes_methods) {
            ready = state_->take_waits(who);
        }
    }
    for (const auto& callback : ready) {
        callback();
    }
}

void Live::set_takes_desired(const IdentityId& who, LinkId link, bool takes_desired) {
    const std::lock_guard lock(state_->mutex);
    if (Entry* entry = state_->find(who, link)) {
        entry->takes_desired = takes_desired;
    }
}

void Live::set_takes_messages(const IdentityId& who, LinkId link, bool takes_messages) {
    const std::lock_guard lock(state_->mutex);
    if (Entry* entry = state_->find(who, link)) {
        entry->takes_messages = takes_messages;
    }
}

bool Live::is_attached(const IdentityId& who, LinkId link) const {
    const std::lock_guard lock(state_->mutex);
    return state_->find(who, link) != nullptr;
}

Live::Presence Live::presence(const IdentityId& who) const {
    const std::lock_guard lock(state_->mutex);
    const auto at = state_->entries.find(who);
    if (at == state_->entries.end()) {
        return {};
    }
    const Entry& entry = at->second;
    return {.connected = entry.link != nullptr,
            .connection_updated = entry.connection_updated,
            .last_activity = entry.last_activity};
}

void Live::touch(const IdentityId& who, LinkId link) {
    const std::lock_guard lock(state_->mutex);
    if (Entry* entry = state_->find(who, link)) {
        entry->last_activity = state_->clock.wall();
        if (entry->last_activity - entry->noted_activity >= activity_granularity) {
            state_->note(who, *entry);
        }
    }
}

std::vector<IdentityId> Live::take_changed(std::size_t count_max) {
    const std::lock_guard lock(state_->mutex);
    std::vector<IdentityId> taken;
    for (auto at = state_->changed.begin(); at != state_->changed.end() && taken.size() < count_max;
         at = state_->changed.erase(at)) {
        taken.push_back(*at);
    }
    return taken;
}

void Live::put_back_changed(std::span<const IdentityId> who) {
    const std::lock_guard lock(state_->mutex);
    state_->changed.insert(who.begin(), who.end());
}

std::size_t Live::connected_count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->connected;
}

std::size_t Live::connected_device_count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->connected - state_->connected_modules;
}

bool Live::send_desired(const IdentityId& who, const JsonObject& notification,
                        std::int64_t version) {
    std::shared_ptr<DeviceLink> link;
    {
        const std::lock_guard lock(state_->mutex);
        const auto at = state_->entries.find(who);
        if (at == state_->entries.end() || !at->second.takes_desired) {
            return false;
        }
        link = at->second.link;
    }
    link->desired_changed(notification, version);
    return true;
}

bool Live::send_method(const IdentityId& who, const MethodRequest& request) {
    std::shared_ptr<DeviceLink> link;
    {
        const std::lock_guard lock(state_->mutex);
        if (!state_->takes_methods(who)) {
            return false;
        }
        link = state_->entries.find(who)->second.link;
    }
    link->invoke(request);
    return true;
}

bool Live::tell_messages_waiting(const IdentityId& who) {
    std::shared_ptr<DeviceLink> link;
    {
        const std::lock_guard lock(state_->mutex);
        const auto at = state_->entries.find(who);
        if (at == state_->entries.end() || !at->second.takes_messages) {
            return false;
        }
        link = at->second.link;
    }
    link->messages_waiting();
    return true;
}

std::shared_ptr<DeviceLink> Live::State::cut(const IdentityId& who) {
    const auto at = entries.find(who);
    if (at == entries.end() || !at->second.link) {
        return nullptr;
    }
    return end(who, at->second);
}

void Live::cut(const IdentityId& who, const std::string& reason) {
    std::shared_ptr<DeviceLink> link;
    {
        const std::lock_guard lock(state_->mutex);
        ++state_->cuts_of(who); // also for whoever is about to attach
        link = state_->cut(who);
    }
    if (link) {
        link->close(reason);
    }
}

void Live::cut_with_modules(const DeviceId& device, const std::string& reason) {
    std::vector<std::shared_ptr<DeviceLink>> links;
    {
        const std::lock_guard lock(state_->mutex);
        ++state_->cuts_of(device);
        for (const IdentityId& who : state_->family_of(device)) {
            if (auto link = state_->cut(who)) {
                links.push_back(std::move(link));
            }
        }
    }
    for (const auto& link : links) {
        link->close(reason);
    }
}

void Live::State::forget(const IdentityId& who) {
    const auto at = entries.find(who);
    if (at == entries.end() || at->second.link) {
        return;
    }
    entries.erase(at);
    const auto siblings = modules.find(who.device);
    if (!who.is_module() || siblings == modules.end()) {
        return;
    }
    siblings->second.erase(who.module);
    if (siblings->second.empty()) {
        modules.erase(siblings);
    }
}

void Live::forget(const IdentityId& who) {
    const std::lock_guard lock(state_->mutex);
    if (who.is_module()) {
        return state_->forget(who);
    }
    for (const IdentityId& one : state_->family_of(who.device)) {
        state_->forget(one);
    }
}

std::uint64_t Live::when_takes_methods(const IdentityId& who, std::function<void()> ready) {
    {
        const std::lock_guard lock(state_->mutex);
        if (!state_->takes_methods(who)) {
            const std::uint64_t wait = ++state_->last_wait;
            state_->waits[who].emplace(wait, std::move(ready));
            return wait;
        }
    }
    ready();
    return 0;
}

void Live::stop_waiting(const IdentityId& who, std::uint64_t wait) {
    const std::lock_guard lock(state_->mutex);
    const auto at = state_->waits.find(who);
    if (at == state_->waits.end()) {
        return;
    }
    at->second.erase(wait);
    if (at->second.empty()) {
        state_->waits.erase(at);
    }
}

} // namespace muster::hub
