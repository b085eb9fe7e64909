// The step that asks an allocation function.

#include "provisioning/planning.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

using enum RegistrationStatus;

struct Asked : testing::Test, World {
    void enroll(const char* extra = "") {
        IndividualEnrollment one = individual("dev-1", SymmetricKeyAttestation{test_keys});
        one.terms.allocation_policy = AllocationPolicy::custom;
        one.terms.custom_allocation =
            parse_json_object(
                std::string(
                    R"({"webhookUrl":"https://f.example.net/a","apiVersion":"2021-10-01")") +
                extra + "}")
                .value();
        put(one, IfMatch::Kind::absent);
    }

    void answer(unsigned status, std::string body) {
        web.answer_next(WebReply{
            .status = status, .content_type = "application/json", .body = std::move(body)});
    }

    RegistrationRecord ended() { return *provision(with_key("dev-1", key_a)).record; }
};

TEST_F(Asked, TheFunctionNamesTheHubAndHandsOutAPayload) {
    enroll();
    for (const std::string& hub : {std::string("hub-2"), std::string("hub-1")}) {
        answer(200, R"({"iotHubHostName":")" + hub + R"(","payload":{"by":"function"}})");
        const RegistrationRecord record = ended();
        EXPECT_EQ(record.status, assigned);
        EXPECT_EQ(record.assignment->hub, HubName(hub));
        EXPECT_EQ(record.payload, (JsonObject{{"by", "function"}}));
        EXPECT_EQ(hubs.hubs_with(DeviceId("dev-1")), std::vector{HubName(hub)});
    }
}

TEST_F(Asked, AFunctionThatRefusesFailsTheRegistration) {
    // DPS-DEVICE 7.3: 400207 and the status
    enroll(R"(,"fallbackPolicy":"hashed")");
    answer(403, "{}");
    const RegistrationRecord record = ended();
    EXPECT_EQ(record.status, failed);
    EXPECT_EQ(record.failure->error_code, failure_code::custom_allocation);
    EXPECT_EQ(record.failure->message, "Custom allocation failed with status code: 403");
    EXPECT_EQ(hubs.calls(), 0) << "no fallback overrules it, and no hub hears of it";
    answer(200, R"({"iotHubHostName":"hub-1"})");
    EXPECT_EQ(ended().status, assigned) << "the device can come back";
}

TEST_F(Asked, AFunctionThatIsAwayLeavesItToTheFallbackPolicy) {
    enroll(R"(,"fallbackPolicy":"hashed")");
    EXPECT_EQ(ended().status, assigned) << "nobody answers";
    EXPECT_FALSE(web.calls().empty());
}

TEST_F(Asked, WithoutOneTheRegistrationFails) {
    enroll();
    const RegistrationRecord record = ended();
    EXPECT_EQ(record.status, failed);
    EXPECT_EQ(record.failure->error_code, failure_code::custom_allocation);
}

TEST_F(Asked, AHubThatIsNoCandidateFailsTheRegistration) {
    enroll();
    answer(200, R"({"iotHubHostName":"elsewhere.example.net"})");
    EXPECT_EQ(ended().failure->error_code, failure_code::custom_allocation);
    EXPECT_EQ(hubs.calls(), 0);
}

TEST_F(Asked, AnEnrollmentDeletedWhileTheFunctionThinksGetsNoDevice) {
    enroll();
    web.before_calls([&] { (void)enrollments->erase(RegistrationId("dev-1"), {}, test_operator); });
    answer(200, R"({"iotHubHostName":"hub-1"})");
    ASSERT_TRUE(registration->register_device(with_key("dev-1", key_a)));
    settle();
    EXPECT_FALSE(record("dev-1"));
    EXPECT_EQ(hubs.calls(), 0);
}

} // namespace
} // namespace muster::provisioning
