// The device API over HTTPS: what it refuses, and that refusing changes nothing.

#include "gateway/http_client.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

class DeviceHttps : public testing::Test {
  protected:
    DeviceHttps() { world.enroll("dev-1"); }

    [[nodiscard]] HttpAsk registering(const std::string& id = "dev-1") const {
        return {.method = "PUT",
                .target = path(id) + "/register?api-version=2021-06-01",
                .headers = {{"Authorization", world.device_token(id)},
                            {"Content-Type", "application/json; charset=utf-8"}},
                .body = R"({"registrationId":")" + id + R"("})"};
    }

    [[nodiscard]] HttpAsk polling(const std::string& operation,
                                  const std::string& id = "dev-1") const {
        return {.method = "GET",
                .target = path(id) + "/operations/" + operation + "?api-version=2021-06-01",
                .headers = {{"Authorization", world.device_token(id)}},
                .body = {}};
    }

    [[nodiscard]] HttpAsk looking_up(const std::string& id = "dev-1") const {
        auto ask = registering(id);
        ask.method = "POST";
        ask.target = path(id) + "?api-version=2021-06-01";
        return ask;
    }

    static std::string path(const std::string& id) { return "/0ne00TEST01/registrations/" + id; }

    std::string register_and_settle(const HttpAsk& ask) {
        const auto reply = exchange(world, ask);
        EXPECT_EQ(reply.status, 202U) << reply.body;
        return std::string(reply.member("operationId").as_string());
    }

    void expect_refused(const HttpAsk& ask, unsigned status, int error_code) {
        const auto reply = exchange(world, ask);
        EXPECT_EQ(reply.status, status) << ask.method << ' ' << ask.target << '\n' << reply.body;
        EXPECT_EQ(reply.error_code(), error_code) << reply.body;
        EXPECT_EQ(reply.member("trackingId"), Json(reply.header("x-ms-request-id")));
        EXPECT_FALSE(world.has_record("dev-1"));
        EXPECT_EQ(world.hubs.calls(), 0);
    }

    ProvisioningWorld world;
};

TEST_F(DeviceHttps, AcceptsEveryBody) {
    // DPS-DEVICE-19: empty, without id, payload null or of any type, unknown members
    for (const auto* body :
         {"", " ", "{}", R"({"payload":null})", R"({"registrationId":null})",
          R"({"registrationId":"DEV-1","payload":"text"})", R"({"payload":[1,2]})",
          R"({"payload":7})", R"({"payload":{"a":{}}})", R"({"csr":"x","new":true})"}) {
        auto ask = registering();
        ask.body = body;
        EXPECT_EQ(exchange(world, ask).status, 202U) << body;
    }
}

TEST_F(DeviceHttps, AcceptsEveryApiVersion) {
    // DPS-DEVICE-24
    for (const auto* version : {"2017-11-15", "2018-09-01-preview", "2019-03-31", "2031-12-31"}) {
        auto ask = registering();
        ask.target = path("dev-1") + "/register?forceRegistration=true&api-version=" + version;
        EXPECT_EQ(exchange(world, ask).status, 202U) << version;
    }
}

TEST_F(DeviceHttps, RefusesMissingAndMalformedApiVersions) {
    for (const auto* query : {"", "?", "?api-version=", "?api-version=newest", "?Api-Version=x",
                              "?api-version=2021-6-1"}) {
        auto ask = registering();
        ask.target = path("dev-1") + "/register" + query;
        expect_refused(ask, 400, 400000);
    }
}

TEST_F(DeviceHttps, ComparesIdsWithoutCaseAndDecodesPaths) {
    // DPS-DEVICE-29, DPS-DEVICE-65
    auto ask = registering();
    ask.target = "/0ne00TEST01/Registrations/DEV%2D1/register/?api-version=2021-06-01";
    const auto operation = register_and_settle(ask);
    const auto reply = exchange(world, polling(operation));
    EXPECT_EQ(reply.status, 200U) << reply.body;
}

TEST_F(DeviceHttps, AnswersTerminalStatesWith200) {
    // DPS-DEVICE-9 to DPS-DEVICE-14, DPS-DEVICE-17, DPS-DEVICE-18
    const auto operation = register_and_settle(registering());
    const auto reply = exchange(world, polling(operation));
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.header("Retry-After"), "");
    EXPECT_EQ(reply.member("operationId"), Json(operation));
    EXPECT_EQ(reply.member("status"), Json("assigned"));
    const auto state = reply.member("registrationState").as_object();
    EXPECT_EQ(state.at("registrationId"), Json("dev-1"));
    EXPECT_EQ(state.at("assignedHub"), Json("hub-1.example.net"));
    EXPECT_EQ(state.at("deviceId"), Json("dev-1"));
    EXPECT_TRUE(parse_time(state.at("createdDateTimeUtc").as_string()));
    EXPECT_EQ(reply.body.find("null"), std::string::npos);
    EXPECT_EQ(reply.body.find("retryAfter"), std::string::npos);
}

