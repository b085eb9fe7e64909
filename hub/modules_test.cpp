// Modules and Edge devices in the registry (iothub B.3, B.6), and who may be connected (A.13).

#include "crypto/sas.h"
#include "hub/edge.h"
#include "hub/fixture.h"

#include <algorithm>

namespace muster::hub {

namespace {

class Modules : public HubTest {
  protected:
    Result<DeviceView> put(std::string_view module, const IfMatch& if_match = {},
                           std::string_view of = "dev-01") {
        Device wanted;
        wanted.id = DeviceId(std::string(of));
        wanted.module = ModuleId(std::string(module));
        return hub.put_device(wanted, if_match);
    }

    Device edge(std::string_view id = "edge-1") {
        Device wanted;
        wanted.id = DeviceId(std::string(id));
        wanted.iot_edge = true;
        return hub.put_device(wanted, {}).value().device;
    }

    std::string ids(std::string_view of) {
        std::string all;
        for (const DeviceView& view : hub.list_modules(DeviceId(std::string(of))).value()) {
            all += view.device.module.text() + ' ';
        }
        return all;
    }

    Device update(Device wanted) {
        const auto view = hub.put_device(std::move(wanted), any_etag());
        EXPECT_TRUE(view);
        return view ? view->device : Device();
    }

    Credentials credentials(const IdentityId& id) {
        const Device module = hub.get_device(id)->device;
        std::string resource = "hub1.example.org/devices/" + id.device.text();
        resource += id.is_module() ? "/modules/" + id.module.text() : "";
        return {.identity = id,
                .sas = crypto::make_sas(resource, module.authentication.primary_key,
                                        noon() + std::chrono::hours(1)),
                .certificates = {}};
    }

