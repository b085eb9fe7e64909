#include "hub/configurations/engine.h"

#include "base/log.h"
#include "hub/configurations/wishes.h"
#include "hub/documents.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

void ConfigurationEngine::start() {
    if (!started_.exchange(true)) {
        idle_ = false; // until a pass says otherwise
        (void)submit(&ConfigurationEngine::step_pass);
        set_timer();
    }
}

void ConfigurationEngine::stop() {
    gate_.close();
}

void ConfigurationEngine::set_timer() {
    (void)ports_.timers.after(ports_.bounds.tick, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->tick();
        }
    });
}

void ConfigurationEngine::tick() {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    if (!idle_) {
        (void)submit(&ConfigurationEngine::step_pass);
        look_soon();
        if (page_stalled_.exchange(false)) {
            submit_page();
        }
    }
    set_timer();
}

/// False under overload: the next tick comes back to it.
bool ConfigurationEngine::submit(void (ConfigurationEngine::*work)()) {
    return ports_.workers.submit([weak = weak_from_this(), work] {
        const auto self = weak.lock();
        if (!self) {
            return;
        }
        if (const Gate::Pass pass(self->gate_); pass) {
            ((*self).*work)();
        }
    });
}

void ConfigurationEngine::submit_page() {
    page_stalled_ = !submit(&ConfigurationEngine::next_page);
}

ConfigurationEngine::SetPtr ConfigurationEngine::set() const {
    const std::scoped_lock lock(mutex_);
    return set_;
}

Result<void> ConfigurationEngine::load() {
    const auto stored = ports_.store.all(ports_.hub);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    auto active = active_configurations(*stored, ports_.limits);
    if (!active) {
        log::error("a stored configuration cannot be used",
                   {{"hub", ports_.hub.text()}, {"detail", active.error().detail}});
        return std::unexpected(std::move(active.error()));
    }
    const std::scoped_lock lock(mutex_);
    set_ = std::make_shared<const Set>(std::move(*active));
    return {};
}

void ConfigurationEngine::configurations_changed() {
    if (!started_) {
        return;
    }
    {
        const std::scoped_lock lock(mutex_);
        pass_wanted_ = true;
        idle_ = false;
    }
    (void)submit(&ConfigurationEngine::step_pass);
}

// ---- what has changed ----

void ConfigurationEngine::changed(const IdentityId& id) {
    if (idle_) {
        return;
    }
    {
        const std::scoped_lock lock(mutex_);
        if (changed_.size() >= ports_.bounds.changed_max) {
            pass_wanted_ = true; // looks at this one too
            return;
        }
        changed_.insert(id);
    }
    look_soon();
}

/// One task at a time is on its way for all that has changed.
void ConfigurationEngine::look_soon() {
    {
        const std::scoped_lock lock(mutex_);
        if (looking_ || changed_.empty()) {
            return;
        }
        looking_ = true;
    }
    if (!submit(&ConfigurationEngine::look_at_changed)) {
        const std::scoped_lock lock(mutex_);
        looking_ = false;
    }
}

std::vector<IdentityId> ConfigurationEngine::take_changed() {
    const std::scoped_lock lock(mutex_);
    std::vector<IdentityId> taken;
    while (!changed_.empty() && taken.size() < ports_.bounds.twins_per_step) {
        taken.push_back(std::move(changed_.extract(changed_.begin()).value()));
    }
    return taken;
}

void ConfigurationEngine::look_at_changed() {
    for (const IdentityId& id : take_changed()) {
        auto looked = look_at(id, nullptr);
        if (looked && !id.is_module() && reach_into_devices(*set())) {
            looked = look_at_modules(id.device);
        }
        if (!looked) {
            const std::scoped_lock lock(mutex_);
            next_pass_ = std::min(next_pass_, ports_.clock.wall() + ports_.bounds.retry_interval);
        }
    }
    {
        const std::scoped_lock lock(mutex_);
        looking_ = false;
    }
    look_soon();
}

Result<void> ConfigurationEngine::look_at_modules(const DeviceId& id) {
    const auto modules = ports_.actions.modules_of(id);
    if (!modules) {
        return std::unexpected(modules.error());
    }
    for (const IdentityId& module : *modules) {
        if (auto looked = look_at(module, nullptr); !looked) {
            return looked;
        }
    }
    return {};
}

// ---- one twin ----

