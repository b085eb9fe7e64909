// Random enrollments through every view of their documents and back.

#include "provisioning/documents.h"
#include "provisioning/random_enrollments.h"

namespace muster::provisioning {
namespace {

const IfMatch absent{};
const IfMatch any{.kind = IfMatch::Kind::any, .etag = {}};

Result<IndividualEnrollment> read_as(const IndividualEnrollment& /*kind*/,
                                     const JsonObject& document) {
    return individual_from_document(document);
}

Result<EnrollmentGroup> read_as(const EnrollmentGroup& /*kind*/, const JsonObject& document) {
    return group_from_document(document);
}

/// As it travels: through its text.
template <class Resource>
JsonObject sent(const Resource& resource, View view) {
    const auto document = parse_json_object(to_text(to_document(resource, view)));
    EXPECT_TRUE(document);
    return document.value_or(JsonObject());
}

/// Everything but the stamp, secrets included.
template <class Resource>
JsonObject substance(Resource resource) {
    resource.stamp = {.version = 1, .etag = ETag("e"), .created = {}, .updated = {}};
    return to_document(resource, View::stored);
}

struct RandomDocuments : testing::TestWithParam<std::uint64_t> {
    RandomDocuments() : random(GetParam()) {}

    template <class Check>
    void for_each(Check check) {
        SCOPED_TRACE("seed " + std::to_string(GetParam()));
        for (int i = 0; i < 10 && !HasFailure(); ++i) {
            check(random.individual());
            check(random.group());
        }
    }

    RandomEnrollments random;
};

JsonObject as_seen(Enrollments& enrollments, const IndividualEnrollment& one) {
    return to_document(enrollments.get(one.id).value().enrollment, View::read);
}

JsonObject as_seen(Enrollments& enrollments, const EnrollmentGroup& one) {
    return to_document(enrollments.get(one.id).value(), View::read);
}

TEST_P(RandomDocuments, SurvivePutGetPut) {
    // DPS-SERVICE-20, DPS-SERVICE-24
    for_each([](const auto& wanted) {
        World world;
        const auto written = world.enrollments->put(wanted, absent, test_operator);
        ASSERT_TRUE(written) << written.error().detail << to_text(substance(wanted));
        EXPECT_EQ(substance(*written), substance(wanted)) << "nothing is added or lost";
        const JsonObject seen = as_seen(*world.enrollments, wanted);
        const auto again = read_as(wanted, parse_json_object(to_text(seen)).value());
        ASSERT_TRUE(again) << again.error().detail << to_text(seen);
        const auto rewritten = world.enrollments->put(*again, any, test_operator);
        ASSERT_TRUE(rewritten) << rewritten.error().detail;
        EXPECT_EQ(substance(*rewritten), substance(wanted)) << "keys and certificates are kept";
        EXPECT_NE(rewritten->stamp.etag, written->stamp.etag);
    });
}

TEST_P(RandomDocuments, ReadBackFromTheStoreWithoutLoss) {
    for_each([](auto wanted) {
        wanted.stamp = {.version = 7,
                        .etag = ETag("IjAi"),
                        .created = test_time,
                        .updated = test_time + std::chrono::microseconds(1)};
        const JsonObject stored = sent(wanted, View::stored);
        if constexpr (std::is_same_v<decltype(wanted), EnrollmentGroup>) {
            EXPECT_EQ(to_document(stored_group(stored).value(), View::stored), stored);
        } else {
            EXPECT_EQ(to_document(stored_individual(stored).value(), View::stored), stored);
        }
    });
}

TEST_P(RandomDocuments, AnExportWithKeysIsTheWholeEnrollment) {
    for_each([](const auto& wanted) {
        const auto again = read_as(wanted, sent(wanted, View::exported_with_keys));
        ASSERT_TRUE(again) << again.error().detail;
        EXPECT_EQ(substance(*again), substance(wanted));
    });
}

TEST_P(RandomDocuments, AnExportWithoutKeysChangesNothingWhereItCameFrom) {
    for_each([](const auto& wanted) {
        World world;
        const auto written = world.enrollments->put(wanted, absent, test_operator);
        ASSERT_TRUE(written) << written.error().detail;
        const auto again = read_as(wanted, sent(*written, View::exported));
        ASSERT_TRUE(again) << again.error().detail;
        const auto applied = world.enrollments->put(*again, any, test_operator);
        ASSERT_TRUE(applied) << applied.error().detail;
        EXPECT_EQ(substance(*applied), substance(wanted));
    });
}

TEST_P(RandomDocuments, ImportOfWhatIsThereIsUnchanged) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()));
    for (int i = 0; i < 10; ++i) {
        World world;
        const IndividualEnrollment wanted = random.individual();
        ASSERT_TRUE(world.enrollments->put(wanted, absent, test_operator));
        const auto row = individual_from_document(sent(wanted, View::exported));
        ASSERT_TRUE(row) << row.error().detail;
        const auto outcomes = world.enrollments->import({*row}, ImportMode::replace, test_operator);
        ASSERT_TRUE(outcomes);
        EXPECT_EQ(outcomes->front(), ImportOutcome::unchanged) << to_text(substance(wanted));
    }
}

