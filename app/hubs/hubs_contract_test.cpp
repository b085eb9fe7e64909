// What provisioning is promised of any hub (provisioning/hubs.h), shown of a hub of this process
// and of the same hub behind its public REST API, so that the rules above cannot tell which it is.

#include "app/hubs/world.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace muster::app {

using provisioning::HubDevice;
using provisioning::HubKeys;
using provisioning::HubModule;
using provisioning::HubThumbprints;
using provisioning::HubTwin;

namespace {

/// Whatever a twin may hold, nested now and then.
Json random_value(std::mt19937_64& random, int depth) {
    switch (random() % (depth > 0 ? 7U : 5U)) {
    case 0: return random() % 2 == 0;
    case 1: return static_cast<std::int64_t>(random() >> 13U) - (std::int64_t{1} << 50U);
    case 2: return static_cast<double>(random() >> 11U) / 4096;
    case 3: return Json(std::string(random() % 20, static_cast<char>('a' + random() % 26)));
    case 4: return "\u00e4\U0001f600\"\\\n";
    case 5: {
        JsonArray array;
        for (auto count = random() % 3; count > 0; --count) {
            array.push_back(random_value(random, depth - 1));
        }
        return array;
    }
    default: {
        JsonObject object;
        for (auto count = random() % 3 + 1; count > 0; --count) {
            object["k" + std::to_string(count)] = random_value(random, depth - 1);
        }
        return object;
    }
    }
}

JsonObject random_object(std::mt19937_64& random) {
    JsonObject object;
    for (auto count = random() % 5; count > 0; --count) {
        object["top" + std::to_string(count)] = random_value(random, 3);
    }
    return object;
}

enum class Kind { local, remote };

class AnyHub : public testing::TestWithParam<Kind> {
  protected:
    AnyHub()
        : reach_{.local = local_, .send = send_into(world_), .clock = world_.clock},
          instance_(instance_with({linked(hub_.text(), connection_to(hub_.text()))})),
          hubs_(instance_, reach_) {
        if (GetParam() == Kind::local) {
            local_.add(world_.hub);
        }
    }

    static HubDevice device(std::string_view id = "new-1") {
        HubDevice made;
        made.id = DeviceId(std::string(id));
        made.credential = HubKeys{
            {.primary = Secret(std::string(32, 'p')), .secondary = Secret(std::string(32, 's'))}};
        return made;
    }

    static HubTwin twin() {
        return {.etag = {},
                .tags = {{"site", "north"}, {"floor", 3}},
                .desired = {{"net", {{"apn", "iot"}, {"retries", 2.5}}}, {"on", true}},
                .reported = {{"fw", "1.2"}, {"list", {1, "two", {{"three", nullptr}}}}}};
    }

    void create(const HubDevice& made, const HubTwin& with = {}) {
        const auto created = hubs_.create_device(hub_, made, with);
        ASSERT_TRUE(created.has_value()) << created.error().detail << ": " << created.error().cause;
    }

    HubDevice find(std::string_view id = "new-1") {
        auto found = hubs_.find_device(hub_, DeviceId(std::string(id)));
        EXPECT_TRUE(found.has_value() && found->has_value()) << id;
        return found && *found ? **found : HubDevice();
    }

    HubTwin find_twin(std::string_view id = "new-1") {
        auto found = hubs_.find_twin(hub_, DeviceId(std::string(id)));
        EXPECT_TRUE(found.has_value() && found->has_value()) << id;
        return found && *found ? **found : HubTwin();
    }

    template <class T>
    static Code code_of(const Result<T>& result) {
        EXPECT_FALSE(result.has_value());
        return result ? Code::internal : result.error().code;
    }

    const HubName hub_{gateway::HubWorld::host};
    gateway::HubWorld world_;
    LocalHubs local_;
    HubReach reach_;
    provisioning::CurrentInstance instance_;
    InstanceHubs hubs_;
};

std::string name_of_kind(const testing::TestParamInfo<Kind>& info) {
    return info.param == Kind::local ? "Local" : "Remote";
}

INSTANTIATE_TEST_SUITE_P(Hubs, AnyHub, testing::Values(Kind::local, Kind::remote), name_of_kind);

} // namespace