namespace {

/// What a deleted identity had is gone with it.
Result<void> unless_gone(const Error& error) {
    return error.code == Code::not_found ? Result<void>() : std::unexpected(error);
}

Result<Surroundings> surroundings_of(const ConfigurationActions& actions, const IdentityId& id,
                                     const TwinView& view) {
    Surroundings surroundings;
    if (id.is_module()) {
        const auto owner = actions.view(id.device);
        if (!owner) {
            return std::unexpected(owner.error());
        }
        if (owner->device.iot_edge) {
            surroundings.edge_device = to_document(*owner);
        }
    } else if (view.device.iot_edge) {
        const auto modules = actions.modules_of(id.device);
        if (!modules) {
            return std::unexpected(modules.error());
        }
        for (const IdentityId& module : *modules) {
            surroundings.modules.insert(module.module.text());
        }
    }
    return surroundings;
}

} // namespace

Result<void> ConfigurationEngine::look_at(const IdentityId& id, Pass* pass) {
    auto view = ports_.actions.view(id);
    if (!view) {
        return unless_gone(view.error());
    }
    auto around = reach_into_devices(*set()) ? surroundings_of(ports_.actions, id, *view)
                                             : Result<Surroundings>(Surroundings());
    if (!around) {
        return unless_gone(around.error());
    }
    // The set is fetched where the twin cannot change: what an outdated one decides is stored
    // before the pass of the newer one comes to this twin.
    const auto decide = [&](const TwinView& current, WallTime now) {
        const SetPtr configurations = set();
        return reconfigure(current.twin, wishes_for(*configurations, id, current, *around), now,
                           ports_.limits);
    };
    Reconfigured next = decide(*view, ports_.clock.wall());
    if (next.twin.version != view->twin.version) {
        const auto done =
            ports_.actions.reconfigure(id, [&](const TwinView& current, WallTime now) {
                next = decide(current, now);
                return next;
            });
        if (!done) {
            return unless_gone(done.error());
        }
        if (next.error) {
            log::info("a configuration cannot be applied",
                      {{"identity", id.text()}, {"detail", next.error->detail}});
        }
    }
    if (pass != nullptr) {
        view->twin = std::move(next.twin);
        pass->count(*set(), id.is_module() ? query::Source::modules : query::Source::devices,
                    view->twin.configured, to_document(*view));
    }
    return {};
}

// ---- passes ----

/// Begins a pass if one is due, or goes on with the one that is under way.
void ConfigurationEngine::step_pass() {
    {
        const std::scoped_lock lock(mutex_);
        const bool is_due = pass_wanted_ || ports_.clock.wall() >= next_pass_;
        if (passing_ || !is_due) {
            return;
        }
        passing_ = true;
        pass_wanted_ = false;
    }
    if (begin_pass()) {
        submit_page();
    } else {
        const std::scoped_lock lock(mutex_);
        passing_ = false;
    }
}

/// False if there is nothing to look for, or not now.
bool ConfigurationEngine::begin_pass() {
    // The revisions first: what changes in between counts as not looked at.
    const auto revisions = ports_.store.revisions(ports_.hub);
    const bool loaded = revisions && load();
    const WallTime now = ports_.clock.wall();
    const std::scoped_lock lock(mutex_);
    next_pass_ = now + (loaded ? ports_.bounds.pass_interval : ports_.bounds.retry_interval);
    if (!loaded) {
        return false;
    }
    if (set_->empty() && revisions->applied >= revisions->changed) {
        idle_ = !pass_wanted_;
        changed_.clear();
        return false;
    }
    idle_ = false;
    pass_ = Pass(revisions->changed, *set_);
    return true;
}

void ConfigurationEngine::next_page() {
    const auto page = ports_.actions.list(pass_.source, pass_.after, ports_.bounds.twins_per_step);
    if (!page) {
        pass_.failed = true;
        return end_pass();
    }
    for (const IdentityId& id : page->ids) {
        pass_.failed = !look_at(id, &pass_) || pass_.failed;
    }
    pass_.after = page->after;
    if (!page->is_last) {
        return submit_page();
    }
    if (pass_.source == query::Source::modules) {
        return end_pass();
    }
    pass_.source = query::Source::modules;
    pass_.after.clear();
    submit_page();
}

void ConfigurationEngine::end_pass() {
    if (!pass_.failed) {
        pass_.failed = !ports_.store.set_applied(ports_.hub, pass_.revision);
        for (const auto& [id, metrics] : pass_.metrics()) {
            (void)ports_.store.save_metrics(ports_.hub, ConfigurationId(id), metrics);
        }
    }
    {
        const std::scoped_lock lock(mutex_);
        passing_ = false;
        if (pass_.failed) {
            next_pass_ = ports_.clock.wall() + ports_.bounds.retry_interval;
        }
    }
    (void)submit(&ConfigurationEngine::step_pass); // something may have changed meanwhile
}

} // namespace muster::hub
