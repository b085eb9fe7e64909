// Hubs that answer what no hub should: whatever it is, the caller gets one clean error and believes
// nothing of it.

#include "app/hubs/hub_answer.h"
#include "app/hubs/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

namespace muster::app {

using provisioning::HubDevice;
using provisioning::HubModule;
using provisioning::HubTwin;

namespace {

constexpr std::string_view device_text =
    R"({"deviceId":"dev-01","etag":"AAAA","status":"enabled","statusReason":null,
        "authentication":{"type":"sas","symmetricKey":{
            "primaryKey":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=","secondaryKey":null}}})";
constexpr std::string_view twin_text =
    R"({"deviceId":"dev-01","etag":"BBBB","tags":{"a":1},
        "properties":{"desired":{"$metadata":{},"$version":3,"b":2},"reported":{"c":3}}})";
constexpr std::string_view modules_text = R"([
    {"deviceId":"dev-01","moduleId":"camera","managedBy":"me","authentication":{"type":"none"}},
    {"deviceId":"dev-01","moduleId":"$edgeAgent","authentication":{"type":"sas"}}])";

std::string module_twin_text(std::string_view module) {
    return fmt::format(R"({{"deviceId":"dev-01","moduleId":"{}","etag":"CCCC",
        "properties":{{"desired":{{"for":"{}"}}}}}})",
                       module, module);
}

/// The text with one part in the place of another.
std::string with(std::string_view text, std::string_view part, std::string_view instead) {
    const auto at = text.find(part);
    EXPECT_NE(at, std::string_view::npos) << part;
    std::string changed(text);
    return changed.replace(at, part.size(), instead);
}

std::string error_text(std::string_view name) {
    return fmt::format(R"({{"Message":"ErrorCode:{};words","ExceptionMessage":"Tracking"}})", name);
}

class FarHub : public testing::Test {
  protected:
    const DeviceId id_{"dev-01"};
    ManualClock clock_{from_unix_seconds(1'893'456'000)};
    Script script_;
    RemoteHub hub_{
        {.host = "hub2.example.org", .policy = "iothubowner", .key = Secret(std::string(32, 'k'))},
        script_.sender(),
        clock_};

    static HubDevice device() {
        HubDevice made;
        made.id = DeviceId("dev-01");
        made.etag = ETag("AAAA");
        made.credential = provisioning::HubNoCredential{};
        return made;
    }

    static HubModule module(std::string id = "camera") {
        HubModule made;
        made.id = std::move(id);
        made.credential = provisioning::HubNoCredential{};
        made.twin.reported = {{"seen", 1}};
        return made;
    }

    /// Every method, told of by its error if it has one.
    std::vector<std::pair<std::string, std::function<std::optional<Error>()>>> methods() {
        const auto error_of = [](const auto& result) {
            return result ? std::nullopt : std::optional(result.error());
        };
        return {{"find_device", [=, this] { return error_of(hub_.find_device(id_)); }},
                {"create_device", [=, this] { return error_of(hub_.create_device(device(), {})); }},
                {"update_device", [=, this] { return error_of(hub_.update_device(device())); }},
                {"delete_device",
                 [=, this] { return error_of(hub_.delete_device(id_, ETag("AAAA"))); }},
                {"find_twin", [=, this] { return error_of(hub_.find_twin(id_)); }},
                {"modules", [=, this] { return error_of(hub_.modules(id_)); }},
                {"put_module", [=, this] { return error_of(hub_.put_module(id_, module())); }},
                {"system module",
                 [=, this] { return error_of(hub_.put_module(id_, module("$edgeHub"))); }}};
    }
};

} // namespace

TEST_F(FarHub, AsksAsTheServiceClientsDo) {
    script_.then(200, std::string(device_text)).then(200, R"({"isSuccessful":true})");
    const auto found = hub_.find_device(id_);
    ASSERT_TRUE(found.has_value()) << found.error().detail;
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->etag, ETag("AAAA"));
    HubDevice made = device();
    made.id = DeviceId("a/b%c");
    ASSERT_TRUE(hub_.create_device(made, {}).has_value());
    made.id = id_;
    ASSERT_TRUE(hub_.update_device(made).has_value());
    ASSERT_TRUE(hub_.delete_device(DeviceId("a+b#c?d=@"), ETag("AAAA")).has_value());

