#include "app/local_hubs.h"
#include "base/random.h"
#include "crypto/keys.h"
#include "hub/fakes.h"

#include <gtest/gtest.h>

namespace muster::app {
namespace {

using provisioning::HubCredential;
using provisioning::HubDevice;
using provisioning::HubTwin;

template <class T>
std::optional<Code> code_of(const Result<T>& outcome) {
    return outcome ? std::nullopt : std::optional(outcome.error().code);
}

JsonObject object(std::string_view text) {
    return parse_json_object(text).value();
}

class LocalHubsTest : public testing::Test {
  protected:
    LocalHubsTest() { hubs.add(hub); }

    static hub::HubSettings settings() {
        hub::HubSettings made;
        made.name = HubName("hub-1.example.net");
        made.policies = {{.name = "owner",
                          .primary_key = Secret(std::string(32, 'p')),
                          .secondary_key = Secret(std::string(32, 's')),
                          .rights = {hub::Right::registry_write, hub::Right::service_connect}},
                         {.name = "reader",
                          .primary_key = Secret(std::string(32, 'r')),
                          .secondary_key = Secret(),
                          .rights = {hub::Right::registry_read}}};
        return made;
    }

    static HubDevice device() {
        return {.id = id,
                .etag = {},
                .enabled = false,
                .status_reason = "moving in 4f3a9c0d11223344",
                .credential =
                    provisioning::HubKeys{.keys = {.primary = Secret(std::string(32, 'a')),
                                                   .secondary = Secret(std::string(32, 'b'))}},
                .iot_edge = false,
                .device_scope = {},
                .parent_scopes = {}};
    }

    static HubTwin twin() {
        return {.etag = {},
                .tags = object(R"({"site":"n"})"),
                .desired = object(R"({"period":30,"nested":{"a":[1,2.5]}})"),
                .reported = object(R"({"fw":1})")};
    }

    HubDevice found() { return hubs.find_device(name, id).value().value(); }

