#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

struct BulkTest : testing::Test, World {
    using Item = BulkItem<IndividualEnrollment>;

    static Item item(const std::string& id, const std::string& etag = {}) {
        return {.resource = individual(id, SymmetricKeyAttestation{test_keys}), .etag = ETag(etag)};
    }

    static BulkItem<EnrollmentGroup> group_item(const std::string& id,
                                                const std::string& etag = {}) {
        return {.resource = group(id, SymmetricKeyAttestation{test_keys}), .etag = ETag(etag)};
    }

    /// "ok" or the code of each item, separated by blanks; the code alone, if the whole failed.
    template <class Resource>
    std::string outcome(BulkMode mode, std::vector<BulkItem<Resource>> items) {
        const auto outcomes = enrollments->bulk(mode, std::move(items), test_operator);
        if (!outcomes) {
            return "whole: " + std::string(to_string(outcomes.error().code));
        }
        std::string text;
        for (const Result<void>& one : *outcomes) {
            text +=
                (text.empty() ? "" : " ") + std::string(one ? "ok" : to_string(one.error().code));
        }
        return text;
    }

    std::string outcome(BulkMode mode, std::vector<Item> items) {
        return outcome<IndividualEnrollment>(mode, std::move(items));
    }

    std::string etag_of(const std::string& id) {
        return enrollments->get(RegistrationId(id))->enrollment.stamp.etag.text();
    }
};

TEST(BulkModes, AreReadInAnyCase) {
    // DPS-SERVICE-31
    EXPECT_EQ(parse_bulk_mode("create"), BulkMode::create);
    EXPECT_EQ(parse_bulk_mode("UPDATE"), BulkMode::update);
    EXPECT_EQ(parse_bulk_mode("updateIfMatchETag"), BulkMode::update_if_match_etag);
    EXPECT_EQ(parse_bulk_mode("updateIfMatchEtag"), BulkMode::update_if_match_etag);
    EXPECT_EQ(parse_bulk_mode("delete"), BulkMode::erase);
    EXPECT_EQ(parse_bulk_mode("erase"), std::nullopt);
    EXPECT_EQ(parse_bulk_mode(""), std::nullopt);
}

TEST_F(BulkTest, CreatesWhatIsNotThere) {
    // DPS-SERVICE-30
    put(individual("b", NoAttestation{}));
    EXPECT_EQ(outcome(BulkMode::create, {item("a"), item("B"), item("c", "ignored")}),
              "ok already_exists ok");
    EXPECT_TRUE(enrollments->get(RegistrationId("a")));
    EXPECT_TRUE(std::holds_alternative<NoAttestation>(
        enrollments->get(RegistrationId("b"))->enrollment.terms.attestation))
        << "untouched";
    EXPECT_EQ(outcome(BulkMode::create, std::vector<Item>()), "");
}

TEST_F(BulkTest, UpdateTakesAnyEtagButNotNone) {
    // dps-service 2.6; 14, 7
    put(individual("a", NoAttestation{}));
    put(individual("b", NoAttestation{}));
    put(individual("c", NoAttestation{}));
    EXPECT_EQ(outcome(BulkMode::update,
                      {item("a"), item("b", "stale"), item("c", "*"), item("d"), item("e", "any")}),
              "already_exists ok ok not_found not_found");
    EXPECT_TRUE(std::holds_alternative<SymmetricKeyAttestation>(
        enrollments->get(RegistrationId("b"))->enrollment.terms.attestation));
    EXPECT_FALSE(enrollments->get(RegistrationId("d"))) << "an update does not create";
}

TEST_F(BulkTest, UpdateIfMatchComparesEachEtag) {
    for (const auto* id : {"a", "b", "c"}) {
        put(individual(id, NoAttestation{}));
    }
    EXPECT_EQ(outcome(BulkMode::update_if_match_etag,
                      {item("a", etag_of("a")), item("b", etag_of("a")),
                       item("c", '"' + etag_of("c") + '"'), item("d", "any")}),
              "ok precondition ok precondition");
    EXPECT_EQ(outcome(BulkMode::update_if_match_etag, {item("a"), item("d")}),
              "already_exists not_found");
    EXPECT_EQ(outcome(BulkMode::update_if_match_etag, {item("a", "*")}), "ok");
}

TEST_F(BulkTest, DeleteNeedsTheIdOnly) {
    // DPS-SERVICE-32
    put(individual("a", NoAttestation{}));
    put(individual("b", NoAttestation{}));
    Item invalid = item("A", "stale");
    invalid.resource.terms.hubs = {HubName("unknown")};
    EXPECT_EQ(outcome(BulkMode::erase, {invalid, item("gone"), item("b")}), "ok not_found ok");
    EXPECT_TRUE(enrollments->individuals("", 10)->empty());
}

TEST_F(BulkTest, OneBadItemDoesNotSpoilTheOthers) {
    Item unlinked = item("b");
    unlinked.resource.terms.allocation_policy = AllocationPolicy::hashed;
    unlinked.resource.terms.hubs = {HubName("unknown")};
    EXPECT_EQ(outcome(BulkMode::create, {item("a"), unlinked, item("c")}), "ok malformed ok");
    EXPECT_EQ(store.changes().size(), 2U) << "each success has an entry of its own";
}

TEST_F(BulkTest, TheListAsAWholeIsChecked) {
    std::vector<Item> items;
    for (std::size_t i = 0; i < bulk_items_max; ++i) {
        items.push_back(item("dev-" + std::to_string(i)));
    }
    EXPECT_EQ(outcome(BulkMode::create, {item("a"), item("b"), item("A")}), "whole: malformed");
    EXPECT_FALSE(enrollments->get(RegistrationId("b"))) << "nothing was done";
    EXPECT_EQ(outcome(BulkMode::create, items), "ok ok ok ok ok ok ok ok ok ok");
    items.push_back(item("one-more"));
    EXPECT_EQ(outcome(BulkMode::erase, items), "whole: malformed");
    EXPECT_EQ(enrollments->individuals("", 20)->size(), bulk_items_max);
}

TEST_F(BulkTest, GroupsFollowTheSameRules) {
    put(group("a", SymmetricKeyAttestation{test_keys}));
    const std::string etag = enrollments->get(EnrollmentGroupId("a"))->stamp.etag.text();
    using Items = std::vector<BulkItem<EnrollmentGroup>>;
    EXPECT_EQ(outcome(BulkMode::create, Items{group_item("A"), group_item("b")}),
              "already_exists ok");
    EXPECT_EQ(outcome(BulkMode::update, Items{group_item("a"), group_item("b", "x")}),
              "already_exists ok");
    EXPECT_EQ(outcome(BulkMode::update_if_match_etag,
                      Items{group_item("a", etag), group_item("b", etag)}),
              "ok precondition");
    EXPECT_EQ(outcome(BulkMode::erase, Items{group_item("a"), group_item("c")}), "ok not_found");
    EXPECT_EQ(outcome(BulkMode::erase, Items{group_item("b"), group_item("B")}),
              "whole: malformed");
}

TEST_F(BulkTest, AQuotaEndsItInTheMiddle) {
    change([](Instance& one) { one.quotas.enrollments = 2; });
    EXPECT_EQ(outcome(BulkMode::create, {item("a"), item("b"), item("c")}),
              "ok ok " + std::string(to_string(Code::quota_exceeded)));
}

} // namespace
} // namespace muster::provisioning
