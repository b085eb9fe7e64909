#include "tests/simulation/provisioning_site.h"

#include "tests/simulation/function_web.h"
#include "tests/simulation/port_steps.h"
#include "tests/simulation/stepped_stores.h"

#include <fmt/format.h>

namespace muster::simulation {

namespace {

/// The use cases of the one instance, as long as it is served.
struct Served {
    Served(std::shared_ptr<provisioning::CurrentInstance> of, PortSteps& steps,
           ProvisioningSite::World& world)
        : instance(std::move(of)), hubs(steps, world.hubs, world.rules, *instance, world.company) {}

    std::shared_ptr<provisioning::CurrentInstance> instance;
    HubPort hubs;
    std::unique_ptr<provisioning::Enrollments> enrollments;
    std::unique_ptr<provisioning::DeviceRegistration> registration;
    std::unique_ptr<provisioning::Moves> moves;
    std::unique_ptr<provisioning::Fleets> fleets;
};

/// Before there is an instance, for the control plane.
class Links final : public provisioning::HubLinks {
  public:
    Result<HubName> check_link(const Secret& connection_string) override {
        constexpr std::string_view start = "HostName=";
        const std::string_view text = connection_string.reveal();
        return HubName(text.substr(start.size(), text.find(';') - start.size()));
    }
};

} // namespace

/// From a start to a crash.
struct ProvisioningSite::Life final : provisioning::InstanceObserver {
    Life(ProvisioningSite& site, std::uint64_t seed)
        : world(site.world_), process(std::make_shared<Process>(world.stage.engine, site.name_)),
          steps(world.stage, process, [&site] { site.crash(); }),
          clock(world.stage.engine,
                world.stage.dice.between(std::chrono::seconds(-2), std::chrono::seconds(2))),
          random(seed), workers(world.stage, process), timers(world.stage, process),
          enrollments(world.stores.enrollments(), steps, world.rules),
          registrations(world.stores.registrations(), steps, world.rules),
          instance_store(world.stores.instances(), steps, world.rules),
          operations(world.stores.fleet_operations(), steps), web(steps, world.rules),
          functions(web, clock), instances({.store = instance_store,
                                            .hubs = links,
                                            .workers = workers,
                                            .timers = timers,
                                            .clock = clock,
                                            .random = random,
                                            .domain = "example.net",
                                            .other_hosts = {}}) {}

    // of InstanceObserver
    void serve(std::shared_ptr<provisioning::CurrentInstance> instance) override;

    void changed(const provisioning::Instance&, const provisioning::Instance& after) override {
        world.changed(after);
    }

    void withdraw(const IdScope&) override {}

    void build(Served& next);

    World& world;
    std::shared_ptr<Process> process;
    PortSteps steps;
    StageClock clock;
    DiceRandom random;
    StageWorkers workers;
    StageTimers timers;
    SteppedEnrollments enrollments;
    SteppedRegistrations registrations;
    SteppedInstances instance_store;
    SteppedFleetOperations operations;
    FunctionWeb web;
    provisioning::FunctionCaller functions;
    provisioning::Nowhere whereabouts;
    Links links;
    provisioning::Instances instances;
    std::unique_ptr<Served> served;
    bool ready = false;
};

void ProvisioningSite::Life::serve(std::shared_ptr<provisioning::CurrentInstance> instance) {
    served = std::make_unique<Served>(std::move(instance), steps, world);
    build(*served);
}

void ProvisioningSite::Life::build(Served& next) {
    provisioning::CurrentInstance& instance = *next.instance;
    next.enrollments = std::make_unique<provisioning::Enrollments>(instance, enrollments,
                                                                   registrations, clock, random);
    next.registration = std::make_unique<provisioning::DeviceRegistration>(
        provisioning::DeviceRegistration::Ports{.instance = instance,
                                                .enrollments = enrollments,
                                                .registrations = registrations,
                                                .hubs = next.hubs,
                                                .whereabouts = whereabouts,
                                                .functions = functions,
                                                .workers = workers,
                                                .callers = workers,
                                                .timers = timers,
                                                .clock = clock,
                                                .random = random});
    provisioning::PlanRunner& runner = next.registration->runner();
    next.moves = std::make_unique<provisioning::Moves>(
        provisioning::Moves::Ports{.instance = instance,
                                   .registrations = registrations,
                                   .runner = runner,
                                   .clock = clock,
                                   .random = random});
    next.fleets = std::make_unique<provisioning::Fleets>(
        provisioning::Fleets::Ports{.instance = instance,
                                    .instances = instances,
                                    .operations = operations,
                                    .enrollments = enrollments,
                                    .registrations = registrations,
                                    .hubs = next.hubs,
                                    .applicants = next.registration->applicants(),
                                    .allocator = next.registration->allocator(),
                                    .runner = runner,
                                    .workers = workers,
                                    .timers = timers,
                                    .clock = clock,
                                    .random = random});
}

ProvisioningSite::ProvisioningSite(World world, std::string name)
    : world_(std::move(world)), name_(std::move(name)) {}

ProvisioningSite::~ProvisioningSite() = default;

bool ProvisioningSite::is_up() const {
    return life_ != nullptr && life_->ready && !life_->process->is_dead();
}

void ProvisioningSite::start() {
    ++lives_;
    world_.stage.tell(name_, fmt::format("starts, life {}", lives_));
    life_ = std::make_shared<Life>(*this, world_.stage.dice.number());
    for (auto& [name, hub] : world_.hubs) {
        if (hub->host() == name_) {
            hub->start();
        }
    }
    // As app/ does: load, serve, take up what is unfinished, listen.
    world_.stage.engine.spawn(life_->process, [&life = *life_, this] {
        const auto loaded = life.instances.load(life);
        const bool resumed = loaded && life.served && life.served->registration->resume() &&
                             life.served->fleets->resume_all();
        if (resumed) {
            life.ready = true;
            world_.stage.tell(name_, "listens");
        } else {
            world_.stage.tell(name_, "cannot start");
            crash();
        }
    });
}

void ProvisioningSite::crash() {
    if (life_ == nullptr || life_->process->is_dead()) {
        return;
    }
    for (auto& [name, hub] : world_.hubs) {
        if (hub->host() == name_) {
            hub->crash();
        }
    }
    life_->process->crash([this] {
        life_.reset();
        if (comes_back_) {
            world_.stage.engine.at(
                world_.stage.dice.between(std::chrono::milliseconds(100), std::chrono::seconds(40)),
                [this] { start(); });
        }
    });
}

void ProvisioningSite::stall(Duration time) {
    if (life_ != nullptr) {
        life_->process->stall_until(world_.stage.engine.now() + time);
    }
}

void ProvisioningSite::hear(const provisioning::Instance& instance) {
    if (is_up() && life_->served->instance->get()->stamp.version < instance.stamp.version) {
        life_->served->instance->set(instance);
    }
}

bool ProvisioningSite::call(Request request) {
    if (!is_up()) {
        return false;
    }
    world_.stage.engine.spawn(life_->process, [&life = *life_, asked = std::move(request)] {
        Services services{.instance = *life.served->instance,
                          .instances = life.instances,
                          .enrollments = *life.served->enrollments,
                          .registration = *life.served->registration,
                          .moves = *life.served->moves,
                          .fleets = *life.served->fleets,
                          .registrations = life.registrations};
        asked(services);
    });
    return true;
}

} // namespace muster::simulation