TEST_P(RandomDocuments, AnExportHoldsNothingReadOnlyAndNoKeys) {
    for_each([](auto wanted) {
        wanted.stamp = {
            .version = 7, .etag = ETag("IjAi"), .created = test_time, .updated = test_time};
        const JsonObject exported = to_document(wanted, View::exported);
        for (const auto* name : {"etag", "createdDateTimeUtc", "lastUpdatedDateTimeUtc",
                                 "registrationState", "version"}) {
            EXPECT_FALSE(exported.contains(name)) << name;
        }
        const std::string attestation = to_text(exported.at("attestation"));
        EXPECT_EQ(attestation.find("Key\":\"") != std::string::npos,
                  std::holds_alternative<TpmAttestation>(wanted.terms.attestation))
            << attestation;
        EXPECT_EQ(attestation.find("\"info\""), std::string::npos);
    });
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDocuments, testing::Range<std::uint64_t>(1, 11));

TEST(ExportedDocument, ShowsCertificatesAsPemAndKeysOnlyWhenAsked) {
    const auto leaf = make_leaf("dev-1");
    const JsonObject exported =
        to_document(individual("dev-1", client(leaf.certificate)), View::exported);
    EXPECT_EQ(
        to_text(exported),
        to_text(JsonObject{
            {"registrationId", "dev-1"},
            {"attestation",
             JsonObject{
                 {"type", "x509"},
                 {"x509",
                  JsonObject{{"clientCertificates",
                              JsonObject{{"primary", JsonObject{{"certificate",
                                                                 leaf.certificate.pem()}}}}}}}}},
            {"provisioningStatus", "enabled"}}));
    const auto keyed = group("g", SymmetricKeyAttestation{test_keys});
    EXPECT_EQ(to_text(to_document(keyed, View::exported).at("attestation")),
              R"({"type":"symmetricKey"})");
    EXPECT_EQ(to_document(keyed, View::exported_with_keys)
                  .at("attestation")
                  .at("symmetricKey")
                  .at("primaryKey")
                  .as_string(),
              crypto::encode_key(key_a));
}

TEST(EnrollmentDocument, AnEmptyListOfHubsIsEchoed) {
    // DPS-SERVICE-24
    const auto read = [](std::string_view hubs) {
        return individual_from_document(
                   parse_json_object(
                       R"({"registrationId":"a","attestation":{"type":"none"},"iotHubs":)" +
                       std::string(hubs) + "}")
                       .value())
            .value();
    };
    for (const View view : {View::stored, View::written, View::read, View::exported}) {
        const JsonObject document = to_document(read("[]"), view);
        ASSERT_TRUE(document.contains("iotHubs"));
        EXPECT_EQ(document.at("iotHubs"), JsonArray());
        EXPECT_FALSE(to_document(read("null"), view).contains("iotHubs"));
    }
}

} // namespace
} // namespace muster::provisioning