    static inline const DeviceId id{"Dev-1"};
    const HubName name{"HUB-1.example.net"};
    const HubName elsewhere{"hub-9.example.net"};
    ManualClock clock{from_unix_seconds(1'893'456'000)};
    SeededRandom random{1};
    hub::fakes::ManualScheduler timers;
    hub::fakes::Stores stores;
    hub::fakes::Devices& devices = stores.devices;
    hub::fakes::Events& events = stores.events;
    hub::fakes::Workers workers;
    hub::Service hub{settings(),
                     {.stores = stores.ports(),
                      .workers = workers,
                      .timers = timers,
                      .clock = clock,
                      .random = random}};
    LocalHubs hubs;
};

TEST_F(LocalHubsTest, WhatIsCreatedIsFoundAsItWasGiven) {
    ASSERT_TRUE(hubs.create_device(name, device(), twin()));
    const HubDevice created = found();
    EXPECT_EQ(created.id, id);
    EXPECT_FALSE(created.etag.empty());
    EXPECT_FALSE(created.enabled);
    EXPECT_EQ(created.status_reason, device().status_reason);
    EXPECT_EQ(created.credential, device().credential);
    EXPECT_FALSE(created.connected);
    EXPECT_FALSE(created.last_activity);
    const auto its_twin = hubs.find_twin(name, id);
    ASSERT_TRUE(its_twin && *its_twin);
    EXPECT_EQ(**its_twin, twin()) << "values only: no metadata, no versions";
    EXPECT_FALSE((*its_twin)->etag.empty());
    EXPECT_EQ(code_of(hubs.create_device(name, device(), twin())), Code::already_exists);
}

TEST_F(LocalHubsTest, EveryKindOfCredentialIsCarried) {
    const HubCredential credentials[] = {
        device().credential,
        provisioning::HubThumbprints{.primary = std::string(64, 'A'), .secondary = ""},
        provisioning::HubThumbprints{.primary = std::string(40, 'A'),
                                     .secondary = std::string(64, 'B')},
        provisioning::HubCertificateAuthority(), provisioning::HubNoCredential()};
    for (const HubCredential& credential : credentials) {
        HubDevice wanted = device();
        wanted.credential = credential;
        ASSERT_TRUE(hubs.create_device(name, wanted, {})) << credential.index();
        EXPECT_EQ(found().credential, credential) << credential.index();
        ASSERT_TRUE(hubs.delete_device(name, id, found().etag));
    }
}

TEST_F(LocalHubsTest, AnEdgeDeviceGetsAScopeOfItsNewHub) {
    HubDevice edge = device();
    edge.iot_edge = true;
    ASSERT_TRUE(hubs.create_device(name, edge, {}));
    EXPECT_TRUE(found().iot_edge);
    EXPECT_TRUE(found().device_scope.starts_with("ms-azure-iot-edge://Dev-1-"));
}

TEST_F(LocalHubsTest, ChangesAreTiedToTheEtag) {
    EXPECT_EQ(code_of(hubs.update_device(name, device())), Code::not_found);
    EXPECT_EQ(code_of(hubs.delete_device(name, id, ETag("x"))), Code::not_found);
    ASSERT_TRUE(hubs.create_device(name, device(), twin()));
    const HubDevice read = found();
    HubDevice next = read;
    next.enabled = true;
    next.status_reason.clear();
    ASSERT_TRUE(hubs.update_device(name, next));
    EXPECT_TRUE(found().enabled);
    EXPECT_NE(found().etag, read.etag);
    EXPECT_EQ(code_of(hubs.update_device(name, next)), Code::precondition);
    EXPECT_EQ(code_of(hubs.update_device(name, device())), Code::precondition) << "without any";
    EXPECT_EQ(code_of(hubs.delete_device(name, id, read.etag)), Code::precondition);
    EXPECT_EQ(code_of(hubs.delete_device(name, id, ETag())), Code::precondition);
    EXPECT_EQ(**hubs.find_twin(name, id), twin()) << "an update leaves the twin";
    ASSERT_TRUE(hubs.delete_device(name, id, found().etag));
    EXPECT_EQ(hubs.find_device(name, id).value(), std::nullopt);
    EXPECT_FALSE(hubs.find_twin(name, id).value());
}

TEST_F(LocalHubsTest, TellsWhoIsConnectedAndDisablingEndsIt) {
    HubDevice enabled = device();
    enabled.enabled = true;
    enabled.status_reason.clear();
    ASSERT_TRUE(hubs.create_device(name, enabled, twin()));
    const auto link = std::make_shared<hub::fakes::Link>();
    static_cast<void>(hub.live().attach(id, link));
    EXPECT_TRUE(found().connected);
    EXPECT_EQ(found().last_activity, clock.wall());
    HubDevice fenced = found();
    fenced.enabled = false;
    fenced.status_reason = "moving out 4f3a9c0d11223344; was enabled";
    ASSERT_TRUE(hubs.update_device(name, fenced));
    EXPECT_EQ(link->closed.size(), 1U);
    EXPECT_FALSE(found().connected);
    EXPECT_EQ(found().last_activity, clock.wall());
}

TEST_F(LocalHubsTest, ModulesComeWithTheirTwins) {
    const provisioning::HubModule camera{
        .id = "camera", .managed_by = "me", .credential = device().credential, .twin = twin()};
    EXPECT_EQ(code_of(hubs.modules(name, id)), Code::not_found);
    EXPECT_EQ(code_of(hubs.put_module(name, id, camera)), Code::not_found);
    ASSERT_TRUE(hubs.create_device(name, device(), {}));
    EXPECT_TRUE(hubs.modules(name, id)->empty());
    ASSERT_TRUE(hubs.put_module(name, id, camera)); // though the device is moving in
    const auto modules = hubs.modules(name, id);
    ASSERT_TRUE(modules && modules->size() == 1U);
    EXPECT_EQ(modules->front().id, "camera");
    EXPECT_EQ(modules->front().managed_by, "me");
    EXPECT_EQ(modules->front().credential, camera.credential);
    EXPECT_EQ(modules->front().twin, twin());

    provisioning::HubModule again = camera;
    again.twin.reported = {{"other", 1}};
    ASSERT_TRUE(hubs.put_module(name, id, again));
    EXPECT_EQ(hubs.modules(name, id)->front().twin, again.twin);
    EXPECT_FALSE(hubs.may_act_late(name));
}

TEST_F(LocalHubsTest, SystemModulesAreThereWithTheDevice) {
    HubDevice edge = device();
    edge.iot_edge = true;
    ASSERT_TRUE(hubs.create_device(name, edge, {}));
    const provisioning::HubModule agent{.id = "$edgeAgent",
                                        .managed_by = {},
                                        .credential = provisioning::HubNoCredential(),
                                        .twin = twin()};
    ASSERT_TRUE(hubs.put_module(name, id, agent));
    const auto modules = hubs.modules(name, id);
    ASSERT_TRUE(modules && modules->size() == 2U);
    EXPECT_EQ(modules->at(0).id, "$edgeAgent");
    EXPECT_EQ(modules->at(0).credential, agent.credential);
    EXPECT_EQ(modules->at(0).twin, twin());
    EXPECT_EQ(modules->at(1).id, "$edgeHub");
}

TEST_F(LocalHubsTest, AnUnknownHubIsToldFromAnUnknownDevice) {
    const auto expect_unknown = [](const auto& outcome) {
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, Code::not_found);
        EXPECT_EQ(outcome.error().detail, provisioning::hub_unknown);
    };
    expect_unknown(hubs.find_device(elsewhere, id));
    expect_unknown(hubs.create_device(elsewhere, device(), {}));
    expect_unknown(hubs.update_device(elsewhere, device()));
    expect_unknown(hubs.delete_device(elsewhere, id, ETag("x")));
    expect_unknown(hubs.find_twin(elsewhere, id));
    expect_unknown(hubs.modules(elsewhere, id));
    expect_unknown(hubs.put_module(elsewhere, id, {.id = "m"}));
    EXPECT_EQ(hubs.find_device(name, id).value(), std::nullopt);
    EXPECT_NE(hubs.update_device(name, device()).error().detail, provisioning::hub_unknown);
    EXPECT_TRUE(hubs.serves(name));
    EXPECT_FALSE(hubs.serves(elsewhere));
}

TEST_F(LocalHubsTest, PassesOnWhatTheStoreSays) {
    const Error down{.code = Code::unavailable, .detail = "busy", .cause = {}, .retry_after = {}};
    devices.read_failures = {down, down, down};
    EXPECT_EQ(code_of(hubs.find_device(name, id)), Code::unavailable);
    EXPECT_EQ(code_of(hubs.find_twin(name, id)), Code::unavailable);
    EXPECT_EQ(code_of(hubs.modules(name, id)), Code::unavailable);
}

// ---- linking ----

TEST_F(LocalHubsTest, ALinkNeedsAKeyOfAPolicyThatMayWrite) {
    const auto check = [&](std::string_view host, std::string_view policy, char key) {
        return hubs.check_link(
            Secret("HostName=" + std::string(host) + ";SharedAccessKeyName=" + std::string(policy) +
                   ";SharedAccessKey=" + crypto::encode_key(Secret(std::string(32, key)))));
    };
    EXPECT_EQ(check("hub-1.example.net", "owner", 'p').value(), name);
    EXPECT_EQ(check("Hub-1.example.net", "owner", 's').value(), name);
    EXPECT_EQ(code_of(check("hub-1.example.net", "owner", 'x')), Code::unauthenticated);
    EXPECT_EQ(code_of(check("hub-1.example.net", "nobody", 'p')), Code::unauthenticated);
    EXPECT_EQ(code_of(check("hub-1.example.net", "reader", 'r')), Code::malformed);
    EXPECT_EQ(code_of(check("hub-9.example.net", "owner", 'p')), Code::not_found);
    EXPECT_EQ(code_of(hubs.check_link(Secret("nonsense"))), Code::malformed);
}

} // namespace
} // namespace muster::app
