#pragma once
// For tests: one provisioning instance with everything behind it, in memory, on one thread, with a
// clock that is moved by hand. The keys and the hour are those of the traffic recorded in the
// reference, so that its requests can be replayed byte for byte.

#include "base/clock.h"
#include "base/encoding.h"
#include "base/random.h"
#include "crypto/sas.h"
#include "gateway/context.h"
#include "gateway/fake_trails.h"
#include "gateway/front.h"
#include "gateway/sites.h"
#include "gateway/wire.h"
#include "provisioning/documents.h"
#include "provisioning/fakes.h"
#include "provisioning/scripted_web.h"

#include <string>
#include <string_view>

namespace muster::gateway {

/// dps-device, appendix A: the 32 bytes that sign every recorded token.
inline const Secret recorded_key{"0123456789abcdef0123456789abcdef"};
inline constexpr std::string_view recorded_key_text =
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
inline constexpr long long recorded_hour = 1795222000; // the tokens expire within the next hour

struct ProvisioningWorld {
    ProvisioningWorld()
        : enrollments(instance, store, store, clock, random),
          registration({.instance = instance,
                        .enrollments = store,
                        .registrations = store,
                        .hubs = hubs,
                        .whereabouts = nowhere,
                        .functions = functions,
                        .workers = workers,
                        .callers = workers,
                        .timers = timers,
                        .clock = clock,
                        .random = random,
                        .journal = journal.get()}),
          explaining({.instance = instance,
                      .enrollments = store,
                      .registrations = store,
                      .allocator = registration.allocator(),
                      .clock = clock,
                      .random = random}) {
        sites.add(
            std::make_shared<const ProvisioningSite>(ProvisioningSite{.instance = &instance,
                                                                      .enrollments = &enrollments,
                                                                      .registration = &registration,
                                                                      .explaining = &explaining}));
    }

    static inline const provisioning::Principal by{"configuration"};

    static provisioning::Instance make_instance() {
        provisioning::Instance made;
        made.scope = IdScope("0ne00TEST01");
        made.host_names = {"127.0.0.77", "dps.example.net"};
        made.hubs = {{.name = HubName("hub-1.example.net")}};
        using provisioning::Right;
        made.policies = {
            {.name = "provisioningserviceowner",
             .keys = {.primary = recorded_key, .secondary = Secret("another")},
             .rights = {Right::service_config, Right::device_connect, Right::enrollment_write}},
            {.name = "reader",
             .keys = {.primary = recorded_key, .secondary = {}},
             .rights = {Right::enrollment_read}}};
        return made;
    }

    /// An individual enrollment, of the recorded key unless another is given.
    void enroll(std::string_view id, std::string_view key = recorded_key_text) {
        const auto document = parse_json_object(
            R"({"registrationId":")" + std::string(id) +
            R"(","attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":")" +
            std::string(key) + R"("}}})");
        auto enrollment = provisioning::individual_from_document(document.value());
        static_cast<void>(enrollments.put(std::move(enrollment.value()), {}, by).value());
    }

    /// `world.change([](auto& instance) { instance.shared_key_access = false; });`
    template <class Edit>
    void change(Edit edit) {
        auto next = *instance.get();
        edit(next);
        instance.set(std::move(next));
    }

    /// What the journal has, newest first.
    std::vector<provisioning::DeviceEvent> journal_events() {
        journal->flush();
        return events.of(instance.scope());
    }

    [[nodiscard]] bool has_record(const std::string& id) {
        return store.find(instance.scope(), RegistrationId(id)).value().has_value();
    }

    /// Does the only hub know it?
    [[nodiscard]] bool is_at_hub(const std::string& device) {
        return hubs.device(HubName("hub-1.example.net"), DeviceId(device)).has_value();
    }

    [[nodiscard]] std::string device_token(std::string_view id) const {
        return crypto::make_sas("0ne00TEST01/registrations/" + std::string(id), recorded_key,
                                clock.wall() + std::chrono::hours(1), "registration");
    }

    [[nodiscard]] std::string service_token(std::string_view policy) const {
        return crypto::make_sas("dps.example.net", recorded_key,
                                clock.wall() + std::chrono::hours(1), policy);
    }

    static session::Peer make_peer(std::vector<std::string> certificates = {}) {
        return {.address = "192.0.2.1:40000",
                .certificates = std::move(certificates),
                .server_name = {}};
    }

    Wire https(const session::Peer& peer = make_peer()) {
        return {make_https_front(context), peer, clock};
    }

    Wire mqtt(const session::Peer& peer = make_peer()) {
        return {make_mqtt_front(context), peer, clock};
    }

    ManualClock clock{from_unix_seconds(recorded_hour)};
    SeededRandom random{1};
    provisioning::ManualWorkers workers;
    provisioning::ManualTimers timers;
    provisioning::Faults faults;
    provisioning::FakeStore store{faults};
    provisioning::FakeHubs hubs{faults};
    FakeJournal events;
    provisioning::CurrentInstance instance{make_instance()};
    std::shared_ptr<provisioning::JournalWriter> journal =
        std::make_shared<provisioning::JournalWriter>(events, workers, timers);
    provisioning::Nowhere nowhere;
    provisioning::ScriptedWeb web;
    provisioning::FunctionCaller functions{web, clock};
    provisioning::Enrollments enrollments;
    provisioning::DeviceRegistration registration;
    provisioning::Explaining explaining;
    Sites sites;
    Context context{.sites = sites,
                    .workers = workers,
                    .timers = timers,
                    .clock = clock,
                    .random = random,
                    .control = nullptr,
                    .journal = journal.get()};
};

} // namespace muster::gateway
