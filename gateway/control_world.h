#pragma once
// For tests: a server of two tenants, each with an instance that can be managed, configured and
// registered at, through the HTTPS front; in memory, on one thread, with a clock moved by hand.

#include "base/clock.h"
#include "base/random.h"
#include "crypto/sas.h"
#include "gateway/context.h"
#include "gateway/fake_trails.h"
#include "gateway/front.h"
#include "gateway/http_client.h"
#include "gateway/sites.h"
#include "gateway/wire.h"
#include "provisioning/fake_instances.h"
#include "provisioning/fakes.h"
#include "provisioning/fleet/fake_operations.h"
#include "provisioning/scripted_web.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace muster::gateway {

class TenantsWorld final : provisioning::InstanceObserver {
  public:
    static constexpr std::string_view alpha = "alpha"; // of tenant-a, at alpha.dps.example.net
    static constexpr std::string_view beta = "beta";   // of tenant-b, at beta.dps.example.net
    static constexpr std::string_view alpha_scope = "0ne000000A1";
    static constexpr std::string_view beta_scope = "0ne000000B2";

    TenantsWorld() {
        instances.load(*this).value();
        add(alpha, "tenant-a", alpha_scope);
        add(beta, "tenant-b", beta_scope);
    }

    // ---- callers ----

    /// The value of an Authorization header.
    std::string bearer(provisioning::AdminRole role, const provisioning::AdminReach& reach = {}) {
        const provisioning::Administrator root{
            .principal = by, .role = provisioning::AdminRole::owner, .reach = {}};
        const auto issued = tokens.issue({.name = "token-" + std::to_string(++tokens_issued_),
                                          .role = role,
                                          .reach = reach,
                                          .expires = clock.wall() + std::chrono::hours(1)},
                                         root);
        return "Bearer " + std::string(issued.value().text.reveal());
    }

    static std::string host_of(std::string_view instance) {
        return std::string(instance) + ".dps.example.net";
    }

    [[nodiscard]] std::string service_token(std::string_view instance) const {
        return crypto::make_sas(host_of(instance), recorded_key,
                                clock.wall() + std::chrono::hours(1), "provisioningserviceowner");
    }

    [[nodiscard]] std::string device_token(std::string_view scope, std::string_view id) const {
        return crypto::make_sas(std::string(scope) + "/registrations/" + std::string(id),
                                recorded_key, clock.wall() + std::chrono::hours(1), "registration");
    }

    Wire https() { return {make_https_front(context), ProvisioningWorld::make_peer(), clock}; }

    Wire mqtt() { return {make_mqtt_front(context), ProvisioningWorld::make_peer(), clock}; }

    // ---- what a test may arrange and look at ----