TEST_P(AnyHub, FindsNothingWhereNothingIs) {
    const auto device = hubs_.find_device(hub_, DeviceId("nobody"));
    ASSERT_TRUE(device.has_value()) << device.error().detail;
    EXPECT_FALSE(device->has_value());
    const auto twin = hubs_.find_twin(hub_, DeviceId("nobody"));
    ASSERT_TRUE(twin.has_value()) << twin.error().detail;
    EXPECT_FALSE(twin->has_value());
}

TEST_P(AnyHub, CreatesIdentityAndTwinAtOnce) {
    HubDevice edge = device("edge-1");
    edge.iot_edge = true;
    create(edge);
    HubDevice wanted = device();
    wanted.enabled = false;
    wanted.status_reason = "moving in 4f3a9c0d11223344";
    wanted.device_scope = find("edge-1").device_scope;
    create(wanted, twin());
    const HubDevice found = find();
    EXPECT_EQ(found.id, wanted.id);
    EXPECT_FALSE(found.etag.empty());
    EXPECT_FALSE(found.enabled);
    EXPECT_EQ(found.status_reason, wanted.status_reason);
    EXPECT_EQ(found.credential, wanted.credential);
    EXPECT_FALSE(found.iot_edge);
    EXPECT_EQ(found.device_scope, wanted.device_scope);
    EXPECT_EQ(found.parent_scopes, std::vector{wanted.device_scope});
    EXPECT_FALSE(found.connected);
    EXPECT_FALSE(found.last_activity.has_value());
    const HubTwin kept = find_twin();
    EXPECT_EQ(kept, twin()) << "without $metadata and $version";
    EXPECT_FALSE(kept.etag.empty());
}

TEST_P(AnyHub, TakesEveryKindOfCredential) {
    const provisioning::HubCredential credentials[] = {
        HubKeys{
            {.primary = Secret(std::string(16, 'p')), .secondary = Secret(std::string(64, 's'))}},
        HubThumbprints{.primary = std::string(64, 'A'), .secondary = std::string(64, 'B')},
        HubThumbprints{.primary = std::string(40, 'A'), .secondary = ""},
        provisioning::HubCertificateAuthority{},
        provisioning::HubNoCredential{},
    };
    for (std::size_t index = 0; index < std::size(credentials); ++index) {
        HubDevice wanted = device("kind-" + std::to_string(index));
        wanted.credential = credentials[index];
        wanted.iot_edge = index == 0;
        create(wanted);
        EXPECT_EQ(find(wanted.id.text()).credential, credentials[index]) << index;
        EXPECT_EQ(find(wanted.id.text()).iot_edge, wanted.iot_edge);
    }
}

TEST_P(AnyHub, TakesEveryIdThatAHubMayHave) {
    for (const auto* id :
         {"a", "A", "dev-01:x", "%41", "%2F", "a+b", "a#b?c", "a=b", "!*'(),@$_.", "...", "50%"}) {
        create(device(id), twin());
        EXPECT_EQ(find(id).id.text(), id);
        EXPECT_EQ(find_twin(id), twin()) << id;
        EXPECT_TRUE(hubs_.delete_device(hub_, DeviceId(id), find(id).etag).has_value()) << id;
    }
}

TEST_P(AnyHub, CreatesOnlyWhatIsNotThere) {
    create(device(), twin());
    const ETag before = find().etag;
    EXPECT_EQ(code_of(hubs_.create_device(hub_, device(), {})), Code::already_exists);
    EXPECT_EQ(find().etag, before);
    EXPECT_EQ(find_twin(), twin());
}

