// A hub elsewhere: how it is asked, and hubs that answer what no hub should. Whatever it is, the
// caller gets one clean error and believes nothing of it.

#include "app/hubs/far_hub.h"
#include "app/hubs/hub_answer.h"

namespace muster::app {

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

TEST_F(FarHub, ChangesNothingWithoutAnEtag) {
    HubDevice blind = device();
    blind.etag = ETag();
    EXPECT_EQ(hub_.update_device(blind).error().code, Code::precondition);
    EXPECT_EQ(hub_.delete_device(id_, ETag()).error().code, Code::precondition);
    EXPECT_TRUE(script_.asked.empty());
}

} // namespace muster::app