    /// An individual enrollment of the recorded key.
    void enroll(std::string_view instance, std::string_view id) {
        const auto document = parse_json_object(
            R"({"registrationId":")" + std::string(id) +
            R"(","attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":")" +
            std::string(recorded_key_text) + R"("}}})");
        auto enrollment = provisioning::individual_from_document(document.value());
        static_cast<void>(enrollments_of(instance).put(std::move(*enrollment), {}, by).value());
    }

    provisioning::Enrollments& enrollments_of(std::string_view instance) {
        return *sites.provisioning_at(host_of(instance))->enrollments;
    }

    void change(const provisioning::InstanceSettings& wanted) {
        static_cast<void>(instances.put(wanted, {}, by).value());
    }

    /// Everything that is under way in the background is finished; sweeps go on for ever.
    void finish_background() {
        const auto end = timers.now() + std::chrono::minutes(10);
        do {
            workers.run_all();
        } while (timers.run_next(end));
    }

    static inline const provisioning::Principal by{"configuration"};

    ManualClock clock{from_unix_seconds(recorded_hour)};
    SeededRandom random{1};
    provisioning::ManualWorkers workers;
    provisioning::ManualTimers timers;
    provisioning::Faults faults;
    provisioning::FakeStore store{faults};
    provisioning::FakeHubs hubs{faults};
    provisioning::Nowhere nowhere;
    provisioning::ScriptedWeb web;
    provisioning::FunctionCaller functions{web, clock};
    provisioning::FakeOperations operations;
    provisioning::FakeInstanceStore instance_store;
    provisioning::FakeTokenStore token_store;
    FakeAudit audit;
    FakeJournal events;
    std::shared_ptr<provisioning::JournalWriter> journal =
        std::make_shared<provisioning::JournalWriter>(events, workers, timers);
    provisioning::AdminTokens tokens{token_store, clock, random};
    provisioning::Instances instances{{.store = instance_store,
                                       .hubs = hubs,
                                       .workers = workers,
                                       .timers = timers,
                                       .clock = clock,
                                       .random = random,
                                       .domain = "dps.example.net",
                                       .other_hosts = {}}};
    Sites sites;
    Control control{.instances = instances, .tokens = tokens, .audit = audit, .journal = events};
    Context context{.sites = sites,
                    .workers = workers,
                    .timers = timers,
                    .clock = clock,
                    .random = random,
                    .control = &control,
                    .journal = journal.get()};

  private:
    /// The use cases of an instance over the stores that all instances share.
    struct Served {
        Served(std::shared_ptr<provisioning::CurrentInstance> of, TenantsWorld& world)
            : instance(std::move(of)),
              enrollments(*instance, world.store, world.store, world.clock, world.random),
              registration({.instance = *instance,
                            .enrollments = world.store,
                            .registrations = world.store,
                            .hubs = world.hubs,
                            .whereabouts = world.nowhere,
                            .functions = world.functions,
                            .workers = world.workers,
                            .callers = world.workers,
                            .timers = world.timers,
                            .clock = world.clock,
                            .random = world.random,
                            .journal = world.journal.get()}),
              explaining({.instance = *instance,
                          .enrollments = world.store,
                          .registrations = world.store,
                          .allocator = registration.allocator(),
                          .clock = world.clock,
                          .random = world.random}),
              moves({.instance = *instance,
                     .registrations = world.store,
                     .runner = registration.runner(),
                     .clock = world.clock,
                     .random = world.random}),
              fleets({.instance = *instance,
                      .instances = world.instances,
                      .operations = world.operations,
                      .enrollments = world.store,
                      .registrations = world.store,
                      .hubs = world.hubs,
                      .applicants = registration.applicants(),
                      .allocator = registration.allocator(),
                      .runner = registration.runner(),
                      .workers = world.workers,
                      .timers = world.timers,
                      .clock = world.clock,
                      .random = world.random}),
              site{.instance = instance.get(),
                   .enrollments = &enrollments,
                   .registration = &registration,
                   .explaining = &explaining,
                   .moves = &moves,
                   .fleets = &fleets} {}

        std::shared_ptr<provisioning::CurrentInstance> instance;
        provisioning::Enrollments enrollments;
        provisioning::DeviceRegistration registration;
        provisioning::Explaining explaining;
        provisioning::Moves moves;
        provisioning::Fleets fleets;
        ProvisioningSite site;
    };

    void serve(std::shared_ptr<provisioning::CurrentInstance> instance) override {
        const auto served = std::make_shared<Served>(std::move(instance), *this);
        sites.add(SitePtr(served, &served->site));
    }

    void changed(const provisioning::Instance& before,
                 const provisioning::Instance& after) override {
        sites.rename(before, after);
    }

    void withdraw(const IdScope& scope) override { sites.remove(scope); }

    void add(std::string_view name, std::string_view tenant, std::string_view scope) {
        provisioning::InstanceSettings wanted{.name = std::string(name),
                                              .tenant = std::string(tenant)};
        wanted.scope = IdScope(std::string(scope));
        wanted.hubs = {{.name = HubName("hub-1.example.net")}};
        using provisioning::Right;
        wanted.policies = {
            {.name = "provisioningserviceowner",
             .rights = {Right::service_config, Right::device_connect, Right::enrollment_write},
             .primary = recorded_key,
             .secondary = Secret("fedcba9876543210fedcba9876543210")}};
        change(wanted);
    }

    int tokens_issued_ = 0;
};

} // namespace muster::gateway
