#pragma once
// Keeps every twin as the configurations of its hub say (reference: iothub B.11).
//
// It is driven by states, not by events: looking at a twin once more changes nothing, so that a
// look too many is harmless and a lost one is made up for. Twins are looked at
//  * one by one, soon after they or their identity changed (changed()),
//  * all of them, in pages, after a configuration changed and every five minutes (a pass).
// A pass says in the store up to which change of the configurations it has looked at every twin;
// a process that finds less, or any configuration at all, begins with one.

#include "base/clock.h"
#include "base/gate.h"
#include "base/task.h"
#include "hub/configurations/configuration_store.h"
#include "hub/configurations/pass.h"
#include "hub/configurations/rule.h"
#include "hub/service.h"
#include "hub/twin_queries.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace muster::hub {

/// What the engine does in its hub. Thread safe.
struct ConfigurationActions {
    /// Up to so many devices or modules after `after`, which each answer gives for the next.
    std::function<Result<IdentityPage>(query::Source, const std::string& after,
                                       std::size_t count_max)>
        list;
    std::function<Result<TwinView>(const IdentityId&)> view;
    std::function<Result<std::vector<IdentityId>>(const DeviceId&)> modules_of;

    /// Decided on the twin that is replaced, with nobody else changing it.
    using Decide = std::function<Reconfigured(const TwinView&, WallTime)>;
    std::function<Result<void>(const IdentityId&, const Decide&)> reconfigure;
};

struct EngineBounds {
    std::size_t twins_per_step = 100;
    std::size_t changed_max = 10'000; // twins to look at; beyond it a pass looks at all
    std::chrono::milliseconds tick{5000};
    std::chrono::seconds pass_interval{300};
    std::chrono::seconds retry_interval{30}; // after a pass that could not do everything
};

struct EnginePorts {
    HubName hub;
    ConfigurationStore& store;
    ConfigurationActions actions;
    Executor& workers;
    Scheduler& timers;
    const Clock& clock;
    TwinLimits limits;
    EngineBounds bounds;
};

/// Thread safe. Callbacks hold it weakly; what it refers to is used inside its gate only.
class ConfigurationEngine : public std::enable_shared_from_this<ConfigurationEngine> {
  public:
    explicit ConfigurationEngine(EnginePorts ports) : ports_(std::move(ports)) {}

    void start();
    void stop();

    /// A twin or its identity has changed. Costs next to nothing while there are no configurations.
    void changed(const IdentityId& id);
    /// A configuration was stored or erased: all twins are looked at, soon.
    void configurations_changed();

  private:
    using Set = std::vector<ActiveConfiguration>;
    using SetPtr = std::shared_ptr<const Set>;

    void set_timer();
    void tick();
    bool submit(void (ConfigurationEngine::*work)());

    Result<void> load();
    [[nodiscard]] SetPtr set() const;

    void step_pass();
    [[nodiscard]] bool begin_pass();
    void submit_page();
    void next_page();
    void end_pass();

    void look_soon();
    void look_at_changed();
    std::vector<IdentityId> take_changed();

    /// Error: it could not be looked at, or not be brought in order, now.
    Result<void> look_at(const IdentityId& id, Pass* pass);
    Result<void> look_at_modules(const DeviceId& id);

    const EnginePorts ports_;
    Gate gate_;
    std::atomic<bool> started_{false};
    std::atomic<bool> idle_{true}; // no configurations, and nothing left of former ones

    std::atomic<bool> page_stalled_{false}; // the workers would not take the next page

    mutable std::mutex mutex_;
    SetPtr set_ = std::make_shared<const Set>();
    std::set<IdentityId> changed_;
    bool looking_ = false; // at what has changed, or about to
    bool passing_ = false;
    bool pass_wanted_ = true;
    WallTime next_pass_;

    Pass pass_; // of whoever set passing_
};

} // namespace muster::hub
