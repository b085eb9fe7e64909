// Modules at a hub elsewhere (iothub B.6).

#include "app/hubs/far_hub.h"

namespace muster::app {

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

} // namespace muster::app