TEST_P(AnyHub, KeepsTwinsAsTheyAre) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937_64 random(seed);
        const HubTwin wanted{.etag = {},
                             .tags = random_object(random),
                             .desired = random_object(random),
                             .reported = random_object(random)};
        const std::string id = "twin-" + std::to_string(seed);
        create(device(id), wanted);
        EXPECT_EQ(find_twin(id), wanted);
    }
}

TEST_P(AnyHub, UpdatesUnderTheEtag) {
    create(device(), twin());
    HubDevice changed = find();
    changed.enabled = false;
    changed.status_reason = "moving out 4f3a9c0d11223344; was enabled";
    changed.credential =
        HubThumbprints{.primary = std::string(64, 'C'), .secondary = std::string(64, 'D')};
    ASSERT_TRUE(hubs_.update_device(hub_, changed).has_value());
    const HubDevice after = find();
    EXPECT_NE(after.etag, changed.etag) << "every change gives a new one";
    EXPECT_FALSE(after.enabled);
    EXPECT_EQ(after.status_reason, changed.status_reason);
    EXPECT_EQ(after.credential, changed.credential);
    EXPECT_EQ(find_twin(), twin());
    EXPECT_EQ(code_of(hubs_.update_device(hub_, changed)), Code::precondition) << "an old etag";
    EXPECT_EQ(find().etag, after.etag);
}

TEST_P(AnyHub, EnablesAndForgetsTheReason) {
    HubDevice wanted = device();
    wanted.enabled = false;
    wanted.status_reason = "moving in 4f3a9c0d11223344";
    create(wanted);
    HubDevice enabled = find();
    enabled.enabled = true;
    enabled.status_reason.clear();
    ASSERT_TRUE(hubs_.update_device(hub_, enabled).has_value());
    EXPECT_TRUE(find().enabled);
    EXPECT_EQ(find().status_reason, "");
}

TEST_P(AnyHub, UpdatesNothingThatIsNotThere) {
    HubDevice wanted = device();
    wanted.etag = ETag("AAAA");
    EXPECT_EQ(code_of(hubs_.update_device(hub_, wanted)), Code::not_found);
    const auto found = hubs_.find_device(hub_, wanted.id);
    ASSERT_TRUE(found.has_value());
    EXPECT_FALSE(found->has_value());
}

TEST_P(AnyHub, DeletesUnderTheEtag) {
    create(device(), twin());
    EXPECT_EQ(code_of(hubs_.delete_device(hub_, DeviceId("new-1"), ETag("AAAA"))),
              Code::precondition);
    EXPECT_EQ(code_of(hubs_.delete_device(hub_, DeviceId("new-1"), ETag())), Code::precondition);
    ASSERT_TRUE(hubs_.delete_device(hub_, DeviceId("new-1"), find().etag).has_value());
    const auto gone = hubs_.delete_device(hub_, DeviceId("new-1"), ETag("AAAA"));
    EXPECT_EQ(code_of(gone), Code::not_found);
    EXPECT_NE(gone.error().detail, provisioning::hub_unknown) << "the device, not the hub";
    EXPECT_FALSE(hubs_.find_twin(hub_, DeviceId("new-1")).value().has_value());
}

TEST_P(AnyHub, EndsTheConnectionOfWhoIsDisabledOrDeleted) {
    for (const bool deleted : {false, true}) {
        world_.erase("dev-01");
        world_.add_device("dev-01");
        gateway::HubDevice connection(world_);
        connection.connect();
        HubDevice found = find("dev-01");
        EXPECT_TRUE(found.connected);
        ASSERT_TRUE(found.last_activity.has_value());
        found.enabled = false;
        const auto done = deleted ? hubs_.delete_device(hub_, found.id, found.etag)
                                  : hubs_.update_device(hub_, found);
        ASSERT_TRUE(done.has_value()) << done.error().detail;
        connection.settle();
        EXPECT_TRUE(connection.is_cut());
    }
}

