// How the hub's refusals look: the table of codes, and the two shapes of a document.

#include "base/file.h"
#include "base/log.h"
#include "gateway/hub_http/problem.h"
#include "gateway/hub_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <iterator>

namespace muster::gateway {
namespace {

struct Row {
    Code code;
    HubProblem problem;
    HubProblem for_methods;
};

// iothub B.17
const Row table[] = {
    {Code::malformed, {400, 400004, "ArgumentInvalid"}, {400, 400004, "ArgumentInvalid"}},
    {Code::unauthenticated,
     {401, 401003, "IotHubUnauthorized"},
     {401, 401003, "IotHubUnauthorized"}},
    {Code::forbidden,
     {401, 401002, "IotHubUnauthorizedAccess"},
     {401, 401002, "IotHubUnauthorizedAccess"}},
    {Code::not_found, {404, 404001, "DeviceNotFound"}, {404, 404001, "DeviceNotFound"}},
    {Code::already_exists,
     {409, 409001, "DeviceAlreadyExists"},
     {409, 409001, "DeviceAlreadyExists"}},
    {Code::conflict, {409, 409000, "GenericConflict"}, {409, 409000, "GenericConflict"}},
    {Code::quota_exceeded,
     {403, 403002, "IotHubQuotaExceeded"},
     {403, 403002, "IotHubQuotaExceeded"}},
    {Code::precondition, {412, 412001, "PreconditionFailed"}, {412, 412001, "PreconditionFailed"}},
    {Code::too_large, {413, 413001, "MessageTooLarge"}, {413, 413001, "MessageTooLarge"}},
    {Code::rate_limited,
     {429, 429001, "ThrottlingException"},
     {403, 403800, "DeviceMaximumInflightMethodExceeded"}},
    {Code::attestation_failed,
     {401, 401003, "IotHubUnauthorized"},
     {401, 401003, "IotHubUnauthorized"}},
    {Code::no_hub_available,
     {503, 503001, "ServiceUnavailable"},
     {503, 503001, "ServiceUnavailable"}},
    {Code::unsupported, {404, 404013, "FeatureNotSupported"}, {404, 404013, "FeatureNotSupported"}},
    {Code::unavailable, {503, 503001, "ServiceUnavailable"}, {404, 404103, "DeviceNotOnline"}},
    {Code::deadline_exceeded, {504, 504101, "GatewayTimeout"}, {504, 504101, "GatewayTimeout"}},
    {Code::internal, {500, 500001, "ServerError"}, {500, 500001, "ServerError"}},
};

void expect_same(const HubProblem& got, const HubProblem& wanted, Code code) {
    EXPECT_EQ(got.status, wanted.status) << to_string(code);
    EXPECT_EQ(got.number, wanted.number) << to_string(code);
    EXPECT_EQ(got.name, wanted.name) << to_string(code);
    EXPECT_EQ(static_cast<unsigned>(got.number / 1000), got.status) << to_string(code);
    EXPECT_FALSE(got.name.empty()) << to_string(code);
}

TEST(HubProblemTest, EveryCodeHasAStatusANumberAndAName) {
    ASSERT_EQ(std::size(table), static_cast<std::size_t>(Code::internal) + 1);
    for (std::size_t at = 0; at < std::size(table); ++at) {
        const Row& row = table[at];
        EXPECT_EQ(static_cast<std::size_t>(row.code), at) << "each code once, in order";
        expect_same(hub_problem_of(row.code), row.problem, row.code);
        expect_same(method_problem_of(row.code), row.for_methods, row.code);
        const bool is_full = row.code == Code::too_large;
        expect_same(registry_problem_of({.code = row.code}, IdentityKind::device),
                    is_full ? HubProblem{413, 413002, "TooManyDevices"} : row.problem, row.code);
    }
}

std::string header(const session::HttpResponse& response, std::string_view name) {
    const auto found = std::ranges::find(response.headers, name, &session::HttpHeader::name);
    return found == response.headers.end() ? std::string() : found->value;
}

const TrackingId tracking("0f0e0d0c-0b0a-0908-0706-050403020100");
const WallTime noon = from_unix_seconds(1'893'585'600); // 2030-01-02T12:00:00Z

TEST(HubProblemTest, RefusesInTwoLayers) { // IOTHUB-19, IOTHUB-28
    const Error error{.code = Code::not_found,
                      .detail = "device not found",
                      .cause = "for the log only",
                      .retry_after = std::chrono::seconds(7)};
    const auto response = hub_error_response(hub_problem_of(error.code), error, tracking, noon);
    EXPECT_EQ(response.status, 404U);
    EXPECT_EQ(header(response, "iothub-errorcode"), "DeviceNotFound");
    EXPECT_EQ(header(response, "Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(header(response, "Retry-After"), "7");
    const auto document = parse_json_object(response.body).value();
    EXPECT_EQ(document.at("Message"), "ErrorCode:DeviceNotFound;device not found");
    EXPECT_EQ(document.at("ExceptionMessage"),
              Json("Tracking ID:" + tracking.text() + "-TimeStamp:" + format_time_seconds(noon)));
    EXPECT_EQ(response.body.find(error.cause), std::string::npos);
}

TEST(HubProblemTest, RefusesMethodsWithADocumentInTheMessage) { // IOTHUB-17
    const auto response =
        method_error_response({.code = Code::unavailable, .detail = "away"}, tracking, noon);
    EXPECT_EQ(response.status, 404U);
    EXPECT_EQ(header(response, "iothub-errorcode"), "DeviceNotOnline");
    EXPECT_EQ(header(response, "Retry-After"), "");
    const auto outer = parse_json_object(response.body).value();
    const auto inner = parse_json_object(outer.at("Message").as_string()).value();
    EXPECT_EQ(inner.at("errorCode"), 404103);
    EXPECT_EQ(inner.at("trackingId"), Json(tracking.text()));
    EXPECT_EQ(inner.at("message"), "away");
    EXPECT_EQ(inner.at("timestampUtc"), Json(format_time(noon)));
}

TEST(HubProblemTest, NeverHasAnEmptyMessage) { // IOTHUB-14 in the twin's case
    for (const Row& row : table) {
        const Error error{.code = row.code};
        const auto twin = parse_json_object(twin_error_body(error, tracking, noon)).value();
        EXPECT_EQ(twin.at("errorCode"), row.problem.number);
        EXPECT_EQ(twin.at("message"), Json(to_string(row.code)));
        const auto response = hub_error_response(row.problem, error, tracking, noon);
        EXPECT_EQ(parse_json_object(response.body).value().at("Message"),
                  Json("ErrorCode:" + std::string(row.problem.name) + ';' +
                       std::string(to_string(row.code))));
    }
}

/// What is in the log file when all of it was written there.
class HubRefusalLog : public testing::Test {
  protected:
    HubRefusalLog() {
        std::filesystem::remove(path_);
        log::start(log::Level::info, path_.string());
    }

    ~HubRefusalLog() override {
        log::start(log::Level::warning);
        std::filesystem::remove(path_);
    }

    void expect_one_line(const HttpReply& reply, std::initializer_list<std::string_view> parts) {
        const auto id = reply.header("x-ms-request-id");
        ASSERT_FALSE(id.empty());
        EXPECT_NE(reply.body.find(id), std::string::npos) << "the caller is told: " << reply.body;
        const auto content = read_file(path_, 1024 * 1024).value();
        int lines = 0;
        for (const auto line : split(content, '\n')) {
            if (!line.contains("tracking=" + id)) {
                continue;
            }
            ++lines;
            for (const auto part : parts) {
                EXPECT_TRUE(line.contains(part)) << part << " is not in " << line;
            }
            EXPECT_FALSE(line.contains("sig=")) << line;
        }
        EXPECT_EQ(lines, 1);
    }

    HubWorld world;

  private:
    std::filesystem::path path_ =
        std::filesystem::path(testing::TempDir()) / "muster_hub_refusal_log_test.log";
};

TEST_F(HubRefusalLog, HasTheTrackingIdOfTheAnswer) {
    expect_one_line(world.ask({.target = "/devices/none"}),
                    {" info ", "error_code=404001", "GET /devices/none"});
    expect_one_line(world.ask({.target = "/devices/dev-01"}, ""),
                    {" info ", "error_code=401003", "no authorization"});
    expect_one_line(world.ask({.target = "/devices/dev-01?api-version=1"}),
                    {" info ", "error_code=400001"});
}

TEST_F(HubRefusalLog, DoesNotBlameAnAbsentDeviceOnUs) {
    expect_one_line(world.ask({.method = "POST",
                               .target = "/twins/dev-01/methods",
                               .body = R"({"methodName":"go"})"}),
                    {" info ", "error_code=404103", "POST /twins/dev-01/methods"});
}

TEST_F(HubRefusalLog, KeepsOurFaultsFromTheCaller) {
    world.devices.read_failures.push_back(
        {.code = Code::internal, .detail = "page 7 is torn", .cause = "disk"});
    const auto reply = world.ask({.target = "/devices/dev-01"});
    EXPECT_EQ(reply.status, 500U);
    EXPECT_EQ(reply.header("iothub-errorcode"), "ServerError");
    EXPECT_FALSE(reply.body.contains("torn")) << reply.body;
    expect_one_line(reply, {" error ", "page 7 is torn", "disk"});
}

TEST_F(HubRefusalLog, HasOverloadAsWarning) {
    world.workers.full = true;
    const auto reply = world.ask({.target = "/devices/dev-01"});
    EXPECT_EQ(reply.status, 503U);
    EXPECT_EQ(reply.header("Retry-After"), "3");
    expect_one_line(reply, {" warning ", "error_code=503001", "the server is busy"});
}

} // namespace
} // namespace muster::gateway
