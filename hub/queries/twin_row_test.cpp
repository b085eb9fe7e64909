#include "hub/documents.h"
#include "hub/queries/json_part.h"
#include "hub/queries/twin_row.h"

#include <gtest/gtest.h>

namespace muster::hub {
namespace {

TEST(JsonPart, FindsMembersOfOneLevel) {
    constexpr std::string_view text =
        R"({"a":1,"b":{"c":"}\"","d":[{"a":2},"]"]},"\u00e9\"":null,"":"x","e":-2.5E0})";
    EXPECT_EQ(member_text(text, "a"), "1");
    EXPECT_EQ(member_text(text, "b"), R"({"c":"}\"","d":[{"a":2},"]"]})");
    EXPECT_EQ(member_text(text, "\xC3\xA9\""), "null");
    EXPECT_EQ(member_text(text, ""), "\"x\"");
    EXPECT_EQ(member_text(text, "e"), "-2.5E0");
    EXPECT_EQ(member_text(text, "c"), std::nullopt);
    EXPECT_EQ(member_text("{}", "a"), std::nullopt);
    EXPECT_EQ(member_text("[1]", "a"), std::nullopt);
}

TEST(JsonPart, ReadsNothingBeyondATextThatIsCut) {
    constexpr std::string_view text = R"({"a":{"b":"\"x"},"c":[1,2]})";
    for (std::size_t size = 0; size < text.size(); ++size) {
        const std::string cut(text.substr(0, size));
        static_cast<void>(member_text(cut, "c"));
    }
}

TwinRow row() {
    Device device;
    device.id = DeviceId("dev-01");
    device.version = 3;
    device.etag = ETag("NDcw");
    device.status_reason = "because";
    device.status_updated = from_unix_seconds(1'893'553'445);
    device.authentication.primary_key = Secret("secret-secret-secret");
    device.parent_scopes = {"ms-azure-iot-edge://edge1-1"};
    Twin twin = new_twin({{"site", "north"}, {"net", {{"apn", "iot"}}}, {"list", {1, "two"}}},
                         {{"period", 60}}, {{"fw", "1.2"}}, from_unix_seconds(1'893'553'445));
    twin.model_id = "dtmi:example;1";
    return TwinRow({.id = "dev-01",
                    .facts = facts_text(device),
                    .twin = to_text(to_stored_document(twin)),
                    .presence = {.connected = true,
                                 .connection_updated = from_unix_seconds(1'893'553'445),
                                 .last_activity = from_unix_seconds(1'893'553'446)}});
}

query::Path path_of(std::string_view text) {
    return query::parse_condition(text, query::Dialect::twin)->expression().whole().path;
}

TEST(TwinRow, FindsWhatItsDocumentHas) {
    const JsonObject document = *row().document();
    for (const std::string_view text : {"deviceId",
                                        "status",
                                        "statusReason",
                                        "statusUpdateTime",
                                        "etag",
                                        "deviceEtag",
                                        "version",
                                        "modelId",
                                        "connectionState",
                                        "lastActivityTime",
                                        "authenticationType",
                                        "x509Thumbprint.primaryThumbprint",
                                        "capabilities",
                                        "capabilities.iotEdge",
                                        "deviceScope",
                                        "parentScopes",
                                        "parentScopes[0]",
                                        "tags",
                                        "tags.site",
                                        "tags.net",
                                        "tags.net.apn",
                                        "tags.list[1]",
                                        "tags.list[2]",
                                        "tags.none",
                                        "tags.site.none",
                                        "properties",
                                        "properties.desired",
                                        "properties.desired.period",
                                        "properties.desired.$version",
                                        "properties.desired.$metadata.period.$lastUpdated",
                                        "properties.desired.none",
                                        "properties.reported.fw",
                                        "properties.reported.$metadata",
                                        "properties.none.x",
                                        "moduleId",
                                        "none",
                                        "deviceId.x",
                                        "cloudToDeviceMessageCount"}) {
        const query::Path path = path_of(text);
        const Json* expected = query::find_in(document, path);
        const TwinRow fresh = row();
        const query::Value found = fresh.find(path);
        ASSERT_EQ(found.is_defined(), expected != nullptr) << text;
        if (expected != nullptr) {
            EXPECT_EQ(to_text(*found.get()), to_text(*expected)) << text;
        }
    }
}

TEST(TwinRow, HasNoKeys) {
    Device device;
    device.authentication.primary_key = Secret("secret-secret-secret");
    device.authentication.secondary_key = Secret("hidden-hidden-hidden");
    const std::string text = facts_text(device);
    EXPECT_EQ(text.find("c2VjcmV0"), std::string::npos) << text;
    EXPECT_EQ(text.find("aGlkZGVu"), std::string::npos) << text;
}

} // namespace
} // namespace muster::hub
