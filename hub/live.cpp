#include "hub/live.h"

#include <array>
#include <atomic>
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
constexpr std::size_t shards_count = 64;

// Cuts are counted for groups of devices, so that the count of a device that is not connected takes
// no memory. A cut in the same group at the wrong moment costs another device one reconnect. A
// device and its modules are in one group, because what ends the right of the device ends theirs.
constexpr std::size_t cut_groups = 4096 / shards_count;

/// A part of the devices, each with its modules: they share nothing with the others, so that many
/// threads can work at once.
struct Shard {
    void tell(const IdentityId& who, bool is_connected) const {
        if (watcher != nullptr) {
            (*watcher)(who, is_connected);
        }
    }

    std::uint64_t& cuts_of(const IdentityId& who) {
        return cuts.at(std::hash<DeviceId>{}(who.device) / shards_count % cut_groups);
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

    std::shared_ptr<DeviceLink> end(const IdentityId& who, Entry& entry, WallTime now) {
        tell(who, false);
        count(who, -1);
        entry.connection_updated = now;
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
    std::shared_ptr<DeviceLink> cut(const IdentityId& who, WallTime now);
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

    const Live::Watcher* watcher = nullptr;
    mutable std::mutex mutex; // never held while a link or a callback is called
    std::unordered_map<IdentityId, Entry> entries;
    std::unordered_map<DeviceId, std::set<ModuleId>> modules; // that have entries
    std::unordered_map<IdentityId, std::map<std::uint64_t, std::function<void()>>> waits;
    std::unordered_set<IdentityId> changed;
    std::array<std::uint64_t, cut_groups> cuts{};
    std::size_t connected = 0;
    std::size_t connected_modules = 0;
};

} // namespace

struct Live::State {
    State(const Clock& time, Watcher watch) : clock(time), watcher(std::move(watch)) {
        for (Shard& shard : shards) {
            shard.watcher = watcher ? &watcher : nullptr;
        }
    }

    Shard& of(const IdentityId& who) {
        return shards.at(std::hash<DeviceId>{}(who.device) % shards_count);
    }