    const DeviceId device{"dev-01"};
    const IdentityId cam{device, ModuleId("cam")};
};

} // namespace

TEST_F(Modules, LiveByTheTableOfTheirDevices) { // IOTHUB-26
    const auto orphan = put("cam");
    EXPECT_EQ(code_of(orphan), Code::not_found);
    EXPECT_EQ(orphan.error().detail, "device not found");
    EXPECT_EQ(code_of(hub.list_modules(device)), Code::not_found);
    create("dev-01");
    EXPECT_EQ(ids("dev-01"), "");
    EXPECT_EQ(hub.get_device(cam).error().detail, module_unknown);
    EXPECT_EQ(hub.get_twin(cam).error().detail, module_unknown);
    EXPECT_EQ(code_of(put("cam", any_etag())), Code::not_found);
    const Device made = put("cam")->device;
    EXPECT_EQ(made.identity(), cam);
    EXPECT_FALSE(made.authentication.primary_key.empty());
    EXPECT_EQ(code_of(put("cam")), Code::already_exists);
    EXPECT_EQ(code_of(put("cam", exactly(ETag("x")))), Code::precondition);
    const Device updated = put("cam", exactly(made.etag))->device;
    EXPECT_EQ(updated.generation_id, made.generation_id);
    EXPECT_NE(updated.etag, made.etag);
    ASSERT_TRUE(put("arm"));
    EXPECT_EQ(ids("dev-01"), "arm cam ");
    EXPECT_EQ(hub.list_devices(10)->size(), 1U) << "modules are no devices";
    EXPECT_EQ(hub.counts().value(), (IdentityCounts{.devices = 1, .modules = 2}));
    EXPECT_EQ(code_of(hub.delete_device(cam, exactly(ETag("x")))), Code::precondition);
    ASSERT_TRUE(hub.delete_device(cam, {}));
    EXPECT_EQ(ids("dev-01"), "arm ");
    ASSERT_TRUE(hub.delete_device(device, {}));
    EXPECT_EQ(hub.counts().value(), IdentityCounts());
}

TEST_F(Modules, HaveNoStatusCapabilitiesOrScopes) {
    create("dev-01");
    Device wanted;
    wanted.id = device;
    wanted.module = cam.module;
    wanted.managed_by = "me";
    wanted.status = DeviceStatus::disabled;
    wanted.iot_edge = true;
    wanted.device_scope = "s";
    const Device made = hub.put_device(wanted, {})->device;
    EXPECT_EQ(made.status, DeviceStatus::enabled);
    EXPECT_FALSE(made.iot_edge);
    EXPECT_EQ(made.device_scope, "");
    EXPECT_EQ(made.managed_by, "me");
    wanted.managed_by = std::string(129, 'm');
    EXPECT_EQ(code_of(hub.put_device(wanted, any_etag())), Code::malformed);
    EXPECT_EQ(code_of(put("a/b")), Code::malformed);
    EXPECT_EQ(code_of(put(std::string(129, 'm'))), Code::malformed);
}

TEST_F(Modules, AreBoundedPerDevice) {
    create("dev-01");
    for (std::size_t at = 0; at < hub.settings().modules_max; ++at) {
        ASSERT_TRUE(put("m" + std::to_string(at)));
    }
    EXPECT_EQ(code_of(put("one-more")), Code::too_large);
    EXPECT_EQ(code_of(put("m0")), Code::already_exists);
    ASSERT_TRUE(hub.delete_device({device, ModuleId("m0")}, {}));
    EXPECT_TRUE(put("one-more"));
}

TEST_F(Modules, TwinsAreTheirOwn) { // IOTHUB-23
    create("dev-01");
    ASSERT_TRUE(put("cam"));
    const auto [link, id] = connect(cam);
    ASSERT_TRUE(hub.patch_twin(cam, desired_update(R"({"a":1})"), {}));
    EXPECT_EQ(link->notifications.size(), 1U);
    EXPECT_EQ(to_text(hub.read_twin(device)->desired.values), "{}");
    EXPECT_EQ(hub.report(cam, object(R"({"fw":1})")), 2);
    ASSERT_TRUE(hub.put_twin(cam, {.tags = {{"t", 1}}, .desired = {{"b", 2}}, .reported = {}}));
    const Twin twin = hub.read_twin(cam).value();
    EXPECT_EQ(to_text(twin.tags), R"({"t":1})");
    EXPECT_EQ(to_text(twin.desired.values), R"({"b":2})");
    EXPECT_EQ(to_text(twin.reported.values), "{}");
    EXPECT_EQ(twin.reported.version, 3);
    EXPECT_EQ(link->notifications.size(), 2U);
}

TEST_F(Modules, HoldStillWhileTheirDeviceMovesOut) {
    Device moving = create("dev-01");
    ASSERT_TRUE(put("cam"));
    moving.status = DeviceStatus::disabled;
    moving.status_reason = "moving out 4f3a9c0d11223344; was enabled";
    update(moving);
    EXPECT_EQ(code_of(put("new")), Code::unavailable);
    EXPECT_EQ(code_of(put("cam", any_etag())), Code::unavailable);
    EXPECT_EQ(code_of(hub.delete_device(cam, {})), Code::unavailable);
    EXPECT_EQ(code_of(hub.patch_twin(cam, desired_update(R"({"a":1})"), {})), Code::unavailable);
    moving.status_reason = "moving in 4f3a9c0d11223344";
    update(moving);
    EXPECT_TRUE(hub.patch_twin(cam, desired_update(R"({"a":1})"), {})) << "they are put one by one";
    EXPECT_TRUE(put("new"));
}

// ---- connections ----

TEST_F(Modules, AreBlockedAndCutWithTheirDevice) { // IOTHUB-2, IOTHUB-34
    Device made = create("dev-01");
    ASSERT_TRUE(put("cam"));
    const auto session = hub.authenticate(credentials(cam));
    ASSERT_TRUE(session) << session.error().cause;
    const auto of_device = connect(device);
    const auto of_module = connect(cam);
    EXPECT_EQ(hub.live().connected_count(), 2U);
    EXPECT_EQ(hub.live().connected_device_count(), 1U);
    EXPECT_TRUE(hub.is_welcome(cam, session->device.generation_id).value());
    EXPECT_FALSE(hub.is_welcome(cam, "another").value());

    made.status = DeviceStatus::disabled;
    update(made);
    EXPECT_EQ(of_device.link->closed.size(), 1U);
    EXPECT_EQ(of_module.link->closed.size(), 1U);
    EXPECT_FALSE(hub.is_welcome(cam, session->device.generation_id).value());
    EXPECT_EQ(hub.authenticate(credentials(cam)).error().cause, "the device is disabled");
    auto late = std::make_shared<fakes::Link>();
    EXPECT_EQ(hub.live().admission(cam), session->admission + 1) << "it may not attach any more";
}

TEST_F(Modules, AreNotCutByNewKeysOfTheirDevice) {
    create("dev-01");
    ASSERT_TRUE(put("cam"));
    const auto of_device = connect(device);
    const auto of_module = connect(cam);
    ASSERT_TRUE(hub.regenerate_keys(device, KeySlots::both));
    EXPECT_EQ(of_device.link->closed.size(), 1U);
    EXPECT_TRUE(of_module.link->closed.empty());
    ASSERT_TRUE(hub.regenerate_keys(cam, KeySlots::both));
    EXPECT_EQ(of_module.link->closed.size(), 1U);
}

TEST_F(Modules, EndWithTheirDevice) { // IOTHUB-34
    create("dev-01");
    ASSERT_TRUE(put("cam"));
    const auto of_module = connect(cam);
    ASSERT_TRUE(hub.save_session(cam, {{"a", 1}}));
    ASSERT_TRUE(hub.delete_device(device, {}));
    EXPECT_EQ(of_module.link->closed.size(), 1U);
    EXPECT_FALSE(hub.live().presence(cam).last_activity) << "forgotten";
    create("dev-01");
    EXPECT_EQ(ids("dev-01"), "");
    EXPECT_TRUE(hub.load_session(cam)->empty());
}

// ---- keys ----

TEST_F(Modules, NewKeysTakeThePlaceOfOldOnes) {
    const Device before = create("dev-01");
    const Device first = hub.regenerate_keys(device, KeySlots::primary)->device;
    EXPECT_NE(first.authentication.primary_key, before.authentication.primary_key);
    EXPECT_EQ(first.authentication.secondary_key, before.authentication.secondary_key);
    EXPECT_NE(first.etag, before.etag);
    const Device second = hub.regenerate_keys(device, KeySlots::secondary)->device;
    EXPECT_EQ(second.authentication.primary_key, first.authentication.primary_key);
    EXPECT_NE(second.authentication.secondary_key, first.authentication.secondary_key);
    EXPECT_EQ(code_of(hub.regenerate_keys(cam, KeySlots::both)), Code::not_found);
    Device pinned = second;
    pinned.authentication.type = AuthenticationType::none;
    update(pinned);
    EXPECT_EQ(code_of(hub.regenerate_keys(device, KeySlots::both)), Code::unsupported);
}

// ---- IoT Edge ----

TEST_F(Modules, AnEdgeDeviceComesWithTwoOfThem) {
    const Device made = edge();
    EXPECT_EQ(ids("edge-1"), "$edgeAgent $edgeHub ");
    const IdentityId agent(made.id, ModuleId("$edgeAgent"));
    EXPECT_EQ(hub.get_device(agent)->device.authentication.type, AuthenticationType::none);
    EXPECT_TRUE(hub.patch_twin(agent, desired_update(R"({"runtime":"docker"})"), {}));
    EXPECT_EQ(code_of(hub.delete_device(agent, {})), Code::forbidden);
    EXPECT_EQ(code_of(put("$edgeHub", {}, "edge-1")), Code::already_exists);
    EXPECT_TRUE(put("$edgeHub", any_etag(), "edge-1")) << "the runtime gives it its keys";
    create("dev-01");
    EXPECT_EQ(code_of(put("$edgeAgent")), Code::forbidden);
}

TEST_F(Modules, SystemModulesFollowTheCapability) {
    Device made = create("dev-01");
    made.iot_edge = true;
    EXPECT_EQ(update(made).device_scope, edge_scope_of(made));
    EXPECT_EQ(ids("dev-01"), "$edgeAgent $edgeHub ");
    ASSERT_TRUE(put("cam"));
    made.iot_edge = false;
    made.device_scope.clear();
    EXPECT_EQ(update(made).device_scope, "");
    EXPECT_EQ(ids("dev-01"), "cam ");
}

TEST_F(Modules, AParentIsAnEdgeDeviceOfThisHub) {
    const Device parent = edge();
    Device leaf;
    leaf.id = DeviceId("leaf");
    for (const std::string& scope :
         {std::string("x"), edge_scope_of(parent) + "1", std::string("ms-azure-iot-edge://leaf-1"),
          "ms-azure-iot-edge://" + create("plain").id.text() + "-1"}) {
        leaf.device_scope = scope;
        const auto refused = hub.put_device(leaf, {});
        EXPECT_EQ(code_of(refused), Code::malformed) << scope;
        EXPECT_EQ(refused.error().detail, unknown_scope);
    }
    leaf.device_scope = parent.device_scope;
    Device made = hub.put_device(leaf, {})->device;
    EXPECT_EQ(made.parent_scopes, std::vector{parent.device_scope});
    leaf.device_scope = "ms-azure-iot-edge://random-1";
    EXPECT_EQ(hub.put_device(leaf, any_etag()).error().detail, unknown_scope);

    ASSERT_TRUE(hub.delete_device(parent.id, {}));
    EXPECT_EQ(update(made).device_scope, parent.device_scope) << "what it had it may keep";
    made.device_scope.clear();
    EXPECT_TRUE(update(made).parent_scopes.empty());
}

TEST_F(Modules, EdgeDevicesMayHaveParentsOfTheirOwn) {
    const Device parent = edge("top");
    Device child;
    child.id = DeviceId("low");
    child.iot_edge = true;
    child.parent_scopes = {parent.device_scope};
    const Device made = hub.put_device(child, {})->device;
    EXPECT_EQ(made.parent_scopes, child.parent_scopes);
    EXPECT_EQ(made.device_scope, edge_scope_of(made));
    child.parent_scopes = {made.device_scope};
    EXPECT_EQ(hub.put_device(child, any_etag()).error().detail, unknown_scope) << "not its own";
    Device leaf;
    leaf.id = DeviceId("leaf");
    leaf.parent_scopes = {made.device_scope};
    EXPECT_EQ(hub.put_device(leaf, {})->device.device_scope, made.device_scope);
}

TEST(EdgeScopes, NameDeviceAndGeneration) {
    const auto scope = parse_edge_scope("ms-azure-iot-edge://a-b-17");
    ASSERT_TRUE(scope);
    EXPECT_EQ(scope->device.text(), "a-b");
    EXPECT_EQ(scope->generation_id, "17");
    for (const std::string_view other : {"", "ms-azure-iot-edge://", "ms-azure-iot-edge://a",
                                         "ms-azure-iot-edge://a/b-1", "a-1"}) {
        EXPECT_FALSE(parse_edge_scope(other)) << other;
    }
}

} // namespace muster::hub
