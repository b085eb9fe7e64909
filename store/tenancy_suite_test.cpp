// Tenants do not see each other: whatever is done to a store by many, each gets the answers, down
// to the last byte, that a store of its own would give. Seeded; a failure prints seed and step.

#include "store/operator_suite.h"

#include <algorithm>
#include <array>
#include <random>

namespace muster::store {

namespace {

using provisioning::DeviceEvent;
using provisioning::Expected;
using provisioning::JournalQuery;
using provisioning::Write;

using Random = std::mt19937_64;

constexpr int tenants = 3;
constexpr provisioning::JournalBounds small_bounds{.events_per_device = 3, .events_per_scope = 8};

class TenancySuite : public StoreSuite {
  protected:
    TenancySuite() : StoreSuite(small_bounds) {}
};

INSTANTIATE_TEST_SUITE_P(Stores, TenancySuite, every_engine, engine_name);

std::size_t below(Random& random, std::size_t bound) {
    return static_cast<std::size_t>(random() % bound);
}

std::int64_t any_version(Random& random) {
    return static_cast<std::int64_t>(below(random, 3));
}

/// The same few names in every tenant.
std::string any_name(Random& random) {
    static constexpr std::string_view names[] = {"a", "A", "b", "b-1", "c"};
    return std::string(names[below(random, std::size(names))]);
}

SampleCertificate any_certificate(Random& random) {
    return below(random, 2) == 0 ? SampleCertificate::a : SampleCertificate::b;
}

template <class T>
T any_of(Random& random, std::initializer_list<T> values) {
    return *(values.begin() + below(random, values.size()));
}

/// Times go forth and back.
DeviceEvent any_event(Random& random) {
    DeviceEvent made =
        event(any_name(random), provisioning::device_event_kinds[below(
                                    random, std::size(provisioning::device_event_kinds))]);
    made.at += std::chrono::minutes(below(random, 10));
    made.group = any_of<std::string>(random, {"", "Line-1", "line-2"});
    made.tracking_id = any_of<std::string>(random, {"", "t-1", "t-2"});
    return made;
}

JournalQuery any_query(Random& random) {
    const auto sometimes = [&](auto value) {
        return below(random, 3) == 0 ? std::optional(value) : std::nullopt;
    };
    const auto minute = [&] { return sample_moment + std::chrono::minutes(below(random, 10)); };
    return {.registration_id = sometimes(any_name(random)),
            .tracking_id = sometimes(any_of<std::string>(random, {"t-1", "t-2", "t-3"})),
            .group = sometimes(any_of<std::string>(random, {"LINE-1", "line-2"})),
            .from = sometimes(minute()),
            .until = sometimes(minute()),
            .refusals_only = below(random, 3) == 0};
}

/// Something a tenant does, with all but the tenant drawn; returns what it is told.
using Operation = std::function<std::string(Stores&, const IdScope&)>;

/// A write with all that can go with it.
struct Accompanied {
    explicit Accompanied(Random& random)
        : expected(any_version(random)), what(change("write", any_name(random))),
          happened(any_event(random)), limit(static_cast<std::int64_t>(1 + below(random, 4))) {}

    [[nodiscard]] Write write() const {
        return Write(Expected{expected}).limited(limit).audited(what).noted(happened);
    }

