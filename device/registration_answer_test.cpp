#include "device/registration_answer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace muster::device {
namespace {

using namespace std::chrono_literals;

Verdict judge(unsigned status, std::string body,
              std::optional<std::chrono::seconds> retry_after = std::nullopt) {
    return device::judge(ServiceAnswer{status, retry_after, std::move(body)});
}

TEST(RegistrationAnswer, AssigningMeansPoll) {
    const Verdict verdict = judge(202, R"({"operationId":"5.x.y","status":"assigning"})", 3s);
    const auto* later = std::get_if<AskLater>(&verdict);
    ASSERT_NE(later, nullptr);
    EXPECT_EQ(later->operation_id, "5.x.y");
    EXPECT_EQ(later->wait, 3s);
}

TEST(RegistrationAnswer, AWaitIsBetweenOneSecondAndFiveMinutes) {
    const std::string body = R"({"operationId":"o","status":"assigning"})";
    EXPECT_EQ(std::get<AskLater>(judge(202, body)).wait, 2s);
    EXPECT_EQ(std::get<AskLater>(judge(202, body, 0s)).wait, 1s);
    EXPECT_EQ(std::get<AskLater>(judge(202, body, 86'400s)).wait, 300s);
}

TEST(RegistrationAnswer, AssignedNamesHubAndDevice) {
    const Verdict verdict =
        judge(200, R"({"operationId":"o","status":"assigned","registrationState":
                       {"assignedHub":"h.test","deviceId":"d","substatus":"initialAssignment"}})");
    const auto* assigned = std::get_if<Assigned>(&verdict);
    ASSERT_NE(assigned, nullptr);
    EXPECT_EQ(assigned->hub, "h.test");
    EXPECT_EQ(assigned->device_id, "d");
    EXPECT_EQ(assigned->substatus, "initialAssignment");
}

TEST(RegistrationAnswer, TooBusyMeansTheSameAgain) {
    for (const unsigned status : {429U, 500U, 503U, 599U}) {
        const Verdict verdict = judge(status, R"({"errorCode":429001,"message":"Throttled"})", 7s);
        const auto* later = std::get_if<AskLater>(&verdict);
        ASSERT_NE(later, nullptr) << status;
        EXPECT_EQ(later->wait, 7s);
        EXPECT_EQ(later->operation_id, "");
        EXPECT_EQ(later->reason, "Throttled (error 429001)");
    }
}

struct Row {
    unsigned status;
    std::string body;
    Code code;
    std::string detail;
};

TEST(RegistrationAnswer, RefusalsCarryTheServicesText) {
    const std::vector<Row> rows{
        {401, R"({"errorCode":401000,"trackingId":"t-1","message":"Unauthorized"})",
         Code::unauthenticated, "Unauthorized (error 401000, tracking id t-1)"},
        {401, R"({"errorCode":401002,"message":"Invalid certificate."})", Code::attestation_failed,
         "Invalid certificate. (error 401002)"},
        {404, R"({"errorCode":404201,"message":"Not found"})", Code::not_found,
         "Not found (error 404201)"},
        {400, "<html>", Code::malformed, "the service answered with status 400"},
        {403, "{}", Code::forbidden, "refused (error 403)"},
        {409, "{}", Code::conflict, "refused (error 409)"},
        {412, "{}", Code::precondition, "refused (error 412)"},
        {413, "{}", Code::too_large, "refused (error 413)"},
        {408, "{}", Code::deadline_exceeded, "refused (error 408)"},
        {301, "{}", Code::malformed, "refused (error 301)"},
        {200,
         R"({"status":"failed","registrationState":{"errorCode":400208,"errorMessage":"no hub"}})",
         Code::no_hub_available, "no hub (error 400208)"},
        {200, R"({"status":"failed","registrationState":{"errorCode":401002}})",
         Code::attestation_failed, "the registration failed (error 401002)"},
        {200, R"({"status":"failed"})", Code::malformed, "the registration failed (error 0)"},
        {200, R"({"status":"disabled","registrationState":{}})", Code::forbidden,
         "the enrollment is disabled"},
        {200, "no json", Code::malformed, "the service's answer is no JSON object"},
        {202, R"({"status":"assigning"})", Code::malformed,
         "the service named no operation to ask for"},
        {200, R"({"status":"assigned","registrationState":{"deviceId":"d"}})", Code::malformed,
         "the service assigned no hub or no device id"},
        {200, R"({"status":"assigned","registrationState":[]})", Code::malformed,
         "the service assigned no hub or no device id"},
        {200, R"({"status":7})", Code::malformed,
         "the service's answer has no status that is known"},
    };
    for (const Row& row : rows) {
        const Verdict verdict = judge(row.status, row.body);
        const auto* error = std::get_if<Error>(&verdict);
        ASSERT_NE(error, nullptr) << row.body;
        EXPECT_EQ(error->code, row.code) << row.body;
        EXPECT_EQ(error->detail, row.detail);
    }
}

TEST(RegistrationAnswer, AHubRefusalIsReadTheSameWay) {
    EXPECT_EQ(refusal_of(429, "{}").code, Code::rate_limited);
    EXPECT_EQ(refusal_of(501, "{}").code, Code::unsupported);
    EXPECT_EQ(refusal_of(503, "").code, Code::unavailable);
}

} // namespace
} // namespace muster::device
