#include "base/json.h"
#include "gateway/control/problem.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace muster::gateway {
namespace {

constexpr Code codes[] = {
    Code::malformed,      Code::unauthenticated, Code::forbidden,          Code::not_found,
    Code::already_exists, Code::conflict,        Code::precondition,       Code::quota_exceeded,
    Code::too_large,      Code::rate_limited,    Code::attestation_failed, Code::no_hub_available,
    Code::unsupported,    Code::unavailable,     Code::deadline_exceeded,  Code::internal,
};

HttpExchange exchange_of(std::vector<session::HttpHeader> headers = {}) {
    HttpExchange exchange;
    exchange.request = {.method = "GET", .target = "/subscriptions?secret=1", .headers = {}};
    exchange.request.headers = std::move(headers);
    exchange.tracking = TrackingId("f40da7ba-8c91-4796-8fc3-89e1dfbdbe05");
    return exchange;
}

session::HttpResponse refuse(Code code, std::string detail) {
    return refuse_control(exchange_of(), fail(code, std::move(detail), "for the log").error());
}

std::string header(const session::HttpResponse& response, std::string_view name) {
    const auto found = std::ranges::find(response.headers, name, &session::HttpHeader::name);
    return found == response.headers.end() ? "none" : found->value;
}

TEST(ControlProblem, IsBothDocumentsInOne) {
    const auto response = refuse(Code::not_found, "there is no such thing");
    EXPECT_EQ(response.status, 404U);
    EXPECT_EQ(header(response, "Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(parse_json(response.body).value(), parse_json(R"({
        "error":{"code":"ResourceNotFound","message":"there is no such thing"},
        "code":404000,"httpStatusCode":"NotFound","message":"there is no such thing",
        "details":"tracking id f40da7ba-8c91-4796-8fc3-89e1dfbdbe05"})")
                                                     .value());
}

TEST(ControlProblem, EveryCodeHasAStatusAndAName) {
    std::set<std::string_view> names;
    for (const auto code : codes) {
        const auto problem = control_problem_of(code, ControlSubject::resource);
        EXPECT_GE(problem.status, 400U);
        EXPECT_TRUE(names.insert(problem.code).second) << problem.code;
        const auto body = parse_json_object(refuse(code, "x").body).value();
        EXPECT_FALSE(body.at("httpStatusCode").as_string().empty());
        EXPECT_EQ(body.at("code"), static_cast<int>(problem.status) * 1000);
    }
    EXPECT_EQ(control_problem_of(Code::not_found, ControlSubject::resource_group),
              (ControlProblem{404, "ResourceGroupNotFound"}));
    EXPECT_EQ(control_problem_of(Code::forbidden, ControlSubject::resource),
              (ControlProblem{403, "AuthorizationFailed"}));
}

TEST(ControlProblem, FaultsOfOursSayNothingElse) {
    const auto body = refuse(Code::internal, "the disk is full").body;
    EXPECT_EQ(body.find("disk"), std::string::npos);
    EXPECT_EQ(body.find("for the log"), std::string::npos);
}

/// RFC 6750 3.
TEST(ControlProblem, AChallengeComesWith401) {
    EXPECT_EQ(header(refuse(Code::unauthenticated, "unauthorized"), "WWW-Authenticate"),
              R"(Bearer realm="muster")");
    const auto exchange = exchange_of({{"authorization", "Bearer mst_old"}});
    const auto wrong =
        refuse_control(exchange, fail(Code::unauthenticated, "unauthorized").error());
    EXPECT_EQ(wrong.status, 401U);
    EXPECT_EQ(header(wrong, "WWW-Authenticate"), R"(Bearer realm="muster", error="invalid_token")");
    EXPECT_EQ(header(refuse(Code::forbidden, "no"), "WWW-Authenticate"), "none");
}

TEST(ControlProblem, OverloadSaysWhenToComeBack) {
    EXPECT_EQ(header(refuse(Code::unavailable, "busy"), "Retry-After"), "3");
    EXPECT_EQ(header(refuse(Code::malformed, "bad"), "Retry-After"), "none");
}

TEST(ControlProblem, AMethodThatDoesNotApplyIsAnsweredWithThoseThatDo) {
    const auto response = refuse_control(
        exchange_of(), HttpRefusal{.status = 405, .detail = "no", .allow = "GET, PUT"});
    EXPECT_EQ(response.status, 405U);
    EXPECT_EQ(header(response, "Allow"), "GET, PUT");
    EXPECT_EQ(parse_json_object(response.body).value().at("httpStatusCode"), "MethodNotAllowed");
}

} // namespace
} // namespace muster::gateway
