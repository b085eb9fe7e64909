// Many individual enrollments at once: written, found and filtered.

#include "store/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

namespace muster::store {

namespace {

using provisioning::EnrollmentFilter;
using provisioning::Expected;
using provisioning::IndividualEnrollment;
using provisioning::IndividualWrite;
using provisioning::Write;

class BatchSuite : public StoreSuite {
  protected:
    provisioning::EnrollmentStore& enrollments() { return stores().enrollments(); }

    std::string save_all(const std::vector<IndividualWrite>& rows,
                         const Write& batch = Write(Expected{})) {
        return describe(enrollments().save_all(scope, rows, batch));
    }

    std::string all_ids(const IdScope& in = scope) {
        return ids_of(enrollments().individuals(in, "", 10'000));
    }

    std::string matching(std::string_view query, const std::string& after = "",
                         std::size_t count_max = 100) {
        const auto filter = provisioning::parse_enrollment_query(query);
        EXPECT_TRUE(filter) << query;
        return ids_of(enrollments().individuals_where(scope, *filter, after, count_max));
    }

    std::string found(const std::vector<std::string>& ids, const IdScope& in = scope) {
        std::vector<RegistrationId> wanted;
        for (const std::string& id : ids) {
            wanted.emplace_back(id);
        }
        auto individuals = enrollments().find_individuals(in, wanted);
        EXPECT_TRUE(individuals);
        std::ranges::sort(*individuals, {}, &IndividualEnrollment::id);
        return ids_of(individuals);
    }
};

IndividualWrite creation(std::string_view id) {
    return {individual(id), Expected{0}};
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, BatchSuite, every_engine, engine_name);

TEST_P(BatchSuite, EveryRowComesBackWhole) {
    EXPECT_EQ(save_all({creation("b"), creation("A"), creation("c")}), "[done; done; done; ]");
    reopen();
    EXPECT_EQ(all_ids(), "A b c");
    EXPECT_EQ(all_ids(other_scope), "");
    EXPECT_EQ(describe(enrollments().find_individual(scope, RegistrationId("a"))),
              describe(individual("A")));
}

TEST_P(BatchSuite, NoRowsAreNoWrite) {
    EXPECT_EQ(save_all({}), "[]");
    EXPECT_EQ(describe(enrollments().counts(scope)), describe(provisioning::ScopeCounts{}));
}

TEST_P(BatchSuite, ARefusedRowLeavesTheOthersAlone) {
    ASSERT_TRUE(enrollments().save(scope, individual("there"), Expected{0}));
    EXPECT_EQ(save_all({creation("a"),
                        creation("THERE"),                 // is there already
                        {individual("b", 2), Expected{1}}, // is not
                        {individual("there", 2), Expected{1}},
                        creation("c")}),
              "[done; conflict: it was changed by somebody else; "
              "conflict: it was changed by somebody else; done; done; ]");
    reopen();
    EXPECT_EQ(all_ids(), "a c there");
    EXPECT_EQ(describe(enrollments().find_individual(scope, RegistrationId("there"))),
              describe(individual("there", 2)));
    EXPECT_EQ(describe(enrollments().counts(scope)), "3 enrollments, 0 groups, 0 registrations");
}

TEST_P(BatchSuite, ARowWhoseCertificateIsTakenLeavesNoTrace) { // dps-service 14, 15
    const auto a = individual_with_certificates("a", SampleCertificate::a);
    const auto b = individual_with_certificates("b", SampleCertificate::b, SampleCertificate::a);
    const auto c = individual_with_certificates("c", SampleCertificate::b);
    EXPECT_EQ(save_all({{a, Expected{0}}, {b, Expected{0}}, {c, Expected{0}}}),
              "[done; already_exists: the certificate belongs to another enrollment; done; ]");
    reopen();
    EXPECT_EQ(all_ids(), "a c");
    const auto holder =
        enrollments().individual_with_thumbprint(scope, sha256_thumbprint(SampleCertificate::b));
    EXPECT_EQ(describe(holder), "c");
}

TEST_P(BatchSuite, ACertificateMovesWithinABatch) {
    const auto before = individual_with_certificates("a", SampleCertificate::a);
    ASSERT_TRUE(enrollments().save(scope, before, Expected{0}));
    const auto moved = individual_with_certificates("b", SampleCertificate::a);
    EXPECT_EQ(save_all({{individual("a", 2), Expected{1}}, {moved, Expected{0}}}),
              "[done; done; ]");
    const auto holder =
        enrollments().individual_with_thumbprint(scope, sha256_thumbprint(SampleCertificate::a));
    EXPECT_EQ(describe(holder), "b");
}

TEST_P(BatchSuite, ABatchStopsAtTheQuotaAndStillChangesWhatIsThere) {
    ASSERT_TRUE(enrollments().save(scope, individual("a"), Expected{0}));
    EXPECT_EQ(save_all({creation("b"),
                        creation("c"),
                        creation("B"),
                        {individual("a", 2), Expected{1}},
                        creation("d")},
                       Write(Expected{}).limited(2)),
              "[done; quota_exceeded: the quota of individual enrollments (2) is used up; "
              "conflict: it was changed by somebody else; done; "
              "quota_exceeded: the quota of individual enrollments (2) is used up; ]");
    reopen();
    EXPECT_EQ(all_ids(), "a b");
    EXPECT_EQ(describe(enrollments().counts(scope)), "2 enrollments, 0 groups, 0 registrations");
}

TEST_P(BatchSuite, ABatchHasOneAuditEntryIfItChangedAnything) {
    const provisioning::Change change{.at = from_unix_seconds(1'900'000'000),
                                      .by = {"policy:owner"},
                                      .action = "enrollment.import",
                                      .resource = "enrollments",
                                      .before = {},
                                      .after = {}};
    save_all({creation("a"), creation("b"), creation("A")}, Write(Expected{}).audited(change));
    save_all({creation("a"), creation("b")}, Write(Expected{}).audited(change));
    reopen();
    const auto entries = stores().audit().read(scope, 0, 10);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 1U);
    EXPECT_EQ(entries->front().text, provisioning::audit_text(1, change));
}

TEST_P(BatchSuite, OfManyBatchesWithTheSameRowsEachRowIsWrittenOnce) {
    std::atomic<int> written = 0;
    race(8, [&](int) {
        std::vector<IndividualWrite> rows;
        for (int number = 0; number < 50; ++number) {
            rows.push_back(creation(fmt::format("row-{}", number)));
        }
        const auto outcomes = enrollments().save_all(scope, rows, Write(Expected{}));
        ASSERT_TRUE(outcomes);
        written += static_cast<int>(
            std::ranges::count_if(*outcomes, [](const auto& one) { return one.has_value(); }));
    });
    EXPECT_EQ(written, 50);
    EXPECT_EQ(describe(enrollments().counts(scope)), "50 enrollments, 0 groups, 0 registrations");
}

TEST_P(BatchSuite, ThoseThatAreThereAreFound) {
    save_all({creation("a"), creation("B"), creation("c")});
    EXPECT_EQ(found({"b", "x", "A"}), "a B");
    EXPECT_EQ(found({}), "");
    EXPECT_EQ(found({"a"}, other_scope), "");
}

TEST_P(BatchSuite, AFilterSelectsInOrderAndInPages) {
    std::vector<IndividualWrite> rows;
    for (int number = 100; number < 400; ++number) {
        auto enrollment = individual(fmt::format("Dev-{}", number));
        enrollment.terms.initial_twin =
            JsonObject{{"tags", {{"site", number % 100 == 0 ? "north" : "south"}}}};
        enrollment.terms.status = number == 200 ? provisioning::ProvisioningStatus::disabled
                                                : provisioning::ProvisioningStatus::enabled;
        rows.push_back({enrollment, Expected{0}});
    }
    ASSERT_TRUE(enrollments().save_all(scope, rows, Write(Expected{})));
    ASSERT_TRUE(enrollments().save(other_scope, rows.front().enrollment, Expected{0}));
    reopen();
    constexpr std::string_view north =
        "SELECT * FROM enrollments WHERE initialTwin.tags.site = 'north'";
    EXPECT_EQ(matching(north), "Dev-100 Dev-200 Dev-300");
    EXPECT_EQ(matching(north, "", 2), "Dev-100 Dev-200");
    EXPECT_EQ(matching(north, "dev-200", 2), "Dev-300");
    EXPECT_EQ(matching(north, "dev-300", 2), "");
    EXPECT_EQ(matching(north, "", 0), "");
    EXPECT_EQ(matching("SELECT * WHERE provisioningStatus = 'disabled'"), "Dev-200");
    EXPECT_EQ(matching("*", "dev-397"), "Dev-398 Dev-399");
}

} // namespace muster::store
