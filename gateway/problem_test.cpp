#include "base/json.h"
#include "gateway/hub_http/problem.h"
#include "gateway/problem.h"
#include "provisioning/refusals.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

constexpr Subject every_subject[] = {Subject::request, Subject::enrollment,
                                     Subject::enrollment_group, Subject::registration};

TEST(Problem, EveryCodeHasAnAnswerAtEveryEdge) {
    // DPS-DEVICE-20, DPS-SERVICE-40: six digits, and the status is what stands before the last
    // three
    for (int number = 0; number <= static_cast<int>(Code::internal); ++number) {
        const auto code = static_cast<Code>(number);
        for (const auto about : every_subject) {
            const auto problem = problem_of(code, about);
            EXPECT_GE(problem.status, 400U) << to_string(code);
            EXPECT_EQ(problem.error_code / 1000, static_cast<int>(problem.status))
                << to_string(code);
        }
        const auto at_hub = hub_problem_of(code);
        EXPECT_GE(at_hub.status, 400U) << to_string(code);
        EXPECT_EQ(at_hub.number / 1000, static_cast<int>(at_hub.status)) << to_string(code);
        EXPECT_FALSE(at_hub.name.empty());
    }
}

TEST(Problem, KnowsTheNumbersThatClientsKnow) {
    // DPS-SERVICE-21: 409201 and 409202; DPS-SERVICE-40: 404201 and 404204; DPS-SERVICE-42: 412
    using Expected = Problem;
    EXPECT_EQ(problem_of(Code::already_exists, Subject::enrollment), (Expected{409, 409201}));
    EXPECT_EQ(problem_of(Code::already_exists, Subject::enrollment_group), (Expected{409, 409202}));
    EXPECT_EQ(problem_of(Code::not_found, Subject::enrollment), (Expected{404, 404201}));
    EXPECT_EQ(problem_of(Code::not_found, Subject::enrollment_group), (Expected{404, 404204}));
    EXPECT_EQ(problem_of(Code::not_found, Subject::registration), (Expected{404, 404202}));
    EXPECT_EQ(problem_of(Code::unauthenticated, Subject::enrollment), (Expected{401, 401000}));
    EXPECT_EQ(problem_of(Code::attestation_failed, Subject::enrollment), (Expected{401, 401002}));
    EXPECT_EQ(problem_of(Code::precondition, Subject::enrollment), (Expected{412, 412201}));
    EXPECT_EQ(problem_of(Code::precondition, Subject::enrollment_group), (Expected{412, 412202}));
    EXPECT_EQ(problem_of(Code::precondition, Subject::registration), (Expected{412, 412203}));
    EXPECT_EQ(problem_of(Code::malformed, Subject::enrollment), (Expected{400, 400004}));
    EXPECT_EQ(problem_of(Code::malformed, Subject::request), (Expected{400, 400000}));
}

TEST(Problem, RefusesBeyondAQuotaAsForbidden) {
    // dps-service 8.3, and 14, 22
    EXPECT_EQ(problem_of(Code::quota_exceeded, Subject::enrollment), (Problem{403, 403201}));
    EXPECT_EQ(problem_of(Code::quota_exceeded, Subject::enrollment_group), (Problem{403, 403202}));
    EXPECT_EQ(problem_of(Code::quota_exceeded, Subject::registration), (Problem{403, 403203}));
}

TEST(Problem, TellsADeviceTheNumberThatItsJournalHas) {
    for (int number = 0; number <= static_cast<int>(Code::internal); ++number) {
        const auto code = static_cast<Code>(number);
        const auto about = code == Code::not_found ? Subject::enrollment : Subject::registration;
        EXPECT_EQ(problem_of(code, about).error_code, provisioning::device_error_code(code))
            << to_string(code);
    }
}

TEST(Problem, AnswersLackOfRightsAsUnauthorized) {
    // dps-service 14, 17: one client reads a 403 as "too many devices"
    EXPECT_EQ(problem_of(Code::forbidden, Subject::enrollment).status, 401U);
}

TEST(Problem, DocumentHasTheFourMembers) {
    // DPS-DEVICE-20
    const auto error = fail(Code::not_found, "enrollment not found").error();
    const auto refusal =
        make_refusal(problem_of(error.code, Subject::enrollment), error, TrackingId("t-1"));
    EXPECT_EQ(problem_document(refusal, from_unix_seconds(1700000000)),
              R"({"errorCode":404201,"trackingId":"t-1","message":"enrollment not found",)"
              R"("timestampUtc":"2023-11-14T22:13:20.0000000Z"})");
}

TEST(Problem, ShowsNeitherCauseNorDetailOfOurOwnFaults) {
    const auto error = fail(Code::internal, "row 7 is odd", "SELECT secret").error();
    const auto refusal =
        make_refusal(problem_of(error.code, Subject::request), error, TrackingId("t-1"));
    EXPECT_EQ(refusal.message, "internal error");
    const auto forbidden = fail(Code::unauthenticated, "unauthorized", "neither key fits").error();
    const auto document = problem_document(
        make_refusal(problem_of(forbidden.code, Subject::request), forbidden, TrackingId("t-2")),
        from_unix_seconds(0));
    EXPECT_EQ(document.find("neither"), std::string::npos);
}

TEST(Problem, ResponseCarriesTrackingIdCodeAndType) {
    // DPS-SERVICE-6, DPS-DEVICE-26
    const auto error = fail(Code::malformed, "bad").error();
    const auto response = problem_response(
        make_refusal(problem_of(error.code, Subject::enrollment), error, TrackingId("t-9")), {});
    const auto header = [&](std::string_view name) {
        for (const auto& [key, value] : response.headers) {
            if (key == name) {
                return value;
            }
        }
        return std::string();
    };
    EXPECT_EQ(response.status, 400U);
    EXPECT_EQ(header("Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(header("x-ms-request-id"), "t-9");
    EXPECT_EQ(header("x-ms-error-code"), "400004");
    EXPECT_EQ(header("Retry-After"), "");
}

TEST(Problem, OverloadSaysWhenToComeBack) {
    // DPS-DEVICE-31, DPS-SERVICE-41: an integer of seconds with 429 and 503
    for (const auto code : {Code::rate_limited, Code::unavailable, Code::deadline_exceeded}) {
        const auto error = fail(code, "later").error();
        const auto refusal =
            make_refusal(problem_of(code, Subject::request), error, TrackingId("t"));
        EXPECT_EQ(refusal.retry_after, std::chrono::seconds(3)) << to_string(code);
    }
    auto error = fail(Code::rate_limited, "later").error();
    error.retry_after = std::chrono::seconds(17);
    const auto response = problem_response(
        make_refusal(problem_of(error.code, Subject::request), error, TrackingId("t")), {});
    EXPECT_EQ(response.headers.back().name, "Retry-After");
    EXPECT_EQ(response.headers.back().value, "17");
}

} // namespace
} // namespace muster::gateway