    EXPECT_EQ(script_.calls(), (std::vector<std::string>{"GET /devices/dev-01", "POST /devices",
                                                         "PUT /devices/dev-01",
                                                         "DELETE /devices/a%2Bb%23c%3Fd%3D%40"}));
    for (std::size_t call = 0; call < script_.asked.size(); ++call) {
        const auto& request = script_.asked[call];
        EXPECT_TRUE(request.url.starts_with("https://hub2.example.org/"));
        EXPECT_TRUE(request.url.ends_with("?api-version=2021-04-12"));
        EXPECT_TRUE(script_.header(call, "Authorization")
                        .starts_with("SharedAccessSignature sr=hub2.example.org&sig="));
        EXPECT_TRUE(script_.header(call, "Authorization").contains("&skn=iothubowner"));
    }
    EXPECT_EQ(script_.header(2, "If-Match"), "\"AAAA\"");
    EXPECT_EQ(script_.header(3, "If-Match"), "\"AAAA\"");
    EXPECT_EQ(script_.header(1, "If-Match"), "");
    EXPECT_EQ(parse_json(script_.asked[1].body).value().at(0).at("importMode"), "create");
}

TEST_F(FarHub, NamesNoDeviceThatWouldBeAnotherPath) {
    for (const auto* id : {".", ".."}) {
        const auto deleted = hub_.delete_device(DeviceId(id), ETag("AAAA"));
        ASSERT_FALSE(deleted.has_value());
        EXPECT_EQ(deleted.error().code, Code::malformed);
    }
    EXPECT_TRUE(script_.asked.empty());
}

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

