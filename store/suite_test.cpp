#include "base/check.h"
#include "base/random.h"
#include "hub/documents.h"
#include "provisioning/documents.h"
#include "store/suite.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>

#include <latch>
#include <thread>

namespace muster::store {

namespace {

// Two self-signed P-256 certificates, base64 of DER.
constexpr std::string_view certificate_a =
    "MIIBdzCCAR2gAwIBAgIUciIg4Pt02+YwWHUdfkFuAB5MkokwCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwI"
    "ZGV2aWNlLWEwIBcNMjYxMTIxMDM0MTE5WhgPMjEyNjEwMjgwMzQxMTlaMBMxETAPBgNVBAMMCGRldmlj"
    "ZS1hMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6a/XhzrnFA5GTho4lfD6rfQTu9jIQjgxeuyFUpNN"
    "7yPcQlDHGltxF0yjFtfsDRg9ptSnRDvON1tx2WJnZv/+TqNNMEswHQYDVR0OBBYEFOx7kuMGIk3ItdcW"
    "FgAqOSE0mwNzMB8GA1UdIwQYMBaAFOx7kuMGIk3ItdcWFgAqOSE0mwNzMAkGA1UdEwQCMAAwCgYIKoZI"
    "zj0EAwIDSAAwRQIhAJmKWnzTC9e3KDQAyKkdMCbQ/0YsD5KAAQ6gWVzhgZEWAiB58hZV49pfnypxvGfq"
    "yKoKaby8Smgek4wKHRDVRbujEQ==";
constexpr std::string_view certificate_b =
    "MIIBdzCCAR2gAwIBAgIUW8boFmwemdm/XB36+4f6sv0LCp4wCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwI"
    "ZGV2aWNlLWIwIBcNMjYxMTIxMDM0MTE5WhgPMjEyNjEwMjgwMzQxMTlaMBMxETAPBgNVBAMMCGRldmlj"
    "ZS1iMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkGVwGpMefSVIPBOF+soXvbTz3bPm+PS811/hhiZv"
    "jCxdoB1L0LgEC1ytMODs/n8sczhkrn22RZ527zJECnVjDaNNMEswHQYDVR0OBBYEFN3Tpd1J55WU2DiP"
    "dnMzn94IQVDeMB8GA1UdIwQYMBaAFN3Tpd1J55WU2DiPdnMzn94IQVDeMAkGA1UdEwQCMAAwCgYIKoZI"
    "zj0EAwIDSAAwRQIhAJ/KPoYr9tyco2xjOQbgIDM2pkz7KmvDuWH0chVRUL1xAiB/kp9dFPUAiqXycucT"
    "ED2BXxw4scwlPmNf6kI/5h3NFA==";

class MemoryEngine final : public Engine {
  public:
    explicit MemoryEngine(const provisioning::JournalBounds& journal)
        : stores_(make_memory_stores(journal)) {}

    Stores& stores() override { return *stores_; }

    void reopen() override {} // it has no other life

  private:
    std::unique_ptr<Stores> stores_;
};

class SqliteEngine final : public Engine {
  public:
    explicit SqliteEngine(const provisioning::JournalBounds& journal) : journal_(journal) {
        open();
    }

    Stores& stores() override { return *stores_; }

    void reopen() override {
        stores_.reset();
        open();
    }

  private:
    void open() {
        auto opened = open_sqlite_stores(
            {.file = folder_ / "muster.db", .readers = 4, .journal = journal_, .keys = nullptr});
        CHECK(opened.has_value());
        stores_ = std::move(*opened);
    }