    const Clock& clock;
    const Watcher watcher;
    std::array<Shard, shards_count> shards;
    std::atomic<LinkId> last_link = 0;
    std::atomic<std::uint64_t> last_wait = 0;
    std::atomic<std::size_t> first_taken = 0;
};

Live::Live(const Clock& clock, Watcher watcher)
    : state_(std::make_unique<State>(clock, std::move(watcher))) {}

Live::~Live() = default;

Live::Admission Live::admission(const IdentityId& who) const {
    Shard& shard = state_->of(who);
    const std::lock_guard lock(shard.mutex);
    return shard.cuts_of(who);
}

LinkId Live::attach(const IdentityId& who, std::shared_ptr<DeviceLink> link) {
    return attach(who, std::move(link), admission(who));
}

LinkId Live::attach(const IdentityId& who, std::shared_ptr<DeviceLink> link, Admission admission) {
    std::shared_ptr<DeviceLink> displaced;
    LinkId id = 0;
    {
        Shard& shard = state_->of(who);
        const std::lock_guard lock(shard.mutex);
        if (admission == shard.cuts_of(who)) {
            Entry& entry = shard.entry_of(who);
            displaced = std::exchange(entry.link, std::move(link));
            if (!displaced) {
                shard.count(who, 1);
                shard.tell(who, true);
            }
            id = entry.id = ++state_->last_link;
            entry.takes_methods = false;
            entry.takes_desired = false;
            entry.takes_messages = false;
            entry.connection_updated = entry.last_activity = state_->clock.wall();
            shard.note(who, entry);
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
    Shard& shard = state_->of(who);
    const std::lock_guard lock(shard.mutex);
    if (Entry* entry = shard.find(who, link)) {
        shard.end(who, *entry, state_->clock.wall());
    }
}

void Live::set_takes_methods(const IdentityId& who, LinkId link, bool takes_methods) {
    std::vector<std::function<void()>> ready;
    {
        Shard& shard = state_->of(who);
        const std::lock_guard lock(shard.mutex);
        Entry* entry = shard.find(who, link);
        if (entry == nullptr) {
            return;
        }
        entry->takes_methods = takes_methods;
        if (takes_methods) {
            ready = shard.take_waits(who);
        }
    }
    for (const auto& callback : ready) {
        callback();
    }
}

void Live::set_takes_desired(const IdentityId& who, LinkId link, bool takes_desired) {
    Shard& shard = state_->of(who);
    const std::lock_guard lock(shard.mutex);
    if (Entry* entry = shard.find(who, link)) {
        entry->takes_desired = takes_desired;
    }
}

void Live::set_takes_messages(const IdentityId& who, LinkId link, bool takes_messages) {
    Shard& shard = state_->of(who);
    const std::lock_guard lock(shard.mutex);
    if (Entry* entry = shard.find(who, link)) {
        entry->takes_messages = takes_messages;
    }
}

bool Live::is_attached(const IdentityId& who, LinkId link) const {
    Shard& shard = state_->of(who);
    const std::lock_guard lock(shard.mutex);
    return shard.find(who, link) != nullptr;
}

Live::Presence Live::presence(const IdentityId& who) const {
    Shard& shard = state_->of(who);
    const std::lock_guard lock(shard.mutex);
    const auto at = shard.entries.find(who);
    if (at == shard.entries.end()) {
        return {};
    }
    const Entry& entry = at->second;
    return {.connected = entry.link != nullptr,
            .connection_updated = entry.connection_updated,
            .last_activity = entry.last_activity};
}

void Live::touch(const IdentityId& who, LinkId link) {
    Shard& shard = state_->of(who);
    const std::lock_guard lock(shard.mutex);
    if (Entry* entry = shard.find(who, link)) {
        entry->last_activity = state_->clock.wall();
        if (entry->last_activity - entry->noted_activity >= activity_granularity) {
            shard.note(who, *entry);
        }
    }
}

std::vector<IdentityId> Live::take_changed(std::size_t count_max) {
    std::vector<IdentityId> taken;
    // Each time from another one on, so that none waits behind the others for ever.
    const std::size_t first = state_->first_taken++;
    for (std::size_t i = 0; i < shards_count && taken.size() < count_max; ++i) {
        Shard& shard = state_->shards.at((first + i) % shards_count);
        const std::lock_guard lock(shard.mutex);
        for (auto at = shard.changed.begin(); at != shard.changed.end() && taken.size() < count_max;
             at = shard.changed.erase(at)) {
            taken.push_back(*at);
        }
    }
    return taken;
}

void Live::put_back_changed(std::span<const IdentityId> who) {
    for (const IdentityId& one : who) {
        Shard& shard = state_->of(one);
        const std::lock_guard lock(shard.mutex);
        shard.changed.insert(one);
    }
}

std::size_t Live::connected_count() const {
    std::size_t count = 0;
    for (const Shard& shard : state_->shards) {
        const std::lock_guard lock(shard.mutex);
        count += shard.connected;
    }
    return count;
}

std::size_t Live::connected_device_count() const {
    std::size_t count = 0;
    for (const Shard& shard : state_->shards) {
        const std::lock_guard lock(shard.mutex);
        count += shard.connected - shard.connected_modules;
    }
    return count;
}

bool Live::send_desired(const IdentityId& who, const JsonObject& notification,
                        std::int64_t version) {
    std::shared_ptr<DeviceLink> link;
    {
        Shard& shard = state_->of(who);
        const std::lock_guard lock(shard.mutex);
        const auto at = shard.entries.find(who);
        if (at == shard.entries.end() || !at->second.takes_desired) {
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
        Shard& shard = state_->of(who);
        const std::lock_guard lock(shard.mutex);
        if (!shard.takes_methods(who)) {
            return false;
        }
        link = shard.entries.find(who)->second.link;
    }
    link->invoke(request);
    return true;
}

bool Live::tell_messages_waiting(const IdentityId& who) {
    std::shared_ptr<DeviceLink> link;
    {
        Shard& shard = state_->of(who);
        const std::lock_guard lock(shard.mutex);
        const auto at = shard.entries.find(who);
        if (at == shard.entries.end() || !at->second.takes_messages) {
            return false;
        }
        link = at->second.link;
    }
    link->messages_waiting();
    return true;
}

std::shared_ptr<DeviceLink> Shard::cut(const IdentityId& who, WallTime now) {
    const auto at = entries.find(who);
    return at == entries.end() || !at->second.link ? nullptr : end(who, at->second, now);
}

void Live::cut(const IdentityId& who, const std::string& reason) {
    std::shared_ptr<DeviceLink> link;
    {
        Shard& shard = state_->of(who);
        const std::lock_guard lock(shard.mutex);
        ++shard.cuts_of(who); // also for whoever is about to attach
        link = shard.cut(who, state_->clock.wall());
    }
    if (link) {
        link->cut_off(reason);
    }
}

void Live::cut_with_modules(const DeviceId& device, const std::string& reason) {
    std::vector<std::shared_ptr<DeviceLink>> links;
    {
        Shard& shard = state_->of(device);
        const std::lock_guard lock(shard.mutex);
        ++shard.cuts_of(device);
        for (const IdentityId& who : shard.family_of(device)) {
            if (auto link = shard.cut(who, state_->clock.wall())) {
                links.push_back(std::move(link));
            }
        }
    }
    for (const auto& link : links) {
        link->cut_off(reason);
    }
}

void Shard::forget(const IdentityId& who) {
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
    Shard& shard = state_->of(who);
    const std::lock_guard lock(shard.mutex);
    if (who.is_module()) {
        return shard.forget(who);
    }
    for (const IdentityId& one : shard.family_of(who.device)) {
        shard.forget(one);
    }
}

std::uint64_t Live::when_takes_methods(const IdentityId& who, std::function<void()> ready) {
    {
        Shard& shard = state_->of(who);
        const std::lock_guard lock(shard.mutex);
        if (!shard.takes_methods(who)) {
            const std::uint64_t wait = ++state_->last_wait;
            shard.waits[who].emplace(wait, std::move(ready));
            return wait;
        }
    }
    ready();
    return 0;
}

void Live::stop_waiting(const IdentityId& who, std::uint64_t wait) {
    Shard& shard = state_->of(who);
    const std::lock_guard lock(shard.mutex);
    const auto at = shard.waits.find(who);
    if (at == shard.waits.end()) {
        return;
    }
    at->second.erase(wait);
    if (at->second.empty()) {
        shard.waits.erase(at);
    }
}

} // namespace muster::hub
