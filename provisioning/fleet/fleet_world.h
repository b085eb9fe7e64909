#pragma once
// A provisioning service with fleets, over fakes, in virtual time. For tests.

#include "provisioning/fake_instances.h"
#include "provisioning/fleet/fake_operations.h"
#include "provisioning/fleet/fleets.h"
#include "provisioning/test_world.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace muster::provisioning {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

inline const HubName hub_1{"hub-1"};
inline const HubName hub_2{"hub-2"};
inline const HubName hub_3{"hub-3"};
inline const Principal fleet_operator{"token:operator"};
inline const Principal configuration{"configuration"}; // whose hubs need no connection string

/// `world.fleets` is the process at hand; restart() loses it.
class FleetWorld : public World, private InstanceObserver {
  public:
    FleetWorld() {
        EXPECT_TRUE(instances.load(*this));
        InstanceSettings wanted{.name = "fleet", .tenant = "acme"};
        wanted.scope = test_scope;
        wanted.hubs = {{.name = hub_1}, {.name = hub_2}, {.name = hub_3}};
        const auto made = instances.put(wanted, {}, configuration);
        EXPECT_TRUE(made) << made.error().detail << made.error().cause;
        put(group("g", SymmetricKeyAttestation{test_keys}));
        start();
    }

    ~FleetWorld() override { fleets.reset(); }

    void start() {
        fleets = make_fleets(*registration);
        ASSERT_TRUE(registration->resume());
        ASSERT_TRUE(fleets->resume_all());
    }

    /// The process dies and comes back; stores, hubs and the time stay.
    void restart_process() {
        fleets.reset();
        restart();
        start();
    }

    std::unique_ptr<Fleets> make_fleets(DeviceRegistration& of) {
        return std::make_unique<Fleets>(Fleets::Ports{.instance = instance,
                                                      .instances = instances,
                                                      .operations = operations,
                                                      .enrollments = store,
                                                      .registrations = store,
                                                      .hubs = hubs,
                                                      .applicants = of.applicants(),
                                                      .allocator = of.allocator(),
                                                      .runner = of.runner(),
                                                      .workers = workers,
                                                      .timers = timers,
                                                      .clock = clock,
                                                      .random = random});
    }

    // ---- devices ----

    static std::string id_of(int number) { return fmt::format("dev-{:05}", number); }

    /// Members of the group that are at the hub already, with a twin each.
    void populate(int count, const HubName& hub = hub_1) {
        for (int number = 0; number < count; ++number) {
            place(id_of(number), hub);
        }
    }

    void place(const std::string& id, const HubName& hub) {
        RegistrationRecord record{
            .id = RegistrationId(id),
            .status = RegistrationStatus::assigned,
            .assignment = Assignment{.hub = hub, .device_id = DeviceId(id), .since = clock.wall()},
            .decided_by = DecidedByGroup{EnrollmentGroupId("g")},
            .operation = OperationId("5.0." + id)};
        record.stamp = first_stamp(new_mark(clock, random));
        ASSERT_TRUE(registrations().save(test_scope, record, Expected{0}));
        const HubTwin twin{.tags = {{"of", id}}};
        hubs.put(hub, {.id = DeviceId(id), .credential = HubKeys{test_keys}}, twin);
    }

    RegistrationStore& registrations() { return store; }

    /// The one hub where it is enabled, with its own twin. Empty, if that is not so.
    std::string hub_of(const std::string& id) {
        const auto serving = hubs.hubs_serving(DeviceId(id));
        if (serving.size() != 1 || hubs.hubs_with(DeviceId(id)).size() != 1) {
            return {};
        }
        const auto twin = hubs.twin(serving.front(), DeviceId(id));
        return twin && twin->tags == JsonObject{{"of", id}} ? serving.front().text()
                                                            : std::string();
    }

    int count_at(const HubName& hub, int count) {
        int at = 0;
        for (int number = 0; number < count; ++number) {
            at += hub_of(id_of(number)) == hub.text() ? 1 : 0;
        }
        return at;
    }

    // ---- operations ----

    FleetOperation begin(OperationKind kind, const OperationLimits& limits = fast) {
        Fleets::Wanted wanted{.kind = kind, .hub = {}, .limits = limits};
        if (kind == OperationKind::drain) {
            wanted.hub = hub_1;
        }
        const auto begun = fleets->begin(wanted, fleet_operator);
        EXPECT_TRUE(begun) << begun.error().detail;
        return begun.value_or(FleetOperation());
    }

    Fleets::View view(const std::string& id) {
        const auto seen = fleets->get(id);
        EXPECT_TRUE(seen) << seen.error().detail;
        return seen.value_or(Fleets::View());
    }

    OperationState state(const std::string& id) { return view(id).operation.state; }

    // ---- time ----

    /// The next thing that happens, if it is due by then. False, if there is none.
    bool step(std::chrono::milliseconds until) {
        if (workers.run_one()) {
            return true;
        }
        const auto before = timers.now();
        if (!timers.run_next(until)) {
            return false;
        }
        clock.advance(timers.now() - before);
        return true;
    }

    void run_for(std::chrono::milliseconds time) {
        bool is_over = false;
        timers.after(time, [&is_over] { is_over = true; });
        while (!is_over && step(std::chrono::milliseconds::max())) {
        }
    }

    /// Until it has ended or waits for somebody; at most so long.
    OperationState run_until_quiet(const std::string& id, std::chrono::milliseconds most = 600s) {
        const auto end = timers.now() + most;
        while (is_moving(state(id)) && step(end)) {
        }
        return state(id);
    }

    static bool is_moving(OperationState state) {
        return state == OperationState::running || state == OperationState::stopping;
    }

    static constexpr OperationLimits fast{
        .per_second = 1000, .concurrency = 100, .failures_max = 1000};

    FakeInstanceStore instance_store;
    FakeOperations operations;
    Instances instances{{.store = instance_store,
                         .hubs = hubs,
                         .workers = workers,
                         .timers = timers,
                         .clock = clock,
                         .random = random,
                         .domain = "example.net",
                         .other_hosts = {}}};
    std::unique_ptr<Fleets> fleets;

  private:
    void serve(std::shared_ptr<CurrentInstance> of) override { instance.set(*of->get()); }

    void changed(const Instance& /*before*/, const Instance& after) override {
        instance.set(after);
    }

    void withdraw(const IdScope& /*scope*/) override {}
};

} // namespace muster::provisioning