    const provisioning::JournalBounds journal_;
    TemporaryFolder folder_;
    std::unique_ptr<Stores> stores_;
};

std::string_view text_of(SampleCertificate which) {
    return which == SampleCertificate::a ? certificate_a : certificate_b;
}

WallTime sample_time(std::int64_t version) {
    return from_unix_seconds(1'900'000'000 + version) + std::chrono::microseconds(123456);
}

provisioning::ResourceStamp stamp(std::int64_t version) {
    return {.version = version,
            .etag = ETag(fmt::format("etag-{}", version)),
            .created = sample_time(1),
            .updated = sample_time(version)};
}

provisioning::SymmetricKeys keys() {
    return {Secret(std::string(64, '\x01')),
            Secret(std::string("\0\xff", 2) + std::string(30, 'k'))};
}

} // namespace

std::unique_ptr<Engine> make_memory_engine(const provisioning::JournalBounds& journal) {
    return std::make_unique<MemoryEngine>(journal);
}

std::unique_ptr<Engine> make_sqlite_engine(const provisioning::JournalBounds& journal) {
    return std::make_unique<SqliteEngine>(journal);
}

std::shared_ptr<const crypto::KeyRing> sample_keys() {
    SeededRandom random(1);
    return std::make_shared<const crypto::KeyRing>(random);
}

provisioning::IndividualEnrollment individual(std::string_view id, std::int64_t version) {
    provisioning::IndividualEnrollment enrollment;
    enrollment.id = RegistrationId(std::string(id));
    enrollment.device_id = DeviceId("device-of-" + std::string(id));
    enrollment.terms.attestation = provisioning::SymmetricKeyAttestation{keys()};
    enrollment.terms.initial_twin = JsonObject{{"tags", {{"version", version}}}};
    enrollment.stamp = stamp(version);
    return enrollment;
}

provisioning::EnrollmentGroup group(std::string_view id, std::int64_t version) {
    provisioning::EnrollmentGroup made;
    made.id = EnrollmentGroupId(std::string(id));
    made.terms.attestation = provisioning::SymmetricKeyAttestation{keys()};
    made.terms.hubs = {hub_1, hub_2};
    made.stamp = stamp(version);
    return made;
}

provisioning::RegistrationRecord record(std::string_view id, std::int64_t version) {
    provisioning::RegistrationRecord made;
    made.id = RegistrationId(std::string(id));
    made.status = provisioning::RegistrationStatus::assigned;
    made.assignment = provisioning::Assignment{
        .hub = hub_1, .device_id = DeviceId(std::string(id)), .substatus = {}};
    made.operation = OperationId(fmt::format("5.operation.{}", version));
    made.stamp = stamp(version);
    return made;
}

std::optional<provisioning::RegistrationRecord>
erased(const provisioning::RegistrationRecord& record) {
    auto left = record;
    left.erased = true;
    ++left.stamp.version;
    return left;
}

hub::Device device(std::string_view id, std::int64_t version) {
    hub::Device made;
    made.id = DeviceId(std::string(id));
    made.generation_id = "638000000000000000";
    made.version = version;
    made.etag = ETag(fmt::format("etag-{}", version));
    made.status_updated = hub::never();
    made.authentication.primary_key = keys().primary;
    made.authentication.secondary_key = keys().secondary;
    made.created = sample_time(1);
    return made;
}

hub::Twin twin(std::int64_t version) {
    hub::Twin made = hub::new_twin({{"site", "north"}}, {{"interval", 30}}, {}, sample_time(1));
    made.version = version;
    made.desired.values["round"] = version;
    return made;
}

hub::DeviceWithTwin device_with_twin(std::string_view id) {
    return {device(id), twin()};
}

hub::DeviceWithTwin module_with_twin(std::string_view device, std::string_view module) {
    hub::DeviceWithTwin made = device_with_twin(device);
    made.device.module = ModuleId(std::string(module));
    return made;
}

hub::Event hub_event(std::string_view device, WallTime enqueued) {
    const DeviceId of{std::string(device)};
    return {.sequence = 0,
            .partition = hub::partition_of(of, hub::partitions_default),
            .source = hub::EventSource::telemetry,
            .identity = of,
            .enqueued = enqueued,
            .properties = {{"$.ct", "application/json"}, {"a b", "c&d=e"}, {"", ""}},
            .auth_method = R"({"scope":"device"})",
            .generation_id = "638000000000000000",
            .model_id = "dtmi:com:example;1",
            .body = std::string("{\0}", 3)};
}

provisioning::IndividualEnrollment
individual_with_certificates(std::string_view id, SampleCertificate primary,
                             std::optional<SampleCertificate> secondary) {
    JsonObject certificates{{"primary", {{"certificate", text_of(primary)}}}};
    if (secondary) {
        certificates["secondary"] = JsonObject{{"certificate", text_of(*secondary)}};
    }
    auto read = provisioning::individual_from_document(
        {{"registrationId", id},
         {"attestation", {{"type", "x509"}, {"x509", {{"clientCertificates", certificates}}}}}});
    CHECK(read.has_value());
    read->stamp = stamp(1);
    return std::move(*read);
}

std::string sha256_thumbprint(SampleCertificate which) {
    return which == SampleCertificate::a
               ? "2EDA44BAC47C0A35E617AC04770FE52D7A612678464B6FA1DFD567F18FDAA387"
               : "8E8B491021C2D3085B36F49350BBA03BF0EFEE9D1A0EA4FCBDC5B797CF395E09";
}

std::string describe(const provisioning::IndividualEnrollment& enrollment) {
    return to_text(to_document(enrollment, provisioning::View::stored));
}

std::string describe(const provisioning::EnrollmentGroup& group) {
    return to_text(to_document(group, provisioning::View::stored));
}

std::string describe(const provisioning::RegistrationRecord& record) {
    return to_text(provisioning::to_stored_document(record));
}

std::string describe(const hub::Device& device) {
    return to_text(hub::to_stored_document(device));
}

std::string describe(const hub::Twin& twin) {
    return to_text(hub::to_stored_document(twin));
}

std::string describe(const hub::DeviceWithTwin& device) {
    return describe(device.device) + describe(device.twin);
}

std::string describe(const hub::Event& event) {
    std::string properties;
    for (const auto& [name, value] : event.properties) {
        properties += fmt::format("<{}>=<{}> ", name, value);
    }
    return fmt::format("{} {} {} {} {} {} {} {} {} {}", event.sequence, event.partition,
                       name_of(event.source), event.identity.text(),
                       event.enqueued.time_since_epoch().count(), properties, event.auth_method,
                       event.generation_id, event.model_id, event.body);
}

std::string describe(const hub::EventExtent& extent) {
    return fmt::format("{}..{}", extent.first, extent.last);
}

std::string describe(const hub::EventPosition& position) {
    const std::string where = position.partition ? std::to_string(*position.partition) : "all";
    return fmt::format("{}@{} saved {}", where, position.sequence,
                       position.saved.time_since_epoch().count());
}

std::string describe(const hub::GroupPositions& positions) {
    return positions.group.name + describe(positions.positions);
}

std::string describe(const hub::IdentityCounts& counts) {
    return fmt::format("{} devices, {} disabled, {} modules", counts.devices,
                       counts.disabled_devices, counts.modules);
}

std::string describe(const hub::StoredSubscription& subscription) {
    return fmt::format("{} {}", subscription.filter, subscription.qos);
}

std::string describe(const RegistrationId& id) {
    return id.text();
}

std::string describe(const provisioning::ScopeCounts& counts) {
    return fmt::format("{} enrollments, {} groups, {} registrations", counts.enrollments,
                       counts.enrollment_groups, counts.registrations);
}

std::string describe(const provisioning::HubCount& count) {
    return fmt::format("{}: {}", count.hub.text(), count.devices);
}

std::string describe(const provisioning::FleetOperation& operation) {
    return to_text(to_document(operation)) + " version " + std::to_string(operation.version);
}

std::string describe(std::int64_t number) {
    return std::to_string(number);
}

std::string describe(const Error& error) {
    return fmt::format("{}: {}", to_string(error.code), error.detail);
}

std::string describe(const Result<void>& outcome) {
    return outcome ? "done" : describe(outcome.error());
}

void race(int threads, const std::function<void(int number)>& run) {
    std::latch ready(threads);
    std::vector<std::jthread> runners;
    for (int number = 0; number < threads; ++number) {
        runners.emplace_back([&, number] {
            ready.arrive_and_wait();
            run(number);
        });
    }
}

} // namespace muster::store
