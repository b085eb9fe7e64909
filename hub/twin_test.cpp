#include "hub/fixture.h"
#include "hub/twin.h"

namespace muster::hub {

namespace {

Twin twin_with_desired(std::string_view text) {
    return new_twin({}, object(text), {}, noon());
}

Twin must(Result<Twin> twin) {
    EXPECT_TRUE(twin.has_value()) << (twin ? "" : twin.error().detail);
    return twin.value_or(Twin());
}

constexpr std::string_view noon_text = "2030-01-02T12:00:00.0000000Z";
constexpr auto hour = std::chrono::hours(1);
constexpr std::string_view one_o_clock = "2030-01-02T13:00:00.0000000Z";

std::string text_at(const JsonObject& document, std::string_view key) {
    return std::string(document.at(key).as_string());
}

} // namespace

TEST(NewTwin, HasVersionOneAndOnlyDollarKeys) {
    const Twin twin = new_twin({}, {}, {}, noon());
    EXPECT_EQ(twin.version, 1);
    for (const TwinSection& section : {twin.desired, twin.reported}) {
        EXPECT_EQ(to_text(to_properties_document(section)),
                  R"({"$metadata":{"$lastUpdated":"0001-01-01T00:00:00Z"},"$version":1})");
    }
}

TEST(NewTwin, StampsInitialPropertiesAtEveryDepth) {
    const Twin twin = twin_with_desired(R"({"net":{"apn":"iot"}})");
    const JsonObject& net = twin.desired.metadata.at("net").as_object();
    EXPECT_EQ(text_at(net, "$lastUpdated"), noon_text);
    EXPECT_EQ(net.at("$lastUpdatedVersion").as_int64(), 1);
    EXPECT_EQ(text_at(net.at("apn").as_object(), "$lastUpdated"), noon_text);
}

TEST(TwinETag, IsTheVersionAsEightBytes) {
    Twin twin;
    twin.version = 7;
    EXPECT_EQ(etag_of(twin).text(), "AAAAAAAAAAc="); // the example of iothub B.1
    twin.version = 0x0102030405060708;
    EXPECT_EQ(etag_of(twin).text(), "AQIDBAUGBwg=");
}

// IOTHUB-23: PATCH merges, null deletes.
TEST(PatchTwin, MergesAndDeletes) {
    const Twin twin = twin_with_desired(R"({"period":30,"net":{"apn":"iot","dns":"a"},"old":1})");
    const Twin next = must(
        apply_patch(twin, desired_update(R"({"net":{"dns":null,"mtu":9},"old":null})"), noon()));
    EXPECT_EQ(to_text(next.desired.values), R"({"period":30,"net":{"apn":"iot","mtu":9}})");
    EXPECT_FALSE(next.desired.metadata.contains("old"));
}

TEST(PatchTwin, ReplacesAnObjectByAScalarAndBack) {
    Twin twin = twin_with_desired(R"({"a":{"b":{"c":1}}})");
    twin = must(apply_patch(twin, desired_update(R"({"a":5})"), noon()));
    EXPECT_EQ(to_text(twin.desired.values), R"({"a":5})");
    EXPECT_FALSE(twin.desired.metadata.at("a").as_object().contains("b"));
    twin = must(apply_patch(twin, desired_update(R"({"a":{"d":null,"e":[1,null]}})"), noon()));
    EXPECT_EQ(to_text(twin.desired.values), R"({"a":{"e":[1,null]}})");
}

TEST(PatchTwin, StampsWhatItNamesAndWhatIsAbove) {
    const Twin twin = twin_with_desired(R"({"period":30,"net":{"apn":"iot","dns":"a"}})");
    const Twin next =
        must(apply_patch(twin, desired_update(R"({"net":{"dns":null}})"), noon() + hour));
    const JsonObject& root = next.desired.metadata;
    const JsonObject& net = root.at("net").as_object();
    EXPECT_EQ(text_at(root, "$lastUpdated"), one_o_clock);
    EXPECT_EQ(root.at("$lastUpdatedVersion").as_int64(), 2);
    EXPECT_EQ(text_at(net, "$lastUpdated"), one_o_clock); // of the removal
    EXPECT_EQ(text_at(net.at("apn").as_object(), "$lastUpdated"), noon_text);
    EXPECT_EQ(text_at(root.at("period").as_object(), "$lastUpdated"), noon_text);
    EXPECT_EQ(root.at("period").as_object().at("$lastUpdatedVersion").as_int64(), 1);
}

// IOTHUB-24: exactly +1 for each accepted update of the section; tags alone do not move it.
TEST(PatchTwin, CountsVersions) {
    const Twin twin = new_twin({}, {}, {}, noon());
    const Twin tagged = must(
        apply_patch(twin, {.tags = object(R"({"site":"n"})"), .desired = std::nullopt}, noon()));
    EXPECT_EQ(tagged.version, 2);
    EXPECT_EQ(tagged.desired.version, 1);
    const Twin emptily = must(apply_patch(tagged, desired_update("{}"), noon()));
    EXPECT_EQ(emptily.version, 3);
    EXPECT_EQ(emptily.desired.version, 2);
    EXPECT_EQ(emptily.reported.version, 1);
    EXPECT_EQ(must(apply_patch(emptily, {}, noon())).version, 3) << "nothing was asked for";
}

// IOTHUB-23: PUT replaces tags and desired completely and leaves reported alone.
TEST(ReplaceTwin, ReplacesTagsAndDesired) {
    const Twin twin =
        new_twin(object(R"({"site":"n"})"), object(R"({"a":1})"), object(R"({"fw":"1"})"), noon());
    const Twin next = must(apply_replace(
        twin, {.tags = object(R"({"x":{"y":null}})"), .desired = object(R"({"b":2})")}, noon()));
    EXPECT_EQ(to_text(next.tags), R"({"x":{}})");
    EXPECT_EQ(to_text(next.desired.values), R"({"b":2})");
    EXPECT_FALSE(next.desired.metadata.contains("a"));
    EXPECT_EQ(next.desired.version, 2);
    EXPECT_EQ(to_text(next.reported.values), R"({"fw":"1"})");
    EXPECT_EQ(next.reported.version, 1);
}

TEST(ReplaceTwin, TakesAnAbsentHalfForEmpty) {
    const Twin twin = new_twin(object(R"({"site":"n"})"), object(R"({"a":1})"), {}, noon());
    const Twin emptied = must(apply_replace(twin, {}, noon()));
    EXPECT_TRUE(emptied.tags.empty());
    EXPECT_TRUE(emptied.desired.values.empty());
    EXPECT_EQ(emptied.desired.version, 2);
    const Twin again = must(apply_replace(emptied, {}, noon()));
    EXPECT_EQ(again.desired.version, 2) << "nothing was left to remove";
    EXPECT_EQ(again.version, 3);
}

TEST(ReportTwin, StampsWithoutVersion) {
    const Twin next =
        must(apply_reported(new_twin({}, {}, {}, noon()), object(R"({"fw":1})"), noon() + hour));
    EXPECT_EQ(next.reported.version, 2);
    EXPECT_EQ(next.desired.version, 1);
    EXPECT_EQ(to_text(to_properties_document(next.reported)),
              R"({"fw":1,"$metadata":{"$lastUpdated":"2030-01-02T13:00:00.0000000Z",)"
              R"("fw":{"$lastUpdated":"2030-01-02T13:00:00.0000000Z"}},"$version":2})");
}

TEST(ReportTwin, ComparesAnExpectedVersion) {
    const Twin twin = new_twin({}, {}, {}, noon());
    const Twin next = must(apply_reported(twin, object(R"({"$version":1,"fw":2})"), noon()));
    EXPECT_EQ(to_text(next.reported.values), R"({"fw":2})");
    EXPECT_EQ(code_of(apply_reported(next, object(R"({"$version":1,"fw":3})"), noon())),
              Code::precondition);
    EXPECT_EQ(code_of(apply_reported(next, object(R"({"$version":"2","fw":3})"), noon())),
              Code::malformed);
    EXPECT_EQ(code_of(apply_reported(next, object(R"({"$metadata":{}})"), noon())),
              Code::malformed);
}

// IOTHUB-11: unwrapped, an integer $version in both, and no tags.
TEST(DeviceDocument, ShowsBothSectionsWithTheirVersions) {
    const Twin twin =
        new_twin(object(R"({"secret":1})"), object(R"({"a":1})"), object(R"({"b":2})"), noon());
    EXPECT_EQ(to_text(to_device_document(twin)),
              R"({"desired":{"a":1,"$version":1},"reported":{"b":2,"$version":1}})");
}

// IOTHUB-15: the update as it was applied, nulls included, and the version.
TEST(DesiredNotification, CarriesNullsAndTheVersion) {
    EXPECT_EQ(to_text(to_desired_notification(object(R"({"period":60,"route":null})"), 5)),
              R"({"period":60,"route":null,"$version":5})");
}

TEST(TwinUpdate, DropsWhatOnlyTheHubWrites) {
    const auto update = twin_update_from(object(
        R"({"deviceId":"d","tags":{"a":1},"properties":{"desired":{"$metadata":{},"$version":3,
            "b":2},"reported":{"c":3}},"version":9})"));
    ASSERT_TRUE(update.has_value());
    EXPECT_EQ(to_text(*update->tags), R"({"a":1})");
    EXPECT_EQ(to_text(*update->desired), R"({"b":2})");
}

