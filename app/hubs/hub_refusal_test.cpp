// Every way in which a hub may say no, or seem to say yes (iothub B.5, B.17).

#include "app/hubs/far_hub.h"

namespace muster::app {

TEST_F(FarHub, UnderstandsEveryWayOfSayingNo) {
    struct Case {
        unsigned status;
        std::string name; // in the header
        std::string body;
        Code code;
    };

    const Case cases[] = {
        {401, "IotHubUnauthorized", "", Code::unauthenticated},
        {401, "", "", Code::unauthenticated},
        {401, "IotHubUnauthorizedAccess", "", Code::unauthenticated},
        {403, "GenericForbidden", "", Code::unauthenticated},
        {403, "IotHubSuspended", "", Code::unavailable},
        {403, "", error_text("IotHubQuotaExceeded"), Code::rate_limited},
        {403, "", error_text("TooManyDevices"), Code::too_large},
        {413, "", error_text("TooManyDevices"), Code::too_large},
        {413, "", "", Code::too_large},
        {404, "", "", Code::not_found},
        {404, "IotHubNotFound", "", Code::not_found},
        {401, "IotHubNotFound", "", Code::not_found},
        {404, "GenericNotFound", "", Code::not_found},
        {404, "IotHubFailingOver", "", Code::unavailable},
        {400, "ArgumentInvalid", "", Code::malformed},
        {400, "", R"({"Message":"{\"errorCode\":400004,\"message\":\"x\"}"})", Code::malformed},
        {400, "", R"({"errorCode":400004})", Code::malformed},
        {400, "", "no JSON", Code::malformed},
        {400, "RequestTimedOut", "", Code::deadline_exceeded},
        {408, "", "", Code::deadline_exceeded},
        {409, "DeviceLocked", "", Code::unavailable},
        {429, "ThrottlingException", "", Code::rate_limited},
        {429, "", "", Code::rate_limited},
        {400, "", R"({"Message":"{\"errorCode\":429001}"})", Code::rate_limited},
        {500, "ServerError", "", Code::unavailable},
        {502, "", "<html>", Code::unavailable},
        {503, "", "", Code::unavailable},
        {504, "", "", Code::deadline_exceeded},
        {302, "", "", Code::unavailable},
        {100, "", "", Code::unavailable},
        {0, "", "", Code::unavailable},
        {418, "", "", Code::unavailable},
    };
    for (const Case& one : cases) {
        for (const auto& [name, call] : methods()) {
            script_.then(one.status, one.body, {{"iothub-errorcode", one.name}});
            const auto error = call();
            ASSERT_TRUE(error.has_value()) << name;
            EXPECT_EQ(error->code, one.code) << name << ' ' << one.status << one.name << one.body;
            if (one.code == Code::not_found) {
                EXPECT_EQ(error->detail, provisioning::hub_unknown) << name;
            }
        }
    }
}

TEST_F(FarHub, TellsTheDeviceFromTheHub) {
    for (const auto& body :
         {error_text("DeviceNotFound"), std::string(R"({"Message":"{\"errorCode\":404001}"})"),
          std::string(R"({"errorCode":404001})")}) {
        script_.then(404, body).then(404, body).then(404, body).then(404, body);
        EXPECT_FALSE(hub_.find_device(id_).value().has_value());
        EXPECT_FALSE(hub_.find_twin(id_).value().has_value());
        const auto deleted = hub_.delete_device(id_, ETag("AAAA"));
        ASSERT_FALSE(deleted.has_value());
        EXPECT_EQ(deleted.error().code, Code::not_found);
        EXPECT_NE(deleted.error().detail, provisioning::hub_unknown);
        EXPECT_EQ(hub_.modules(id_).error().code, Code::not_found);
    }
}

TEST_F(FarHub, ComesBackWhenItIsToldTo) {
    for (const unsigned status : {429U, 503U}) {
        script_.then(status, "", {{"retry-after", " 7 "}})
            .then(status, "", {{"retry-after", "99999999999"}})
            .then(status, "", {{"retry-after", "Wed, 21 Oct 2030 07:28:00 GMT"}});
        EXPECT_EQ(hub_.find_device(id_).error().retry_after, std::chrono::seconds(7));
        EXPECT_EQ(hub_.find_device(id_).error().retry_after, std::chrono::seconds(3600));
        EXPECT_EQ(hub_.find_device(id_).error().retry_after, std::nullopt);
    }
}

TEST_F(FarHub, PassesOnWhatTheNetworkSays) {
    for (const Code code : {Code::unavailable, Code::deadline_exceeded, Code::too_large}) {
        for (const auto& [name, call] : methods()) {
            script_.then({.code = code, .detail = "no answer from hub2.example.org"});
            EXPECT_EQ(call()->code, code) << name;
        }
    }
    script_.then({.code = Code::forbidden, .detail = "the address may not be called from here"});
    EXPECT_EQ(hub_.find_device(id_).error().code, Code::unavailable);
}

TEST_F(FarHub, RepeatsNothingThatTheHubSays) {
    for (const auto& [name, call] : methods()) {
        script_.then(400, R"({"Message":"ErrorCode:ArgumentInvalid;you sent the key SECRET"})",
                     {{"iothub-errorcode", "SECRET=\r\nSECRET"}});
        const auto error = call();
        ASSERT_TRUE(error.has_value()) << name;
        EXPECT_FALSE(error->detail.contains("SECRET")) << name;
        EXPECT_FALSE(error->cause.contains("SECRET")) << name;
    }
}

TEST_F(FarHub, ReadsResultsOfBulkOperations) {
    const auto one = [](std::string_view code) {
        return fmt::format(R"({{"isSuccessful":false,"errors":[{{"deviceId":"dev-01",
            "errorCode":{},"errorStatus":"words","operation":"create"}}],"warnings":[]}})",
                           code);
    };

    struct Case {
        unsigned status;
        std::string body;
        std::optional<Code> code;
    };

    const Case cases[] = {
        {200, R"({"isSuccessful":true,"errors":[],"warnings":[]})", {}},
        {200, R"({"isSuccessful":true,"errors":null})", {}},
        {400, one("\"DeviceAlreadyExists\""), Code::already_exists},
        {200, one("\"DeviceAlreadyExists\""), Code::already_exists},
        {200, one("409001"), Code::already_exists},
        {200, one("\"409001\""), Code::already_exists},
        {400, one("\"ArgumentInvalid\""), Code::malformed},
        {400, one("\"ThrottlingException\""), Code::rate_limited},
        {400, one("429001"), Code::rate_limited},
        {400, one("429777"), Code::rate_limited},
        {400, one("500001"), Code::unavailable},
        {400, one("\"TooManyDevices\""), Code::too_large},
        {400, one("\"NeverHeardOf\""), Code::unavailable},
        {400, one("null"), Code::unavailable},
        {400, one("[1]"), Code::unavailable},
        {400, one("-1"), Code::unavailable},
        {400, R"({"isSuccessful":false,"errors":[7]})", Code::unavailable},
        {400, R"({"isSuccessful":false})", Code::unavailable},
        {200, R"({"isSuccessful":"true"})", Code::unavailable},
        {200, R"({"isSuccessful":1,"errors":{}})", Code::unavailable},
        {500, R"({"isSuccessful":true})", Code::unavailable},
        {200, R"({"isSuccessful":true,"warnings":[{"deviceId":"dev-01",
                  "warningCode":"DeviceRegisteredWithoutTwin"}]})",
         Code::unavailable},
        {200, "", Code::unavailable},
        {200, "[]", Code::unavailable},
        {200, "{}", Code::unavailable},
        {204, "", Code::unavailable},
        {400, error_text("DeviceDefinedMultipleTimes"), Code::malformed},
        {409, error_text("DeviceAlreadyExists"), Code::already_exists},
    };
    for (const Case& one_case : cases) {
        script_.then(one_case.status, one_case.body);
        const auto created = hub_.create_device(device(), {});
        EXPECT_EQ(created.has_value(), !one_case.code) << one_case.body;
        if (!created && one_case.code) {
            EXPECT_EQ(created.error().code, *one_case.code) << one_case.body;
        }
    }
}

TEST_F(FarHub, KnowsAStaleEtagInEveryWording) {
    for (const auto& [status, name] : {std::pair(412U, "PreconditionFailed"), std::pair(412U, ""),
                                       std::pair(400U, "EtagDoesNotMatch")}) {
        script_.then(status, "", {{"iothub-errorcode", name}});
        EXPECT_EQ(hub_.update_device(device()).error().code, Code::precondition);
    }
}

} // namespace muster::app
