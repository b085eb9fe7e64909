#pragma once
// A provisioning service over fakes, with devices to register at it. For tests.

#include "base/encoding.h"
#include "crypto/issuing.h"
#include "crypto/keys.h"
#include "crypto/sas.h"
#include "provisioning/device_registration.h"
#include "provisioning/enrollments.h"
#include "provisioning/explaining.h"
#include "provisioning/fake_journal.h"
#include "provisioning/fakes.h"
#include "provisioning/scripted_web.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace muster::provisioning {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;

inline const WallTime test_time = from_unix_seconds(1'893'456'000); // 2030-01-01
inline const IdScope test_scope{"0ne00TEST01"};
inline const Secret key_a{"0123456789abcdef0123456789abcdef"};
inline const Secret key_b{"fedcba9876543210fedcba9876543210"};
inline const Secret key_c{"a-key-that-nobody-has-enrolled.."};
inline const SymmetricKeys test_keys{.primary = key_a, .secondary = key_b};

// ---- certificates ----

/// Valid from a day before to a year after the test time.
inline crypto::CertificateRequest certificate_request(std::string common_name,
                                                      crypto::Purpose purpose) {
    return {.common_name = std::move(common_name),
            .purpose = purpose,
            .dns_names = {},
            .ip_addresses = {},
            .not_before = test_time - 24h,
            .not_after = test_time + 24h * 365,
            .path_length = {}};
}

inline crypto::Identity issue(const crypto::CertificateRequest& request,
                              const crypto::Identity* issuer = nullptr) {
    static SystemRandom random;
    auto identity = crypto::issue(request, issuer, random);
    EXPECT_TRUE(identity) << identity.error().detail << identity.error().cause;
    return *std::move(identity);
}

inline crypto::Identity make_ca(std::string name, const crypto::Identity* issuer = nullptr) {
    return issue(certificate_request(std::move(name), crypto::Purpose::certificate_authority),
                 issuer);
}

inline crypto::Identity make_leaf(std::string name, const crypto::Identity* issuer = nullptr) {
    return issue(certificate_request(std::move(name), crypto::Purpose::client), issuer);
}

template <class... Identities>
std::vector<std::string> chain_of(const Identities&... identities) {
    return {identities.certificate.der()...};
}

// ---- enrollments ----

inline IndividualEnrollment individual(std::string id, Attestation attestation) {
    return {.id = RegistrationId(std::move(id)),
            .device_id = {},
            .device_information = {},
            .terms = {.attestation = std::move(attestation)},
            .stamp = {}};
}

inline EnrollmentGroup group(std::string id, Attestation attestation) {
    return {.id = EnrollmentGroupId(std::move(id)),
            .terms = {.attestation = std::move(attestation)},
            .stamp = {}};
}

inline CertificateSlots slots(std::optional<crypto::Certificate> primary,
                              std::optional<crypto::Certificate> secondary = {}) {
    CertificateSlots result;
    result.primary = std::move(primary);
    result.secondary = std::move(secondary);
    return result;
}

inline ClientCertificates client(std::optional<crypto::Certificate> primary,
                                 std::optional<crypto::Certificate> secondary = {}) {
    return {slots(std::move(primary), std::move(secondary))};
}

inline SigningCertificates signing(std::optional<crypto::Certificate> primary,
                                   std::optional<crypto::Certificate> secondary = {}) {
    return {slots(std::move(primary), std::move(secondary))};
}

inline CaReferences references(std::optional<std::string> primary,
                               std::optional<std::string> secondary = {}) {
    return {{.primary = std::move(primary), .secondary = std::move(secondary)}};
}

// ---- devices ----

inline std::string resource_of(std::string_view id) {
    return test_scope.text() + "/registrations/" + std::string(id);
}

inline std::string token_for(std::string_view id, const Secret& key,
                             WallTime expiry = test_time + 1h) {
    return crypto::make_sas(resource_of(id), key, expiry, "registration");
}

inline DeviceRequest request_of(std::string id, Proof proof) {
    return {.id = RegistrationId(std::move(id)),
            .proof = std::move(proof),
            .api_version = "2019-03-31",
            .payload = {},
            .client_version = {},
            .peer_address = "192.0.2.7:40000",
            .tracking = TrackingId("00000000-0000-4000-8000-000000000000")};
}

inline DeviceRequest with_key(const std::string& id, const Secret& key) {
    return request_of(id, {.sas = token_for(id, key), .certificates = {}});
}

/// A member of a symmetric key group.
inline DeviceRequest with_group_key(const std::string& id, const Secret& group_key) {
    return with_key(id, crypto::derive_device_key(group_key, id));
}

inline DeviceRequest with_chain(const std::string& id, std::vector<std::string> chain) {
    return request_of(id, {.sas = {}, .certificates = std::move(chain)});
}

// ---- the service ----

inline const Principal test_operator{"policy:test"};

inline Instance test_instance() {
    Instance instance;
    instance.scope = test_scope;
    instance.hubs = {{.name = HubName("hub-1")}, {.name = HubName("hub-2")}};
    return instance;
}

/// All of an explanation, those of the enrollments first.
inline std::vector<FindingCode> codes_of(const Explanation& explanation) {
    std::vector<FindingCode> codes;
    const auto add_all = [&](const std::vector<Finding>& findings) {
        for (const Finding& finding : findings) {
            codes.push_back(finding.code);
        }
    };
    for (const Considered& considered : explanation.considered) {
        add_all(considered.findings);
    }
    add_all(explanation.findings);
    return codes;
}

struct World {
    World() : World(test_instance()) {}

    explicit World(Instance of) : instance(std::move(of)) { restart(); }

    /// Everything but the stores and the hubs is lost.
    void restart() {
        explaining.reset();
        registration.reset();
        faults.clear();
        workers.forget();
        timers.forget();
        enrollments = std::make_unique<Enrollments>(instance, store, store, clock, random);
        functions = std::make_unique<FunctionCaller>(web, clock);
        registration = std::make_unique<DeviceRegistration>(registration_ports());
        explaining = std::make_unique<Explaining>(explaining_ports());
    }

    DeviceRegistration::Ports registration_ports() {
        return {.instance = instance,
                .enrollments = store,
                .registrations = store,
                .hubs = hubs,
                .whereabouts = nowhere,
                .functions = *functions,
                .workers = workers,
                .callers = workers,
                .timers = timers,
                .clock = clock,
                .random = random,
                .journal = journal.get()};
    }

    Explaining::Ports explaining_ports() {
        return {.instance = instance,
                .enrollments = store,
                .registrations = store,
                .allocator = registration->allocator(),
                .clock = clock,
                .random = random};
    }

    /// `world.change([](Instance& instance) { instance.hubs.clear(); });`
    template <class Edit>
    void change(Edit edit) {
        Instance next = *instance.get();
        edit(next);
        instance.set(std::move(next));
    }

    template <class Resource>
    Resource put(const Resource& resource, IfMatch::Kind kind = IfMatch::Kind::absent) {
        const auto stored =
            enrollments->put(resource, IfMatch{.kind = kind, .etag = {}}, test_operator);
        EXPECT_TRUE(stored) << stored.error().detail;
        return stored.value_or(resource);
    }

    /// Registers and runs everything that follows from it, waiting as long as it takes.
    OperationStatus provision(const DeviceRequest& request) {
        const auto begun = registration->register_device(request);
        EXPECT_TRUE(begun) << begun.error().detail << ": " << begun.error().cause;
        settle();
        const auto ended = registration->operation_status(request, begun->operation);
        EXPECT_TRUE(ended) << ended.error().detail;
        return *ended;
    }

    /// The last refusal in the journal.
    DeviceEvent last_refusal() {
        journal->flush();
        const auto events = journal_store.of(test_scope);
        EXPECT_FALSE(events.empty());
        return events.empty() ? DeviceEvent() : events.back();
    }

    /// All that happens within `settling_time`: longer than any plan is tried for; chores and
    /// sweeps go on for ever.
    void settle() {
        const auto end = timers.now() + settling_time;
        do {
            workers.run_all();
        } while (timers.now() < end && timers.run_next());
        workers.run_all();
    }

    static constexpr std::chrono::minutes settling_time{10};

    std::optional<RegistrationRecord> record(const std::string& id) {
        return *static_cast<RegistrationStore&>(store).find(instance.scope(), RegistrationId(id));
    }

    CurrentInstance instance;
    Faults faults;
    FakeStore store{faults};
    FakeHubs hubs{faults};
    ManualWorkers workers;
    ManualTimers timers;
    ManualClock clock{test_time};
    SharedRandom random{7};
    FakeJournal journal_store;
    std::shared_ptr<JournalWriter> journal =
        std::make_shared<JournalWriter>(journal_store, workers, timers);
    Nowhere nowhere;
    ScriptedWeb web;
    std::unique_ptr<FunctionCaller> functions;
    std::unique_ptr<Enrollments> enrollments;
    std::unique_ptr<DeviceRegistration> registration;
    std::unique_ptr<Explaining> explaining;
};

} // namespace muster::provisioning
