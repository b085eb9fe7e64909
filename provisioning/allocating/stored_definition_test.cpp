// A customAllocationDefinition on its way through an enrollment: what is stored, what is shown, and
// what a caller who writes back what he read keeps.

#include "provisioning/documents.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

constexpr std::string_view key_text = "MDEyMzQ1Njc4OWFiY2RlZg==";

struct StoredDefinition : testing::Test, World {
    /// As a caller writes it.
    static JsonObject document(JsonObject definition) {
        return {{"registrationId", "dev-1"},
                {"attestation", JsonObject{{"type", "symmetricKey"}}},
                {"allocationPolicy", "custom"},
                {"customAllocationDefinition", std::move(definition)}};
    }

    JsonObject put_document(const JsonObject& wanted) {
        const auto stored =
            enrollments->put(individual_from_document(wanted).value(),
                             {.kind = IfMatch::Kind::any, .etag = {}}, test_operator);
        EXPECT_TRUE(stored) << stored.error().detail;
        return stored ? to_document(*stored, View::written) : JsonObject();
    }

    void create(JsonObject definition) {
        const auto stored = enrollments->put(
            individual_from_document(document(std::move(definition))).value(), {}, test_operator);
        ASSERT_TRUE(stored) << stored.error().detail;
    }

    IndividualEnrollment stored() {
        return enrollments->get(RegistrationId("dev-1")).value().enrollment;
    }

    JsonObject read() { return to_document(stored(), View::read); }

    JsonObject stored_definition() { return stored().terms.custom_allocation.value(); }
};

// DPS-SERVICE-28, DPS-SERVICE-24
TEST_F(StoredDefinition, IsEchoedAsItWasSent) {
    const JsonObject sent{{"apiVersion", "2021-10-01"},
                          {"webhookUrl", "https://web.hook/a?code=b"},
                          {"note", JsonArray{1, 2.50, nullptr}},
                          {"fallbackPolicy", "hashed"}};
    create(sent);
    EXPECT_EQ(to_text(read().at("customAllocationDefinition")), to_text(sent));
    EXPECT_EQ(to_text(stored_definition()), to_text(sent));
}

TEST_F(StoredDefinition, ItsKeyIsShownToWhoeverWroteItOnly) {
    create({{"webhookUrl", "https://web.hook"},
            {"apiVersion", "2021-10-01"},
            {"signingKey", key_text}});
    EXPECT_EQ(stored_definition().at("signingKey"), Json(key_text));
    EXPECT_EQ(to_text(read()).find(key_text), std::string::npos);
    const IndividualEnrollment enrollment = stored();
    EXPECT_EQ(to_text(to_document(enrollment, View::exported)).find(key_text), std::string::npos);
    for (const View view : {View::written, View::stored, View::exported_with_keys}) {
        EXPECT_NE(to_text(to_document(enrollment, view)).find(key_text), std::string::npos);
    }
}

// DPS-SERVICE-20
TEST_F(StoredDefinition, WritingBackWhatWasReadKeepsTheKey) {
    create({{"webhookUrl", "https://web.hook"},
            {"apiVersion", "2021-10-01"},
            {"signingKey", key_text}});
    const JsonObject answer = put_document(read());
    EXPECT_EQ(answer.at("customAllocationDefinition").at("signingKey"), Json(key_text));
    EXPECT_EQ(stored_definition().at("signingKey"), Json(key_text));
}

TEST_F(StoredDefinition, AnEmptyKeyTakesItAway) {
    create({{"webhookUrl", "https://web.hook"},
            {"apiVersion", "2021-10-01"},
            {"signingKey", key_text}});
    JsonObject changed = read();
    changed["customAllocationDefinition"].as_object()["signingKey"] = "";
    put_document(changed);
    EXPECT_FALSE(stored_definition().contains("signingKey"));
}

TEST_F(StoredDefinition, ItComesBackFromTheStoreAsItWas) {
    create({{"webhookUrl", "https://web.hook"},
            {"apiVersion", "2021-10-01"},
            {"signingKey", key_text}});
    const IndividualEnrollment enrollment = stored();
    const auto again = stored_individual(to_document(enrollment, View::stored));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->terms.custom_allocation, enrollment.terms.custom_allocation);
}

} // namespace
} // namespace muster::provisioning
