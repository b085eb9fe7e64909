#include "provisioning/instances/registry.h"

#include "base/check.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "provisioning/instances/settings.h"
#include "provisioning/retries.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr std::size_t scope_random_bytes = 4;

bool is_active(const Instance& instance) {
    return instance.state == InstanceState::active;
}

} // namespace

// ---- reading ----

std::vector<InstancePtr> Instances::Registry::all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<InstancePtr> instances;
    for (const auto& [name, current] : entries_) {
        instances.push_back(current->get());
    }
    return instances;
}

std::shared_ptr<CurrentInstance> Instances::Registry::entry(std::string_view name) const {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(to_lower(name));
    return found == entries_.end() ? nullptr : found->second;
}

InstancePtr Instances::Registry::find(std::string_view name) const {
    const auto found = entry(name);
    return found ? found->get() : nullptr;
}

bool Instances::Registry::knows_scope(const IdScope& scope) const {
    const std::scoped_lock lock(mutex_);
    return scopes_seen_.contains(scope.text());
}

IdScope Instances::Registry::new_scope() const {
    IdScope scope;
    do {
        scope = IdScope("0ne" + hex_encode_upper(ports_.random.bytes(scope_random_bytes)));
    } while (knows_scope(scope));
    return scope;
}

Result<void> Instances::Registry::check_hosts(const Instance& instance) const {
    std::set<std::string> taken(ports_.other_hosts.begin(), ports_.other_hosts.end());
    for (const InstancePtr& other : all()) {
        if (other->scope != instance.scope) {
            taken.insert(other->host_names.begin(), other->host_names.end());
        }
    }
    for (const std::string& host : instance.host_names) {
        if (taken.contains(host)) {
            return fail(Code::already_exists, "the host " + host + " is taken");
        }
    }
    return {};
}

// ---- changing ----

Result<void> Instances::Registry::load(InstanceObserver& observer) {
    const std::scoped_lock changing(changing_);
    CHECK(observer_ == nullptr);
    observer_ = &observer;
    return refresh();
}

Result<InstancePtr> Instances::Registry::change(std::string_view name, const Decide& decide) {
    const std::scoped_lock changing(changing_);
    using Refusable = Result<InstancePtr>; // a decision's own conflict is not to be repeated
    auto outcome = retry_on_conflict<Refusable>([&]() -> Result<Refusable> {
        const InstancePtr current = find(name);
        if (current && !is_active(*current)) {
            return Refusable(fail(Code::conflict, "the instance " + current->name +
                                                      " is being deleted; its name is free "
                                                      "again when that has ended"));
        }
        const auto proposal = decide(current.get());
        if (!proposal) {
            return Refusable(std::unexpected(proposal.error()));
        }
        if (!proposal->next) {
            return Refusable(current);
        }
        Refusable committed = commit(current.get(), *proposal);
        if (!committed && committed.error().code == Code::conflict) {
            return std::unexpected(std::move(committed).error());
        }
        return committed;
    });
    return outcome ? *std::move(outcome) : std::unexpected(std::move(outcome).error());
}

Result<InstancePtr> Instances::Registry::commit(const Instance* current, const Proposal& proposal) {
    const Instance& next = *proposal.next;
    const Expected expected{current == nullptr ? 0 : current->stamp.version};
    const auto saved = ports_.store.save(next, Write(expected).audited(proposal.change));
    if (saved) {
        publish(next);
        return find(next.name);
    }
    if (saved.error().code == Code::conflict) { // somebody else writes this store too
        if (auto refreshed = refresh(); !refreshed) {
            return std::unexpected(std::move(refreshed).error());
        }
    }
    return std::unexpected(saved.error());
}

/// Publishes what is stored wherever it differs from what is known.
Result<void> Instances::Registry::refresh() {
    const auto stored = ports_.store.all();
    if (!stored) {
        return std::unexpected(stored.error());
    }
    for (const InstancePtr& known : all()) {
        const bool is_stored = std::ranges::any_of(
            *stored, [&](const Instance& one) { return one.scope == known->scope; });
        if (!is_stored) {
            forget(known->scope);
        }
    }
    for (const Instance& instance : *stored) {
        const InstancePtr known = find(instance.name);
        if (!known || known->stamp.version != instance.stamp.version) {
            publish(with_own_host(instance, *stored, ports_.domain));
        }
    }
    return {};
}

void Instances::Registry::publish(const Instance& instance) {
    const auto known = entry(instance.name);
    if (known) {
        replace(*known, instance);
    } else {
        introduce(instance);
    }
    if (!is_active(instance)) {
        purge(instance);
    }
}

void Instances::Registry::introduce(const Instance& instance) {
    const auto current = std::make_shared<CurrentInstance>(instance);
    {
        const std::scoped_lock lock(mutex_);
        entries_[to_lower(instance.name)] = current;
        scopes_seen_.insert(instance.scope.text());
    }
    if (observer_ != nullptr && is_active(instance)) {
        observer_->serve(current);
    }
}

void Instances::Registry::replace(CurrentInstance& current, const Instance& next) {
    const InstancePtr before = current.get();
    current.set(next);
    if (observer_ == nullptr || !is_active(*before)) {
        return;
    }
    if (is_active(next)) {
        observer_->changed(*before, next);
    } else {
        observer_->withdraw(next.scope);
    }
}

/// Of an instance that is stored no more.
void Instances::Registry::forget(const IdScope& scope) {
    std::shared_ptr<CurrentInstance> gone;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = std::ranges::find_if(
            entries_, [&](const auto& entry) { return entry.second->scope() == scope; });
        if (found == entries_.end()) {
            return;
        }
        gone = found->second;
        entries_.erase(found);
        purges_.erase(scope.text());
    }
    if (observer_ != nullptr && is_active(*gone->get())) {
        observer_->withdraw(scope);
    }
}

void Instances::Registry::purge(const Instance& instance) {
    log::info("purging a deleted instance",
              {{"instance", instance.name}, {"scope", instance.scope.text()}});
    auto ended = [weak = weak_from_this(), scope = instance.scope] {
        if (const auto self = weak.lock()) {
            const std::scoped_lock changing(self->changing_);
            self->forget(scope);
        }
    };
    const auto purge = std::make_shared<Purge>(
        Purge::Ports{ports_.store, ports_.workers, ports_.timers, ports_.clock},
        std::make_shared<const Instance>(instance), std::move(ended));
    {
        const std::scoped_lock lock(mutex_);
        purges_[instance.scope.text()] = purge;
    }
    purge->start();
}

} // namespace muster::provisioning
