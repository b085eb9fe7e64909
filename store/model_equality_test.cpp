// Seeded sequences of random operations, each run on the model and on SQLite: every answer must be
// the same, down to the last byte of what is read. A failure prints the seed and the steps.

#include "store/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace muster::store {

namespace {

using provisioning::Expected;
using provisioning::Write;

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) {
    return static_cast<std::size_t>(random() % bound);
}

/// Few names, so that operations meet; in either case where case must not matter.
std::string any_name(Random& random) {
    static constexpr std::string_view names[] = {"a", "A", "b", "B", "c-1", "C-1", "d.2", "10"};
    return std::string(names[below(random, std::size(names))]);
}

const IdScope& any_scope(Random& random) {
    return below(random, 4) == 0 ? other_scope : scope;
}

const HubName& any_hub(Random& random) {
    return below(random, 4) == 0 ? hub_2 : hub_1;
}

std::int64_t any_version(Random& random) {
    return static_cast<std::int64_t>(below(random, 4));
}

provisioning::IndividualEnrollment any_individual(Random& random, std::int64_t version) {
    const std::size_t kind = below(random, 4);
    auto made =
        kind > 1 ? individual(any_name(random), version)
                 : individual_with_certificates(any_name(random), kind == 0 ? SampleCertificate::a
                                                                            : SampleCertificate::b);
    made.stamp.version = version;
    return made;
}

provisioning::RegistrationRecord any_record(Random& random, std::int64_t version) {
    auto made = record(any_name(random), version);
    if (below(random, 2) == 0) {
        made.decided_by = provisioning::DecidedByGroup{EnrollmentGroupId(any_name(random))};
    }
    if (below(random, 3) == 0) {
        made.status = provisioning::RegistrationStatus::assigning;
        provisioning::DeviceProvision provision;
        provision.device_id = DeviceId(made.id.text());
        provision.credential = provisioning::HubThumbprints{std::string(64, 'A'), ""};
        made.plan = provisioning::Plan{.kind = {}, .hub = any_hub(random), .provision = provision};
    }
    if (below(random, 4) == 0) {
        made.assignment.reset();
    }
    if (below(random, 5) == 0) {
        made.chores = {{.kind = provisioning::ChoreKind::release,
                        .place = {.hub = any_hub(random), .device_id = DeviceId("d")},
                        .token = provisioning::MoveToken("4f3a9c0d11223344")}};
    }
    made.erased = below(random, 4) == 0;
    return made;
}