TEST_F(FarHub, BelievesNoIdentityThatIsNone) {
    const std::string bad[] = {
        "",
        "{",
        "null",
        "[]",
        "7",
        "{}",
        std::string(300, '['),
        "\xFF",
        with(device_text, "dev-01", "dev-02"),
        with(device_text, "dev-01", "DEV-01"),
        with(device_text, "\"dev-01\"", "1"),
        with(device_text, "AAAA", ""),
        with(device_text, "AAAA", "*"),
        with(device_text, "AAAA", "A\\\"B"),
        with(device_text, "AAAA", "A\\r\\nX: y"),
        with(device_text, "AAAA", std::string(300, 'A')),
        with(device_text, "\"AAAA\"", "null"),
        with(device_text, "\"AAAA\"", "17"),
        with(device_text, "enabled", "Enabled?"),
        with(device_text, "\"enabled\"", "true"),
        with(device_text, "null", "[]"),
        with(device_text, "\"sas\"", "\"new kind\""),
        with(device_text, "\"sas\"", "7"),
        with(device_text, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "no base64"),
        with(device_text, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", ""),
        with(device_text, "{\"type\"", "\"x\",\"y\":{\"type\""),
        with(device_text, "\"status\"", "\"etag\":\"twice\",\"status\""),
        with(device_text, "\"status\"", "\"capabilities\":{\"iotEdge\":1},\"status\""),
        with(device_text, "\"status\"", "\"capabilities\":true,\"status\""),
        with(device_text, "\"status\"", "\"parentScopes\":\"x\",\"status\""),
        with(device_text, "\"status\"", "\"parentScopes\":[1],\"status\""),
        with(device_text, "\"status\"", "\"connectionState\":1,\"status\""),
        with(device_text, "\"status\"", "\"lastActivityTime\":1,\"status\""),
    };
    for (const std::string& text : bad) {
        script_.then(200, text);
        const auto found = hub_.find_device(id_);
        ASSERT_FALSE(found.has_value()) << text;
        EXPECT_EQ(found.error().code, Code::unavailable) << text;
        EXPECT_TRUE(found.error().detail.starts_with("the hub's answer cannot be used")) << text;
    }
}

TEST_F(FarHub, ReadsIdentitiesOfAnyHub) {
    const std::string texts[] = {
        std::string(device_text),
        with(device_text, "\"type\":\"sas\",", ""), // older hubs
        with(device_text, "\"status\"", "\"lastActivityTime\":\"0001-01-01T00:00:00\",\"status\""),
        with(device_text, "\"status\"", "\"lastActivityTime\":\"soon\",\"status\""),
        with(device_text, "\"status\"", "\"new\":{\"member\":[1]},\"status\""),
        with(device_text, "\"status\"", "\"deviceScope\":null,\"parentScopes\":null,\"status\""),
    };
    for (const std::string& text : texts) {
        script_.then(200, text);
        const auto found = hub_.find_device(id_);
        ASSERT_TRUE(found.has_value()) << text << found.error().detail;
        EXPECT_TRUE(std::holds_alternative<provisioning::HubKeys>((*found)->credential));
        EXPECT_FALSE((*found)->last_activity.has_value());
    }
    script_.then(200, with(device_text, "\"type\":\"sas\",\"symmetricKey\":{",
                           "\"x509Thumbprint\":{\"primaryThumbprint\":\"AB\"},\"other\":{"));
    EXPECT_EQ(hub_.find_device(id_).value()->credential,
              (provisioning::HubCredential(
                  provisioning::HubThumbprints{.primary = "AB", .secondary = ""})));
}

TEST_F(FarHub, BelievesNoTwinThatIsNone) {
    const std::string bad[] = {
        "",
        "[]",
        "{}",
        "{\"deviceId\":\"dev-01\"}",
        with(twin_text, "dev-01", "dev-02"),
        with(twin_text, "\"tags\":{\"a\":1}", "\"tags\":[1]"),
        with(twin_text, "\"tags\":{\"a\":1}", "\"properties\":{}"),
        with(twin_text, "\"BBBB\"", "null"),
        with(twin_text, "{\"c\":3}", "\"c\""),
        with(twin_text, "{\"c\":3}", std::string(80, '[') + std::string(80, ']')),
        with(twin_text, "\"tags\"", "\"moduleId\":\"camera\",\"tags\""),
        with(twin_text, "\"properties\":", "\"properties\":7,\"other\":"),
        std::string(hub_answer_bytes_max + 1, ' '),
    };
    for (const std::string& text : bad) {
        script_.then(200, text);
        const auto found = hub_.find_twin(id_);
        ASSERT_FALSE(found.has_value()) << text.substr(0, 200);
        EXPECT_EQ(found.error().code, Code::unavailable) << text.substr(0, 200);
    }
    script_.then(200, std::string(twin_text));
    const HubTwin twin = hub_.find_twin(id_).value().value();
    EXPECT_EQ(
        twin,
        (HubTwin{.etag = {}, .tags = {{"a", 1}}, .desired = {{"b", 2}}, .reported = {{"c", 3}}}));
}

TEST_F(FarHub, ReadsModulesWithTheirTwins) {
    script_.then(200, std::string(modules_text))
        .then(200, module_twin_text("camera"))
        .then(200, module_twin_text("$edgeAgent"));
    const auto modules = hub_.modules(id_);
    ASSERT_TRUE(modules.has_value()) << modules.error().detail;
    ASSERT_EQ(modules->size(), 2U);
    EXPECT_EQ(modules->at(0).id, "camera");
    EXPECT_EQ(modules->at(0).managed_by, "me");
    EXPECT_EQ(modules->at(1).twin.desired.at("for"), "$edgeAgent");
    EXPECT_EQ(
        script_.calls(),
        (std::vector<std::string>{"GET /devices/dev-01/modules", "GET /twins/dev-01/modules/camera",
                                  "GET /twins/dev-01/modules/%24edgeAgent"}));
}

TEST_F(FarHub, LeavesOutModulesThatWentMeanwhile) {
    script_.then(200, std::string(modules_text))
        .then(404, error_text("ModuleNotFound"))
        .then(200, module_twin_text("$edgeAgent"));
    const auto modules = hub_.modules(id_);
    ASSERT_TRUE(modules.has_value());
    ASSERT_EQ(modules->size(), 1U);
    EXPECT_EQ(modules->front().id, "$edgeAgent");
}

TEST_F(FarHub, BelievesNoListOfModulesThatIsNone) {
    std::string endless = "[";
    for (int count = 0; count < 300; ++count) {
        endless += fmt::format(R"({}{{"deviceId":"dev-01","moduleId":"m{}",
            "authentication":{{"type":"none"}}}})",
                               count == 0 ? "" : ",", count);
    }
    const std::string bad[] = {
        "",
        "{}",
        "[7]",
        "[{}]",
        endless + "]",
        with(modules_text, "dev-01", "dev-02"),
        with(modules_text, "camera", "$edgeAgent"),
        with(modules_text, "camera", "../x"),
        with(modules_text, "\"none\"", "\"other\""),
        with(modules_text, "\"me\"", "7"),
    };
    for (const std::string& text : bad) {
        script_.then(200, text);
        const auto modules = hub_.modules(id_);
        ASSERT_FALSE(modules.has_value()) << text.substr(0, 200);
        EXPECT_EQ(modules.error().code, Code::unavailable);
    }
    script_.then(200, std::string(modules_text)).then(200, module_twin_text("another"));
    EXPECT_EQ(hub_.modules(id_).error().code, Code::unavailable) << "another module's twin";
}