TEST(TwinUpdate, LeavesAbsentHalvesOut) {
    for (const std::string_view text :
         {"{}", R"({"properties":{}})", R"({"tags":null,"properties":null})",
          R"({"properties":{"desired":null,"reported":{}}})"}) {
        const auto update = twin_update_from(object(text));
        ASSERT_TRUE(update.has_value()) << text;
        EXPECT_FALSE(update->tags || update->desired) << text;
    }
}

TEST(TwinUpdate, RefusesOtherShapes) {
    for (const std::string_view text :
         {R"({"tags":1})", R"({"tags":[]})", R"({"properties":"x"})",
          R"({"properties":{"desired":true}})", R"({"properties":{"desired":{"$etag":"x"}}})",
          R"({"tags":{"$x":1}})"}) {
        EXPECT_EQ(code_of(twin_update_from(object(text))), Code::malformed) << text;
    }
}

TEST(ModelId, ChangesTheTwinOnlyIfItDiffers) {
    const Twin twin = with_model_id(new_twin({}, {}, {}, noon()), "dtmi:x;1");
    EXPECT_EQ(twin.version, 2);
    EXPECT_EQ(with_model_id(twin, "dtmi:x;1").version, 2);
    EXPECT_EQ(twin.desired.version, 1);
}

} // namespace muster::hub