TEST_F(DeviceHttps, SaysAssigningWhileThePlanIsUnderWay) {
    // DPS-DEVICE-21, DPS-DEVICE-31: 202 with an integer Retry-After
    world.hubs.answer_next(9, {.code = Code::unavailable});
    const auto operation = register_and_settle(registering());
    const auto reply = exchange(world, polling(operation));
    EXPECT_EQ(reply.status, 202U);
    EXPECT_EQ(reply.header("Retry-After"), "3");
    EXPECT_EQ(reply.member("status"), Json("assigning"));
    EXPECT_EQ(reply.member("registrationState").at("status"), Json("assigning"));
    EXPECT_EQ(reply.member("registrationState").at("registrationId"), Json("dev-1"));
}

TEST_F(DeviceHttps, RepeatingARegisterUnderWayReturnsTheSameOperation) {
    world.hubs.answer_next(9, {.code = Code::unavailable});
    const auto operation = register_and_settle(registering());
    EXPECT_EQ(register_and_settle(registering()), operation);
}

TEST_F(DeviceHttps, ReportsADisabledEnrollmentAsSuch) {
    // DPS-DEVICE-14: `disabled`, with a number, and never `unassigned`
    auto enrollment = world.enrollments.get(RegistrationId("dev-1"))->enrollment;
    enrollment.terms.status = provisioning::ProvisioningStatus::disabled;
    ASSERT_TRUE(world.enrollments.put(enrollment, provisioning::IfMatch::from_header("*"),
                                      ProvisioningWorld::by));
    const auto operation = register_and_settle(registering());
    const auto reply = exchange(world, polling(operation));
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.member("status"), Json("disabled"));
    EXPECT_TRUE(reply.member("registrationState").at("errorCode").is_int64());
    EXPECT_EQ(world.hubs.calls(), 0);
}

TEST_F(DeviceHttps, LooksUpTheBareState) {
    // dps-device 2.1.3
    expect_refused(looking_up(), 404, 404202);
    register_and_settle(registering());
    const auto reply = exchange(world, looking_up());
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.member("registrationId"), Json("dev-1"));
    EXPECT_EQ(reply.member("status"), Json("assigned"));
    EXPECT_EQ(reply.member("operationId"), Json());
}

TEST_F(DeviceHttps, RefusesUnknownScopesAndDevices) {
    auto ask = registering();
    ask.target = "/0ne00TEST02/registrations/dev-1/register?api-version=2021-06-01";
    expect_refused(ask, 404, 404000);
    ask.target = "/scope/registrations/dev-1/register?api-version=2021-06-01";
    expect_refused(ask, 404, 404000);
    expect_refused(registering("stranger"), 404, 404201);
}

TEST_F(DeviceHttps, TellsAMissingEnrollmentFromAMissingOperation) {
    // dps-device 2.8: 404201 whatever was asked for, 404202 once the proof is good
    expect_refused(looking_up("stranger"), 404, 404201);
    expect_refused(polling("5.0", "stranger"), 404, 404201);
    expect_refused(looking_up(), 404, 404202);
    expect_refused(polling("5.0"), 404, 404202);
}

TEST_F(DeviceHttps, RefusesDevicesBeyondTheQuota) {
    world.change([](provisioning::Instance& instance) { instance.quotas.registrations = 0; });
    expect_refused(registering(), 403, 403203);
    EXPECT_FALSE(world.has_record("dev-1"));
}

TEST_F(DeviceHttps, RefusesProofsThatDoNotProve) {
    // DPS-DEVICE-58; peers' SAS class: another key, device, scope, prefix, time, spelling
    const auto later = world.clock.wall() + std::chrono::hours(1);
    const auto good = world.device_token("dev-1");
    const std::string resource = "0ne00TEST01/registrations/dev-1";
    const std::string cases[] = {
        "",
        "nonsense",
        "Bearer " + good,
        crypto::make_sas(resource, Secret("another key"), later, "registration"),
        crypto::make_sas("0ne00TEST01/registrations/dev-2", recorded_key, later),
        crypto::make_sas("0ne00TEST02/registrations/dev-1", recorded_key, later),
        crypto::make_sas("0ne00TEST01/registrations/dev-11", recorded_key, later),
        crypto::make_sas(resource, recorded_key, world.clock.wall() - std::chrono::minutes(6)),
        good + "&se=99999999999",
        good + "&sr=" + resource,
    };
    for (const auto& token : cases) {
        auto ask = registering();
        ask.headers[0].value = token;
        expect_refused(ask, 401, 401000);
    }
}

