#include "hub/digital_twin.h"
#include "hub/fixture.h"

namespace muster::hub {

namespace {

Twin thermostat() {
    Twin twin = new_twin({}, object(R"({"target":20,"t1":{"__t":"c","limit":5}})"), {}, noon());
    twin = apply_reported(twin,
                          object(R"({"serial":"x","target":{"value":19,"ac":200,"av":1,"ad":"ok"},)"
                                 R"("t1":{"__t":"c","max":85.5}})"),
                          noon())
               .value();
    twin.model_id = "dtmi:com:example:Thermostat;1";
    return twin;
}

std::string patch(std::string_view operations, const Twin& twin = thermostat()) {
    const auto parsed = parse_json(operations);
    EXPECT_TRUE(parsed) << operations;
    const auto made = desired_patch_from(parsed->get_array(), twin);
    return made ? to_text(*made) : std::string(to_string(made.error().code));
}

} // namespace

TEST(DigitalTwin, IsRenderedByComponent) {
    const JsonObject shown = to_digital_twin_document(DeviceId("dev-01"), thermostat());
    EXPECT_EQ(shown.at("$dtId"), "dev-01");
    EXPECT_EQ(shown.at("serial"), "x");
    EXPECT_EQ(shown.at("target"), 19);
    EXPECT_EQ(shown.at("t1").at("max"), 85.5);
    EXPECT_FALSE(shown.at("t1").get_object().contains("__t"));
    EXPECT_EQ(shown.at("t1").at("$metadata").at("limit").at("desiredValue"), 5);
    const Json& metadata = shown.at("$metadata");
    EXPECT_EQ(metadata.at("$model"), "dtmi:com:example:Thermostat;1");
    EXPECT_EQ(metadata.at("target"),
              Json(object(R"({"ackVersion":1,"ackCode":200,"ackDescription":"ok",)"
                          R"("lastUpdateTime":"2030-01-02T12:00:00.0000000Z",)"
                          R"("desiredValue":20,"desiredVersion":1})")));
    EXPECT_FALSE(metadata.get_object().contains("t1"));
}

TEST(DigitalTwin, AnEmptyTwinHasItsModelOnly) {
    EXPECT_EQ(to_text(to_digital_twin_document(DeviceId("d"), new_twin({}, {}, {}, noon()))),
              R"({"$dtId":"d","$metadata":{"$model":""}})");
}

TEST(DigitalTwin, OperationsBecomeAMergePatch) {
    EXPECT_EQ(patch(R"([{"op":"replace","path":"/target","value":21}])"), R"({"target":21})");
    EXPECT_EQ(patch(R"([{"op":"add","path":"/t1/limit","value":6}])"), R"({"t1":{"limit":6}})");
    EXPECT_EQ(patch(R"([{"op":"remove","path":"/t1/limit"}])"), R"({"t1":{"limit":null}})");
    EXPECT_EQ(patch(R"([{"op":"add","path":"/t2/limit","value":6}])"),
              R"({"t2":{"limit":6,"__t":"c"}})");
    EXPECT_EQ(patch(R"([{"op":"add","path":"/t2","value":{"limit":6,"$metadata":{}}}])"),
              R"({"t2":{"limit":6,"__t":"c"}})");
    EXPECT_EQ(patch(R"([{"op":"remove","path":"/t1"}])"), R"({"t1":null})");
    EXPECT_EQ(patch(R"([{"op":"add","path":"/a~1b~0c","value":1}])"), R"({"a/b~c":1})");
    EXPECT_EQ(patch(R"([{"op":"add","path":"/a","value":1},{"op":"remove","path":"/a"}])"), "{}");
    EXPECT_EQ(patch(R"([{"op":"remove","path":"/none/x"}])"), "{}");
    EXPECT_EQ(patch("[]"), "{}");
}

TEST(DigitalTwin, BadOperationsAreRefused) {
    for (const std::string_view bad :
         {R"([1])", R"([{"op":"move","path":"/a","from":"/b"}])",
          R"([{"op":"test","path":"/a","value":1}])", R"([{"op":"add","path":"a","value":1}])",
          R"([{"op":"add","path":"/a"}])", R"([{"op":"add","path":"/","value":1}])",
          R"([{"op":"add","path":"/a~2","value":1}])", R"([{"op":"add","path":"/$x","value":1}])",
          R"([{"path":"/a","value":1}])", R"([{"op":"add","path":7,"value":1}])"}) {
        EXPECT_EQ(patch(bad), "malformed") << bad;
    }
}

TEST(DigitalTwin, CommandsOfComponentsHaveTheirNameInFront) {
    EXPECT_EQ(command_method_name("", "reboot"), "reboot");
    EXPECT_EQ(command_method_name("t1", "reboot"), "t1*reboot");
}

} // namespace muster::hub