TEST_P(AnyHub, RefusesWhatCannotBe) {
    HubDevice bad = device();
    bad.status_reason = std::string(200, 'r');
    EXPECT_EQ(code_of(hubs_.create_device(hub_, bad, {})), Code::malformed);
    bad = device();
    bad.credential = HubThumbprints{.primary = "no thumbprint", .secondary = ""};
    EXPECT_EQ(code_of(hubs_.create_device(hub_, bad, {})), Code::malformed);
    EXPECT_EQ(code_of(hubs_.create_device(hub_, device("no id"), {})), Code::malformed);
    const HubTwin bad_twins[] = {
        {.etag = {}, .tags = {{"a b", 1}}, .desired = {}, .reported = {}},
        {.etag = {}, .tags = {}, .desired = {{"a.b", 1}}, .reported = {}},
        {.etag = {}, .tags = {}, .desired = {}, .reported = {{"long", std::string(5000, 'x')}}},
        {.etag = {}, .tags = {{"$odd", 1}}, .desired = {}, .reported = {}},
    };
    for (const HubTwin& twin : bad_twins) {
        EXPECT_EQ(code_of(hubs_.create_device(hub_, device(), twin)), Code::malformed);
    }
    EXPECT_FALSE(hubs_.find_device(hub_, DeviceId("new-1")).value().has_value());
}

TEST_P(AnyHub, KeepsModulesWithTheirTwins) {
    create(device(), twin());
    const DeviceId id("new-1");
    const auto none = hubs_.modules(hub_, id);
    ASSERT_TRUE(none.has_value()) << none.error().detail;
    EXPECT_TRUE(none->empty());
    EXPECT_EQ(code_of(hubs_.modules(hub_, DeviceId("nobody"))), Code::not_found);
    HubModule camera{
        .id = "camera", .managed_by = "me", .credential = device().credential, .twin = twin()};
    camera.twin.tags["another"] = true;
    EXPECT_EQ(code_of(hubs_.put_module(hub_, DeviceId("nobody"), camera)), Code::not_found);
    ASSERT_TRUE(hubs_.put_module(hub_, id, camera).has_value());
    const auto modules = hubs_.modules(hub_, id);
    ASSERT_TRUE(modules.has_value() && modules->size() == 1U);
    EXPECT_EQ(modules->front().id, "camera");
    EXPECT_EQ(modules->front().managed_by, "me");
    EXPECT_EQ(modules->front().credential, camera.credential);
    EXPECT_EQ(modules->front().twin, camera.twin);
    camera.twin.tags["another"] = false;
    ASSERT_TRUE(hubs_.put_module(hub_, id, camera).has_value()) << "once more";
    EXPECT_EQ(hubs_.modules(hub_, id)->front().twin, camera.twin);
    EXPECT_EQ(find_twin(), twin()) << "the device's own is left alone";
}

TEST_P(AnyHub, MakesTheSystemModulesItself) {
    HubModule agent;
    agent.id = "$edgeAgent";
    agent.credential = provisioning::HubNoCredential{};
    agent.twin.desired = {{"runtime", "docker"}};
    create(device());
    EXPECT_EQ(code_of(hubs_.put_module(hub_, DeviceId("new-1"), agent)), Code::not_found);
    HubDevice edge = device("edge-1");
    edge.iot_edge = true;
    create(edge);
    ASSERT_TRUE(hubs_.put_module(hub_, DeviceId("edge-1"), agent).has_value());
    const auto modules = hubs_.modules(hub_, DeviceId("edge-1"));
    ASSERT_TRUE(modules.has_value() && modules->size() == 2U);
    EXPECT_EQ(modules->front().credential, agent.credential);
    EXPECT_EQ(modules->front().twin, agent.twin);
}

TEST_P(AnyHub, HoldsModulesStillWhileTheDeviceMovesOut) {
    create(device());
    HubModule camera{
        .id = "camera", .managed_by = {}, .credential = device().credential, .twin = {}};
    HubDevice fenced = find();
    fenced.enabled = false;
    fenced.status_reason = "moving out 4f3a9c0d11223344; was enabled";
    ASSERT_TRUE(hubs_.update_device(hub_, fenced).has_value());
    EXPECT_EQ(code_of(hubs_.put_module(hub_, DeviceId("new-1"), camera)), Code::unavailable);
}