TEST_F(DeviceHttps, RefusesIdsThatDiffer) {
    auto ask = registering();
    ask.body = R"({"registrationId":"dev-2"})";
    expect_refused(ask, 400, 400004);
    ask.body = R"({"registrationId":""})";
    expect_refused(ask, 400, 400004);
    ask.body = R"({"registrationId":7})";
    expect_refused(ask, 400, 400004);
}

TEST_F(DeviceHttps, RefusesIdsThatAreNone) {
    // peers 5.2: path injection, null bytes, look-alikes, overlong
    for (const auto& id : {std::string("dev%201"), std::string("dev%001"), std::string("dev-1."),
                           std::string("..%2fdev-1"), std::string("d%C3%A9v"),
                           std::string(129, 'a'), std::string("dev-1%20")}) {
        auto ask = registering();
        ask.target = path(id) + "/register?api-version=2021-06-01";
        expect_refused(ask, 400, 400004);
    }
}

TEST_F(DeviceHttps, RefusesBodiesThatAreNotOneJsonObject) {
    for (const auto& body :
         {std::string("{"), std::string("[]"), std::string("7"), std::string("{} {}"),
          std::string(R"({"payload":1,"payload":2})"), std::string(R"({"a":"\ud800"})"),
          "{\"payload\":" + std::string(200, '[') + std::string(200, ']') + "}",
          std::string("{\"payload\":\"\xff\"}"), std::string("\xef\xbb\xbf{}")}) {
        auto ask = registering();
        ask.body = body;
        expect_refused(ask, 400, 400004);
    }
}

TEST_F(DeviceHttps, TakesNinetySixKilobytesAndNoMore) {
    // dps-device 2.6
    auto ask = registering();
    const std::string frame = R"({"payload":""})";
    ask.body = R"({"payload":")" + std::string(96 * 1024 + 1 - frame.size(), 'x') + R"("})";
    expect_refused(ask, 413, 413000);
    ask.body.erase(12, 1);
    EXPECT_EQ(exchange(world, ask).status, 202U);
}

TEST_F(DeviceHttps, RefusesOtherMediaTypesOnABodyOnly) {
    auto ask = registering();
    for (const auto* type : {"text/plain", "application/x-www-form-urlencoded", "json"}) {
        ask.headers[1].value = type;
        expect_refused(ask, 415, 415000);
    }
    for (const auto* type : {"application/json", "Application/JSON ; charset=utf-8", ""}) {
        ask.headers[1].value = type;
        EXPECT_EQ(exchange(world, ask).status, 202U) << type;
    }
    ask.headers.push_back({"Content-Encoding", "utf-8"}); // DPS-DEVICE-29: not a real coding
    EXPECT_EQ(exchange(world, ask).status, 202U);
    ask.headers[1].value = "text/plain";
    ask.body.clear();
    EXPECT_EQ(exchange(world, ask).status, 202U);
}

TEST_F(DeviceHttps, RefusesOtherMethodsAndPaths) {
    auto ask = registering();
    ask.method = "POST";
    expect_refused(ask, 405, 405000);
    EXPECT_EQ(exchange(world, ask).header("Allow"), "PUT");
    ask = looking_up();
    ask.method = "GET";
    expect_refused(ask, 405, 405000);
    ask = registering();
    ask.target = "/0ne00TEST01/registrations/?api-version=2021-06-01";
    expect_refused(ask, 405, 405000);
    EXPECT_TRUE(exchange(world, ask).has_header("Allow")); // RFC 9110 15.5.6
    for (const auto* end : {"/unregister", "/register/again", "/operations", "/operations/5.x/y"}) {
        ask.target = path("dev-1") + end + "?api-version=2021-06-01";
        expect_refused(ask, 404, 404000);
    }
}

TEST_F(DeviceHttps, KnowsOnlyTheOperationsOfTheDevice) {
    // dps-device 2.2: an operation belongs to one scope and id; anything else is 404
    world.enroll("dev-2");
    const auto operation = register_and_settle(registering());
    for (const auto& ask : {polling("5.x.y"), polling(operation + "0"), polling("%20"),
                            polling(operation, "dev-2")}) {
        const auto reply = exchange(world, ask);
        EXPECT_EQ(reply.status, 404U) << ask.target;
        EXPECT_EQ(reply.error_code(), 404202);
    }
    auto unproven = polling(operation);
    unproven.headers.clear();
    EXPECT_EQ(exchange(world, unproven).status, 401U);
}

TEST_F(DeviceHttps, IsReachedByScopeWhateverTheHost) {
    auto ask = registering();
    ask.host = "somewhere.else.example";
    EXPECT_EQ(exchange(world, ask).status, 202U);
}

} // namespace
} // namespace muster::gateway