    std::int64_t expected;
    provisioning::Change what;
    DeviceEvent happened;
    std::int64_t limit;
};

Operation any_enrollment_write(Random& random) {
    const Accompanied with(random);
    const std::string name = any_name(random);
    auto certified = individual_with_certificates(name, any_certificate(random));
    certified.stamp.version = with.expected + 1;
    switch (below(random, 5)) {
    case 0:
        return [=](Stores& s, const IdScope& tenant) {
            const auto one = individual(name, with.expected + 1);
            return describe(s.enrollments().save(tenant, one, with.write()));
        };
    case 1:
        return [=](Stores& s, const IdScope& tenant) {
            return describe(s.enrollments().save(tenant, certified, with.write()));
        };
    case 2:
        return [=](Stores& s, const IdScope& tenant) {
            const auto many = group(name, with.expected + 1);
            return describe(s.enrollments().save(tenant, many, with.write()));
        };
    case 3:
        return [=](Stores& s, const IdScope& tenant) {
            const RegistrationId id(name);
            return describe(
                s.enrollments().erase_individual(tenant, id, with.write(), nothing_remains));
        };
    default:
        return [=](Stores& s, const IdScope& tenant) {
            const EnrollmentGroupId id(name);
            return describe(s.enrollments().erase_group(tenant, id, with.write()));
        };
    }
}

Operation any_registration_write(Random& random) {
    const Accompanied with(random);
    auto one = record(any_name(random), with.expected + 1);
    if (below(random, 2) == 0) {
        one.decided_by = provisioning::DecidedByGroup{EnrollmentGroupId(any_name(random))};
    }
    const bool erases = below(random, 3) == 0;
    return [=](Stores& s, const IdScope& tenant) {
        return describe(erases ? s.registrations().erase(tenant, one.id, with.write())
                               : s.registrations().save(tenant, one, with.write()));
    };
}

Operation any_trail_write(Random& random) {
    std::vector<DeviceEvent> events(below(random, 5));
    std::ranges::generate(events, [&] { return any_event(random); });
    const auto what = change("act", any_name(random));
    return [=](Stores& s, const IdScope& tenant) {
        return describe(s.journal().append(tenant, events)) +
               describe(s.audit().append(tenant, what));
    };
}

/// Names are unique in the whole server by intention: each tenant has its own.
Operation any_instance_write(Random& random) {
    const Accompanied with(random);
    const std::size_t rows_max = below(random, 4);
    switch (below(random, 8)) {
    case 0:
        return [=](Stores& s, const IdScope& tenant) {
            return describe(s.instances().erase(tenant, with.what));
        };
    case 1:
        return [=](Stores& s, const IdScope& tenant) {
            const Result<bool> more = s.instances().purge(tenant, rows_max);
            return std::string(*more ? "more" : "all");
        };
    default:
        return [=](Stores& s, const IdScope& tenant) {
            const auto own = instance(tenant, "plant-" + tenant.text(), with.expected + 1);
            return describe(s.instances().save(own, with.write()));
        };
    }
}

Operation any_enrollment_read(Random& random) {
    const std::string name = any_name(random);
    const std::string after = any_of<std::string>(random, {"", "a", "b"});
    const std::size_t count_max = below(random, 6);
    const auto which = any_certificate(random);
    return [=](Stores& s, const IdScope& tenant) {
        auto& enrollments = s.enrollments();
        const std::vector<RegistrationId> ids{RegistrationId(name)};
        return describe(enrollments.find_individual(tenant, RegistrationId(name))) +
               describe(enrollments.find_individuals(tenant, ids)) +
               describe(enrollments.find_group(tenant, EnrollmentGroupId(name))) +
               describe(enrollments.individuals(tenant, after, count_max)) +
               describe(enrollments.individuals_where(tenant, {}, after, count_max)) +
               describe(enrollments.groups(tenant)) +
               describe(enrollments.groups_revision(tenant)) +
               describe(enrollments.counts(tenant)) +
               describe(enrollments.individual_with_thumbprint(tenant, sha256_thumbprint(which)));
    };
}

Operation any_registration_read(Random& random) {
    const std::string name = any_name(random);
    const std::string after = any_of<std::string>(random, {"", "a", "b"});
    const std::size_t count_max = below(random, 6);
    return [=](Stores& s, const IdScope& tenant) {
        auto& registrations = s.registrations();
        return describe(registrations.find(tenant, RegistrationId(name))) +
               describe(registrations.of_group(tenant, EnrollmentGroupId(name), after, count_max)) +
               describe(registrations.all(tenant, after, count_max)) +
               describe(registrations.unfinished(tenant, after, count_max)) +
               describe(registrations.at_hub(tenant, hub_1, after, count_max)) +
               describe(registrations.hub_counts(tenant)) +
               describe(s.fleet_operations().all(tenant));
    };
}

Operation any_trail_read(Random& random) {
    const JournalQuery query = any_query(random);
    const auto position = static_cast<std::int64_t>(below(random, 12));
    const std::size_t count_max = below(random, 12);
    return [=](Stores& s, const IdScope& tenant) {
        return text_of(s.journal().find(tenant, query, position, count_max)) +
               text_of(s.audit().read(tenant, position, count_max));
    };
}

/// The tenant's own of all instances.
std::string read_instance(Stores& stores, const IdScope& tenant) {
    std::string text;
    for (const provisioning::Instance& found : *stores.instances().all()) {
        text += found.scope == tenant ? describe(found) : "";
    }
    return text;
}

Operation any_operation(Random& random) {
    switch (below(random, 12)) {
    case 0:
    case 1:
    case 2: return any_enrollment_write(random);
    case 3:
    case 4: return any_registration_write(random);
    case 5:
    case 6: return any_trail_write(random);
    case 7: return any_instance_write(random);
    case 8: return any_enrollment_read(random);
    case 9: return any_registration_read(random);
    case 10: return any_trail_read(random);
    default: return read_instance;
    }
}

IdScope scope_of(int tenant) {
    return IdScope(fmt::format("0ne0000000{}", tenant));
}

} // namespace

TEST_P(TenancySuite, EachHasWhatAStoreOfItsOwnWouldHave) {
    constexpr int steps = 150;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Random random(seed);
        const auto shared = GetParam().make(small_bounds);
        std::array<std::unique_ptr<Stores>, tenants> own;
        std::ranges::generate(own, [] { return make_memory_stores(small_bounds); });
        for (int step = 0; step < steps; ++step) {
            const auto tenant = static_cast<int>(below(random, tenants));
            const Operation operation = any_operation(random);
            const IdScope its_scope = scope_of(tenant);
            ASSERT_EQ(operation(shared->stores(), its_scope),
                      operation(*own[static_cast<std::size_t>(tenant)], its_scope))
                << "seed " << seed << " step " << step;
            if (below(random, 50) == 0) {
                shared->reopen();
            }
        }
        for (int tenant = 0; tenant < tenants; ++tenant) {
            EXPECT_EQ(verdict_on(chain_of(shared->stores(), scope_of(tenant))), "") << seed;
        }
    }
}

