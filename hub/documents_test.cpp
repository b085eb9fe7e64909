#include "hub/documents.h"
#include "hub/fixture.h"

namespace muster::hub {

namespace {

Device sample() {
    Device device;
    device.id = DeviceId("dev-01");
    device.generation_id = "638000000000000001";
    device.version = 3;
    device.etag = ETag("NDcwMTE4NTE5");
    device.status_updated = never();
    device.created = noon();
    device.authentication.primary_key = Secret(std::string(16, 'a'));
    device.authentication.secondary_key = Secret(std::string("\0\xff", 2) + std::string(30, 'b'));
    return device;
}

Code refusal(std::string_view text) {
    return code_of(device_from_document(object(text)));
}

} // namespace

// IOTHUB-20: no null dates, lower-case status, both credential objects.
TEST(DeviceDocument, IsAsTheReferenceShows) {
    EXPECT_EQ(to_text(to_document(DeviceView{sample(), {}})),
              R"({"deviceId":"dev-01","generationId":"638000000000000001","etag":"NDcwMTE4NTE5",)"
              R"("connectionState":"Disconnected","status":"enabled","statusReason":null,)"
              R"("connectionStateUpdatedTime":"0001-01-01T00:00:00Z",)"
              R"("statusUpdatedTime":"0001-01-01T00:00:00Z",)"
              R"("lastActivityTime":"0001-01-01T00:00:00Z","cloudToDeviceMessageCount":0,)"
              R"("authentication":{"symmetricKey":{"primaryKey":"YWFhYWFhYWFhYWFhYWFhYQ==",)"
              R"("secondaryKey":"AP9iYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI="},)"
              R"("x509Thumbprint":{"primaryThumbprint":null,"secondaryThumbprint":null},)"
              R"("type":"sas"},"capabilities":{"iotEdge":false}})");
}

TEST(DeviceDocument, ShowsPresenceStatusAndScopes) {
    Device device = sample();
    device.status = DeviceStatus::disabled;
    device.status_reason = "stolen";
    device.status_updated = noon();
    device.device_scope = "s";
    device.parent_scopes = {"s"};
    const JsonObject document = to_document(DeviceView{
        device, {.connected = true, .connection_updated = noon(), .last_activity = noon()}});
    EXPECT_EQ(document.at("connectionState"), "Connected");
    EXPECT_EQ(document.at("status"), "disabled");
    EXPECT_EQ(document.at("statusReason"), "stolen");
    EXPECT_EQ(document.at("statusUpdatedTime"), "2030-01-02T12:00:00.0000000Z");
    EXPECT_EQ(document.at("lastActivityTime"), "2030-01-02T12:00:00.0000000Z");
    EXPECT_EQ(document.at("deviceScope"), "s");
    EXPECT_EQ(to_text(document.at("parentScopes")), R"(["s"])");
}

TEST(TwinDocument, IsAsTheReferenceShows) {
    Twin twin = new_twin(object(R"({"site":"north"})"), {}, {}, noon());
    twin.version = 7;
    const JsonObject document = to_document(TwinView{sample(), twin, {}});
    EXPECT_EQ(to_text(document),
              R"({"deviceId":"dev-01","etag":"AAAAAAAAAAc=","deviceEtag":"NDcwMTE4NTE5",)"
              R"("status":"enabled","statusReason":null,)"
              R"("statusUpdateTime":"0001-01-01T00:00:00Z","connectionState":"Disconnected",)"
              R"("lastActivityTime":"0001-01-01T00:00:00Z","cloudToDeviceMessageCount":0,)"
              R"("authenticationType":"sas",)"
              R"("x509Thumbprint":{"primaryThumbprint":null,"secondaryThumbprint":null},)"
              R"("modelId":"","version":7,"tags":{"site":"north"},"properties":{"desired":)"
              R"({"$metadata":{"$lastUpdated":"0001-01-01T00:00:00Z"},"$version":1},"reported":)"
              R"({"$metadata":{"$lastUpdated":"0001-01-01T00:00:00Z"},"$version":1}},)"
              R"("capabilities":{"iotEdge":false}})");
    EXPECT_EQ(to_text(document).find("YWFh"), std::string::npos) << "no key in a twin";
}

TEST(DeviceFromDocument, ReadsWhatACallerMaySet) {
    const auto device = device_from_document(object(
        R"({"deviceId":"dev-01","generationId":"x","etag":"y","connectionState":"Connected",
            "status":"disabled","statusReason":"why","statusUpdatedTime":null,
            "authentication":{"symmetricKey":{"primaryKey":"YWFhYWFhYWFhYWFhYWFhYQ==",
              "secondaryKey":""},"x509Thumbprint":{"primaryThumbprint":null},"type":"sas"},
            "capabilities":{"iotEdge":true},"deviceScope":"s","parentScopes":["p"],"new":1})"));
    ASSERT_TRUE(device.has_value()) << device.error().detail;
    EXPECT_EQ(device->id.text(), "dev-01");
    EXPECT_EQ(device->generation_id, "");
    EXPECT_TRUE(device->etag.empty());
    EXPECT_EQ(device->status, DeviceStatus::disabled);
    EXPECT_EQ(device->status_reason, "why");
    EXPECT_EQ(device->authentication.primary_key, Secret(std::string(16, 'a')));
    EXPECT_TRUE(device->authentication.secondary_key.empty());
    EXPECT_FALSE(device->authentication.left_open);
    EXPECT_TRUE(device->iot_edge);
    EXPECT_EQ(device->device_scope, "s");
    EXPECT_EQ(device->parent_scopes, std::vector<std::string>{"p"});
}

// IOTHUB-21: absent, null and empty leave a key open.
TEST(DeviceFromDocument, LeavesKeysOpen) {
    for (const std::string_view text :
         {R"({"deviceId":"d"})", R"({"deviceId":"d","authentication":null})",
          R"({"deviceId":"d","authentication":{}})",
          R"({"deviceId":"d","authentication":{"symmetricKey":null,"type":"sas"}})",
          R"({"deviceId":"d","authentication":{"symmetricKey":{"primaryKey":""}}})"}) {
        const auto device = device_from_document(object(text));
        ASSERT_TRUE(device.has_value()) << text;
        EXPECT_EQ(device->authentication.type, AuthenticationType::sas) << text;
        EXPECT_TRUE(device->authentication.primary_key.empty()) << text;
    }
    EXPECT_TRUE(device_from_document(object(R"({"deviceId":"d"})"))->authentication.left_open);
}

TEST(DeviceFromDocument, InfersTheTypeFromAThumbprint) {
    const auto device = device_from_document(object(
        R"({"deviceId":"d","authentication":{"x509Thumbprint":{"secondaryThumbprint":"AB"}}})"));
    ASSERT_TRUE(device.has_value());
    EXPECT_EQ(device->authentication.type, AuthenticationType::self_signed);
    for (const auto& [name, type] :
         {std::pair{"selfSigned", AuthenticationType::self_signed},
          std::pair{"certificateAuthority", AuthenticationType::certificate_authority},
          std::pair{"none", AuthenticationType::none}}) {
        const JsonObject document{{"deviceId", "d"},
                                  {"authentication", JsonObject{{"type", name}}}};
        EXPECT_EQ(device_from_document(document)->authentication.type, type);
    }
}

TEST(DeviceFromDocument, RefusesOtherShapes) {
    for (const std::string_view text :
         {"{}", R"({"deviceId":1})", R"({"deviceId":"a/b"})", R"({"deviceId":"d","status":"off"})",
          R"({"deviceId":"d","status":1})", R"({"deviceId":"d","statusReason":{}})",
          R"({"deviceId":"d","authentication":"sas"})",
          R"({"deviceId":"d","authentication":{"type":"SAS"}})",
          R"({"deviceId":"d","authentication":{"symmetricKey":[]}})",
          R"({"deviceId":"d","authentication":{"symmetricKey":{"primaryKey":"short"}}})",
          R"({"deviceId":"d","authentication":{"symmetricKey":{"secondaryKey":"YQ=="}}})",
          R"({"deviceId":"d","authentication":{"x509Thumbprint":{"primaryThumbprint":7}}})",
          R"({"deviceId":"d","capabilities":{"iotEdge":"yes"}})",
          R"({"deviceId":"d","capabilities":[]})", R"({"deviceId":"d","deviceScope":1})",
          R"({"deviceId":"d","parentScopes":"p"})", R"({"deviceId":"d","parentScopes":[1]})"}) {
        EXPECT_EQ(refusal(text), Code::malformed) << text;
    }
}

TEST(DeviceFromDocument, DoesNotEchoAKey) {
    const auto refused = device_from_document(
        object(R"({"deviceId":"d","authentication":{"symmetricKey":{"primaryKey":"hunter2"}}})"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ((refused.error().detail + refused.error().cause).find("hunter2"), std::string::npos);
}

TEST(StoredDocuments, KeepEverything) {
    Device device = sample();
    device.status = DeviceStatus::disabled;
    device.status_reason = "why";
    device.iot_edge = true;
    device.device_scope = "s";
    device.parent_scopes = {"p", "q"};
    for (const auto type : {AuthenticationType::sas, AuthenticationType::self_signed,
                            AuthenticationType::certificate_authority, AuthenticationType::none}) {
        device.authentication.type = type;
        device.authentication.primary_thumbprint = std::string(40, 'A');
        const JsonObject document = to_stored_document(device);
        const auto again = stored_device(object(to_text(document)));
        ASSERT_TRUE(again.has_value()) << again.error().detail;
        EXPECT_EQ(to_text(to_stored_document(*again)), to_text(document));
        EXPECT_EQ(again->authentication.secondary_key, device.authentication.secondary_key);
        EXPECT_EQ(again->status_updated, never());
        EXPECT_EQ(again->created, noon());
    }
    Twin twin = new_twin(object(R"({"t":1})"), object(R"({"a":{"b":[1,{"c":null}]}})"),
                         object(R"({"f":0.1})"), noon());
    twin.model_id = "dtmi:x;1";
    const JsonObject document = to_stored_document(twin);
    const auto again = stored_twin(object(to_text(document)));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(to_text(to_stored_document(*again)), to_text(document));
    EXPECT_EQ(to_text(again->desired.metadata), to_text(twin.desired.metadata));
}

TEST(StoredDocuments, EveryMemberIsNeeded) {
    const JsonObject device = to_stored_document(sample());
    for (const auto& member : device) {
        JsonObject damaged = device;
        damaged.erase(member.key());
        EXPECT_EQ(code_of(stored_device(damaged)), Code::malformed) << member.key();
        damaged[member.key()] = nullptr;
        EXPECT_EQ(code_of(stored_device(damaged)), Code::malformed) << member.key();
    }
    const JsonObject twin = to_stored_document(new_twin({}, {}, {}, noon()));
    for (const auto& member : twin) {
        JsonObject damaged = twin;
        damaged.erase(member.key());
        EXPECT_EQ(code_of(stored_twin(damaged)), Code::malformed) << member.key();
    }
    JsonObject damaged = twin;
    damaged["desired"].as_object().erase("metadata");
    EXPECT_EQ(code_of(stored_twin(damaged)), Code::malformed);
    damaged = device;
    damaged["status"] = "asleep";
    EXPECT_EQ(code_of(stored_device(damaged)), Code::malformed);
    damaged = device;
    damaged["authentication"].as_object()["primaryKey"] = "***";
    EXPECT_EQ(code_of(stored_device(damaged)), Code::malformed);
    damaged = device;
    damaged["parentScopes"] = JsonArray{1};
    EXPECT_EQ(code_of(stored_device(damaged)), Code::malformed);
}

} // namespace muster::hub