TEST_P(AnyHub, IsNotAnotherHub) {
    const HubName other("hub2.example.org");
    const auto unknown = [&](const auto& result) {
        return !result && result.error().code == Code::not_found &&
               result.error().detail == provisioning::hub_unknown;
    };
    EXPECT_TRUE(unknown(hubs_.find_device(other, DeviceId("dev-01"))));
    EXPECT_TRUE(unknown(hubs_.find_twin(other, DeviceId("dev-01"))));
    EXPECT_TRUE(unknown(hubs_.create_device(other, device(), {})));
    EXPECT_TRUE(unknown(hubs_.update_device(other, device())));
    EXPECT_TRUE(unknown(hubs_.delete_device(other, DeviceId("dev-01"), ETag("AAAA"))));
    EXPECT_TRUE(unknown(hubs_.modules(other, DeviceId("dev-01"))));
    EXPECT_TRUE(unknown(hubs_.put_module(other, DeviceId("dev-01"), {})));
}

TEST_P(AnyHub, TellsWhenItsStoreFails) {
    create(device());
    const HubDevice found = find();
    const Error failure{.code = Code::unavailable, .detail = "the store is away"};
    world_.devices.read_failures.push_back(failure);
    EXPECT_EQ(code_of(hubs_.find_device(hub_, found.id)), Code::unavailable);
    world_.devices.write_failures.push_back(failure);
    EXPECT_EQ(code_of(hubs_.update_device(hub_, found)), Code::unavailable);
    world_.devices.write_failures.push_back(failure);
    EXPECT_EQ(code_of(hubs_.create_device(hub_, device("new-2"), {})), Code::unavailable);
    EXPECT_EQ(find().etag, found.etag);
}

TEST_P(AnyHub, ActsLateOnlyIfItIsFar) {
    EXPECT_EQ(hubs_.may_act_late(hub_), GetParam() == Kind::remote);
}

// dps-service 10.2: the policy needs RegistryWrite and ServiceConnect.
TEST_P(AnyHub, IsLinkedByWhoMayWriteItsRegistry) {
    const auto linked = hubs_.check_link(connection_to("HUB1.example.org"));
    ASSERT_TRUE(linked.has_value()) << linked.error().detail;
    EXPECT_EQ(*linked, hub_);
    const auto with_port = hubs_.check_link(connection_to("hub1.example.org:8443"));
    ASSERT_TRUE(with_port.has_value()) << with_port.error().detail;
    EXPECT_EQ(*with_port, hub_) << "a hub's name has no port";

    const std::string host(gateway::HubWorld::host);
    const auto code_with = [&](const Secret& text) { return code_of(hubs_.check_link(text)); };
    EXPECT_EQ(code_with(connection_to(host, "service")), Code::malformed);
    EXPECT_EQ(code_with(connection_to(host, "registryReadWrite")), Code::malformed);
    EXPECT_EQ(code_with(connection_to(host, "device")), Code::malformed);
    EXPECT_EQ(code_with(connection_to(host, "nobody")), Code::unauthenticated);
    EXPECT_EQ(code_with(connection_to(host, "iothubowner", Secret(std::string(32, 'k')))),
              Code::unauthenticated);
    EXPECT_EQ(code_with(connection_to("hub2.example.org")), Code::not_found);
    for (const auto* text :
         {"", "HostName=hub1.example.org", "HostName=hub1.example.org;SharedAccessKeyName=a",
          "HostName=hub1.example.org;SharedAccessKeyName=a;SharedAccessKey=?"}) {
        EXPECT_EQ(code_with(Secret(std::string(text))), Code::malformed) << text;
    }
    EXPECT_EQ(world_.devices.counts(hub_).value().devices, 1) << "nothing was changed by asking";
}

} // namespace muster::app