// Scopes that begin alike, or would meet in a key that joins scope and id.
TEST_P(TenancySuite, ScopesThatResembleEachOtherAreNotTheSame) {
    const IdScope look_alikes[] = {IdScope("0ne1"),   IdScope("0ne11"), IdScope("0NE1"),
                                   IdScope("0ne1/a"), IdScope("0ne1 "), IdScope("")};
    for (const IdScope& tenant : look_alikes) {
        const auto what = change(tenant.text());
        const auto happened = event("a");
        ASSERT_TRUE(stores().enrollments().save(
            tenant, individual_with_certificates("a", SampleCertificate::a),
            Write(Expected{0}).limited(1).audited(what).noted(happened)));
        ASSERT_TRUE(stores().enrollments().save(tenant, group("a"), Expected{0}));
        ASSERT_TRUE(stores().registrations().save(tenant, record("a"), Expected{0}));
    }
    for (const IdScope& tenant : look_alikes) {
        EXPECT_EQ(stores().enrollments().individuals(tenant, "", 10)->size(), 1U);
        EXPECT_EQ(stores().enrollments().groups(tenant)->size(), 1U);
        EXPECT_EQ(stores().registrations().all(tenant, "", 10)->size(), 1U);
        EXPECT_EQ(stores().journal().find(tenant, {}, 0, 10)->size(), 1U);
        EXPECT_EQ(actions_of(stores(), tenant), tenant.text());
        EXPECT_EQ(stores().instances().purge(tenant, 100), false);
        EXPECT_EQ(stores().enrollments().individuals(tenant, "", 10)->size(), 0U);
    }
}

} // namespace muster::store