std::vector<hub::Event> any_events(Random& random) {
    std::vector<hub::Event> events;
    for (std::size_t count = below(random, 4); count > 0; --count) {
        const auto minutes = std::chrono::minutes(below(random, 600));
        events.push_back(hub_event(any_name(random), from_unix_seconds(1'900'000'000) + minutes));
    }
    return events;
}

std::optional<int> any_partition(Random& random) {
    const auto drawn = static_cast<int>(below(random, hub::partitions_default + 2));
    return drawn == 0 ? std::nullopt : std::optional(drawn - 1);
}

/// One operation, with its parameters drawn, to be run on both engines.
using Operation = std::function<std::string(Stores&)>;

/// What a write carries along, kept for as long as the operation is.
class Accompaniment {
  public:
    explicit Accompaniment(Random& random)
        : expected_{any_version(random)},
          change_{.at = from_unix_seconds(1'900'000'000),
                  .by = {"policy:owner"},
                  .action = "enrollment.update",
                  .resource = "enrollment/" + any_name(random),
                  .before = {},
                  .after = JsonObject{{"round", below(random, 100)}}} {
        if (below(random, 3) == 0) {
            count_max_ = static_cast<std::int64_t>(below(random, 5));
        }
        event_.at = change_.at;
        event_.kind = provisioning::DeviceEventKind::assigned;
        event_.registration_id = any_name(random);
        is_audited_ = below(random, 2) == 0;
        is_noted_ = below(random, 2) == 0;
    }

    [[nodiscard]] std::int64_t next_version() const { return expected_.version + 1; }

    [[nodiscard]] Write write() const {
        Write made(expected_);
        made.count_max = count_max_;
        made.change = is_audited_ ? &change_ : nullptr;
        made.event = is_noted_ ? &event_ : nullptr;
        return made;
    }

  private:
    Expected expected_;
    std::optional<std::int64_t> count_max_;
    provisioning::Change change_;
    provisioning::DeviceEvent event_;
    bool is_audited_ = false;
    bool is_noted_ = false;
};

Operation any_enrollment_write(Random& random) {
    const IdScope tenant = any_scope(random);
    const Accompaniment with(random);
    const auto one = any_individual(random, with.next_version());
    const auto many = group(any_name(random), with.next_version());
    const auto remains = below(random, 2) == 0 ? nothing_remains : erased;
    switch (below(random, 4)) {
    case 0:
        return [=](Stores& s) { return describe(s.enrollments().save(tenant, one, with.write())); };
    case 1:
        return
            [=](Stores& s) { return describe(s.enrollments().save(tenant, many, with.write())); };
    case 2:
        return [=](Stores& s) {
            return describe(
                s.enrollments().erase_individual(tenant, one.id, with.write(), remains));
        };
    default:
        return [=](Stores& s) {
            return describe(s.enrollments().erase_group(tenant, many.id, with.write()));
        };
    }
}

/// Ids within a batch differ.
Operation any_batch(Random& random) {
    const IdScope tenant = any_scope(random);
    const Accompaniment with(random);
    std::vector<provisioning::IndividualWrite> rows;
    for (std::size_t count = below(random, 6); count > 0; --count) {
        const Expected expected{any_version(random)};
        const auto row = any_individual(random, expected.version + 1);
        const auto is_same = [&](const auto& other) { return other.enrollment.id == row.id; };
        if (std::ranges::none_of(rows, is_same)) {
            rows.push_back({row, expected});
        }
    }
    return
        [=](Stores& s) { return describe(s.enrollments().save_all(tenant, rows, with.write())); };
}

Operation any_enrollment_read(Random& random) {
    const IdScope tenant = any_scope(random);
    const std::string name = any_name(random);
    const std::string after = below(random, 2) == 0 ? "" : to_lower(name);
    const std::size_t count_max = below(random, 5);
    const auto which = below(random, 2) == 0 ? SampleCertificate::a : SampleCertificate::b;
    return [=](Stores& s) {
        auto& enrollments = s.enrollments();
        return describe(enrollments.find_individual(tenant, RegistrationId(name))) +
               describe(enrollments.find_group(tenant, EnrollmentGroupId(name))) +
               describe(enrollments.individuals(tenant, after, count_max)) +
               describe(enrollments.groups(tenant)) +
               describe(enrollments.groups_revision(tenant)) +
               describe(enrollments.counts(tenant)) +
               describe(enrollments.individual_with_thumbprint(tenant, sha256_thumbprint(which)));
    };
}

Operation any_search(Random& random) {
    static constexpr std::string_view queries[] = {
        "*", "SELECT * WHERE attestation.type = 'x509'", "SELECT * WHERE tags.version > 1",
        "SELECT * WHERE NOT deviceId = 'device-of-a'", "SELECT * WHERE registrationId = 'C-1'"};
    const IdScope tenant = any_scope(random);
    const std::string after = below(random, 2) == 0 ? "" : to_lower(any_name(random));
    const std::size_t count_max = below(random, 5);
    const auto filter =
        *provisioning::parse_enrollment_query(queries[below(random, std::size(queries))]);
    const RegistrationId ids[] = {RegistrationId(any_name(random)), RegistrationId("nobody")};
    const std::vector<RegistrationId> wanted(std::begin(ids), std::end(ids));
    return [=](Stores& s) {
        auto& enrollments = s.enrollments();
        return describe(enrollments.individuals_where(tenant, filter, after, count_max)) +
               describe(enrollments.find_individuals(tenant, wanted));
    };
}

Operation any_trail_read(Random& random) {
    const IdScope tenant = any_scope(random);
    return [=](Stores& s) {
        std::string text;
        for (const auto& entry : s.audit().read(tenant, 0, 1000).value()) {
            text += fmt::format("{} {} {}\n", entry.sequence, entry.text, entry.hash);
        }
        for (const auto& event : s.journal().find(tenant, {}, 0, 1000).value()) {
            text += fmt::format("{} {}\n", event.sequence, event.registration_id);
        }
        return text;
    };
}

Operation any_registration_write(Random& random) {
    const IdScope tenant = any_scope(random);
    const Accompaniment with(random);
    const auto record = any_record(random, with.next_version());
    if (below(random, 4) == 0) {
        return [=](Stores& s) {
            return describe(s.registrations().erase(tenant, record.id, with.write()));
        };
    }
    return
        [=](Stores& s) { return describe(s.registrations().save(tenant, record, with.write())); };
}

Operation any_registration_read(Random& random) {
    const IdScope tenant = any_scope(random);
    const std::string name = any_name(random);
    const HubName hub = any_hub(random);
    const std::string after = below(random, 2) == 0 ? "" : to_lower(any_name(random));
    const std::size_t count_max = below(random, 5);
    return [=](Stores& s) {
        auto& registrations = s.registrations();
        return describe(registrations.find(tenant, RegistrationId(name))) +
               describe(registrations.all(tenant, after, count_max)) +
               describe(registrations.unfinished(tenant, after, count_max)) +
               describe(registrations.at_hub(tenant, hub, after, count_max)) +
               describe(registrations.hub_counts(tenant)) +
               describe(registrations.of_group(tenant, EnrollmentGroupId(name), after, count_max));
    };
}

Operation any_fleet_operation(Random& random) {
    const IdScope tenant = any_scope(random);
    const Accompaniment with(random);
    provisioning::FleetOperation operation;
    operation.id = "op-" + any_name(random);
    operation.hub = any_hub(random);
    operation.begun =
        from_unix_seconds(1'900'000'000 + static_cast<std::int64_t>(below(random, 3)));
    operation.version = with.next_version();
    if (below(random, 3) == 0) {
        operation.ended = operation.begun;
    }
    return [=](Stores& s) {
        auto& operations = s.fleet_operations();
        const Write write = with.write();
        return describe(operations.save(tenant, operation, write.expected.version, write.change)) +
               describe(operations.all(tenant));
    };
}

Operation any_device_write(Random& random) {
    const HubName hub = any_hub(random);
    const std::string name = any_name(random);
    const std::int64_t expected = any_version(random);
    const DeviceId id(name);
    switch (below(random, 4)) {
    case 0:
        return [=](Stores& s) { return describe(s.devices().create(hub, device_with_twin(name))); };
    case 1:
        return [=](Stores& s) {
            return describe(s.devices().update_device(hub, device(name, expected + 1), expected));
        };
    case 2:
        return [=](Stores& s) {
            return describe(s.devices().update_twin(hub, id, twin(expected + 1), expected));
        };
    default: return [=](Stores& s) { return describe(s.devices().erase(hub, id, expected)); };
    }
}

Operation any_session_write(Random& random) {
    const HubName hub = any_hub(random);
    const DeviceId id(any_name(random));
    std::vector<hub::StoredSubscription> subscriptions;
    for (std::size_t count = below(random, 3); count > 0; --count) {
        subscriptions.push_back({any_name(random) + "/#", static_cast<std::uint8_t>(count)});
    }
    return [=](Stores& s) { return describe(s.sessions().save(hub, id, subscriptions)); };
}

Operation any_hub_read(Random& random) {
    const HubName hub = any_hub(random);
    const DeviceId id(any_name(random));
    const std::string after = below(random, 2) == 0 ? "" : any_name(random);
    const std::size_t count_max = below(random, 5);
    const hub::EventRange range{
        .after = static_cast<std::int64_t>(below(random, 50)),
        .partition = any_partition(random),
        .count_max = count_max,
        .bytes_max = 200 * below(random, 6),
    };
    return [=](Stores& s) {
        return describe(s.devices().find(hub, id)) + describe(s.devices().find_device(hub, id)) +
               describe(s.devices().list(hub, after, count_max)) +
               describe(s.devices().counts(hub)) + describe(s.sessions().load(hub, id)) +
               describe(s.events().read(hub, range)) +
               describe(s.events().extent(hub, range.partition));
    };
}

Operation any_append(Random& random) {
    const HubName hub = any_hub(random);
    const hub::EventBatch batch{.events = any_events(random),
                                .retention = {
                                    .events_max = static_cast<std::int64_t>(below(random, 12)),
                                    .bytes_max = static_cast<std::int64_t>(300 * below(random, 9)),
                                    .age_max = std::chrono::hours(below(random, 6)),
                                }};
    return [=](Stores& s) {
        auto appended = batch;
        const auto outcome = s.events().append(hub, appended);
        return describe(outcome) + describe(appended.events);
    };
}

Operation any_position(Random& random) {
    const HubName hub = any_hub(random);
    const auto kind =
        below(random, 2) == 0 ? hub::EventGroup::Kind::consumer : hub::EventGroup::Kind::endpoint;
    const hub::EventGroup group{kind, any_name(random)};
    const hub::EventPosition position{
        .partition = any_partition(random),
        .sequence = static_cast<std::int64_t>(below(random, 20)) - 1,
        .saved = from_unix_seconds(static_cast<std::int64_t>(below(random, 1000)))};
    const bool erase = below(random, 5) == 0;
    return [=](Stores& s) {
        const auto outcome = erase ? s.events().erase_positions(hub, group)
                                   : s.events().save_position(hub, group, position, 3);
        return describe(outcome) + describe(s.events().positions(hub, group)) +
               describe(s.events().groups(hub, kind));
    };
}

Operation any_operation(Random& random) {
    static constexpr Operation (*all[])(Random&) = {
        any_enrollment_write,
        any_enrollment_write,
        any_batch,
        any_enrollment_read,
        any_search,
        any_trail_read,
        any_registration_write,
        any_registration_write,
        any_registration_read,
        any_fleet_operation,
        any_device_write,
        any_device_write,
        any_session_write,
        any_hub_read,
        any_append,
        any_position,
    };
    return all[below(random, std::size(all))](random);
}

class ModelEquality : public testing::TestWithParam<std::uint64_t> {};

} // namespace

INSTANTIATE_TEST_SUITE_P(Seeds, ModelEquality, testing::Range<std::uint64_t>(1, 13));

TEST_P(ModelEquality, SqliteAnswersAsTheModelDoes) {
    constexpr int steps = 300;
    Random random(GetParam());
    const auto model = make_memory_engine();
    const auto engine = make_sqlite_engine();
    for (int step = 0; step < steps; ++step) {
        const Operation operation = any_operation(random);
        const std::string wanted = operation(model->stores());
        ASSERT_EQ(operation(engine->stores()), wanted)
            << fmt::format("seed {} step {}", GetParam(), step);
        if (below(random, 100) == 0) {
            engine->reopen();
        }
    }
}

} // namespace muster::store