TEST_F(FarHub, PutsModulesWithAllTheyHave) {
    script_.then(200, R"({"isSuccessful":true})");
    ASSERT_TRUE(hub_.put_module(id_, module()).has_value());
    const Json entry = parse_json(script_.asked[0].body).value().at(0);
    EXPECT_EQ(entry.at("id"), "dev-01");
    EXPECT_EQ(entry.at("moduleId"), "camera");
    EXPECT_EQ(entry.at("importMode"), "create");
    EXPECT_EQ(entry.at("properties").at("reported"), Json({{"seen", 1}}));
}

TEST_F(FarHub, ReplacesTheTwinOfAModuleThatIsThere) {
    constexpr auto exists =
        R"({"isSuccessful":false,"errors":[{"errorCode":"ModuleAlreadyExistsOnDevice"}]})";
    script_.then(400, exists)
        .then(200, module_twin_text("camera"))
        .then(200, R"({"isSuccessful":true})");
    ASSERT_TRUE(hub_.put_module(id_, module()).has_value());
    const Json entry = parse_json(script_.asked[2].body).value().at(0);
    EXPECT_EQ(entry.at("importMode"), "updateTwin");
    EXPECT_EQ(entry.at("moduleId"), "camera");

    // A hub that overlooks moduleId speaks of the device, whose twin is not to be overwritten.
    script_.then(400, exists).then(404, error_text("FeatureNotSupported"));
    EXPECT_EQ(hub_.put_module(id_, module()).error().code, Code::unsupported);
    script_.then(400, exists).then(404, error_text("ModuleNotFound"));
    EXPECT_EQ(hub_.put_module(id_, module()).error().code, Code::unsupported);
    EXPECT_EQ(script_.asked.size(), 7U);
}

TEST_F(FarHub, LeavesSystemModulesToTheHub) {
    HubModule system = module("$edgeAgent");
    system.twin.desired = {{"runtime", "docker"}};
    ASSERT_TRUE(hub_.put_module(id_, system).has_value());
    EXPECT_EQ(script_.calls(), std::vector<std::string>{"PUT /twins/dev-01/modules/%24edgeAgent"});
    EXPECT_EQ(
        parse_json(script_.asked[0].body).value(),
        Json({{"tags", JsonObject()}, {"properties", {{"desired", {{"runtime", "docker"}}}}}}));
}

TEST_F(FarHub, ChangesNothingWithoutAnEtag) {
    HubDevice blind = device();
    blind.etag = ETag();
    EXPECT_EQ(hub_.update_device(blind).error().code, Code::precondition);
    EXPECT_EQ(hub_.delete_device(id_, ETag()).error().code, Code::precondition);
    EXPECT_TRUE(script_.asked.empty());
}

TEST_F(FarHub, KnowsAStaleEtagInEveryWording) {
    for (const auto& [status, name] : {std::pair(412U, "PreconditionFailed"), std::pair(412U, ""),
                                       std::pair(400U, "EtagDoesNotMatch")}) {
        script_.then(status, "", {{"iothub-errorcode", name}});
        EXPECT_EQ(hub_.update_device(device()).error().code, Code::precondition);
    }
}

} // namespace muster::app
