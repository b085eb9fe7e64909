#include "hub/device_rules.h"
#include "hub/fixture.h"

namespace muster::hub {

namespace {

class Registry : public HubTest {
  protected:
    Result<DeviceView> put(Device wanted, const IfMatch& if_match = {}) {
        return hub.put_device(std::move(wanted), if_match);
    }

    static Device wanted(std::string_view id = "dev-01") {
        Device device;
        device.id = DeviceId(std::string(id));
        return device;
    }

    static Device with_thumbprints(std::string primary, std::string secondary = "") {
        Device device = wanted();
        device.authentication.type = AuthenticationType::self_signed;
        device.authentication.primary_thumbprint = std::move(primary);
        device.authentication.secondary_thumbprint = std::move(secondary);
        return device;
    }

    const DeviceId device{"dev-01"};
};

} // namespace

// ---- the ETag table of iothub B.1 ----

// IOTHUB-19, IOTHUB-21: creation generates keys; a second one is refused.
TEST_F(Registry, CreatesOnceWithoutIfMatch) {
    const Device created = create("dev-01");
    EXPECT_EQ(created.version, 1);
    EXPECT_EQ(created.authentication.type, AuthenticationType::sas);
    EXPECT_EQ(created.authentication.primary_key.reveal().size(), 32u);
    EXPECT_EQ(created.authentication.secondary_key.reveal().size(), 32u);
    EXPECT_FALSE(created.authentication.primary_key == created.authentication.secondary_key);
    EXPECT_EQ(created.status_updated, never());
    EXPECT_NE(created.generation_id, "");
    EXPECT_EQ(code_of(put(wanted())), Code::already_exists);
    EXPECT_EQ(hub.get_device(device)->device.etag, created.etag);
}

// IOTHUB-26
TEST_F(Registry, UpdatesOnlyWhatIsThere) {
    EXPECT_EQ(code_of(put(wanted(), any_etag())), Code::not_found);
    EXPECT_EQ(code_of(put(wanted(), exactly(ETag("x")))), Code::not_found);
    const Device created = create("dev-01");
    const auto updated = put(wanted(), any_etag());
    ASSERT_TRUE(updated.has_value());
    EXPECT_EQ(updated->device.version, 2);
    EXPECT_NE(updated->device.etag, created.etag);
    EXPECT_EQ(code_of(put(wanted(), exactly(created.etag))), Code::precondition);
    EXPECT_TRUE(put(wanted(), exactly(updated->device.etag)));
}

// IOTHUB-19, IOTHUB-26
TEST_F(Registry, DeletesByTheTable) {
    EXPECT_EQ(code_of(hub.delete_device(device, {})), Code::not_found);
    EXPECT_EQ(code_of(hub.delete_device(device, any_etag())), Code::not_found);
    const Device created = create("dev-01");
    EXPECT_EQ(code_of(hub.delete_device(device, exactly(ETag("x")))), Code::precondition);
    EXPECT_TRUE(hub.get_device(device));
    EXPECT_TRUE(hub.delete_device(device, exactly(created.etag)));
    EXPECT_EQ(code_of(hub.get_device(device)), Code::not_found);
    create("dev-01");
    EXPECT_TRUE(hub.delete_device(device, {}));
    create("dev-01");
    EXPECT_TRUE(hub.delete_device(device, any_etag()));
}

// ---- PUT ----

TEST_F(Registry, KeepsReadOnlyMembersAndLeftOpenKeys) {
    const Device created = create("dev-01");
    Device change = wanted();
    change.generation_id = "mine";
    change.version = 77;
    change.etag = ETag("mine");
    change.created = never();
    change.authentication.primary_key = Secret(std::string(16, 'n'));
    const Device updated = put(change, any_etag())->device;
    EXPECT_EQ(updated.generation_id, created.generation_id);
    EXPECT_EQ(updated.version, 2);
    EXPECT_EQ(updated.created, created.created);
    EXPECT_EQ(updated.authentication.primary_key, Secret(std::string(16, 'n')));
    EXPECT_EQ(updated.authentication.secondary_key, created.authentication.secondary_key);
}

TEST_F(Registry, KeepsAnAuthenticationThatIsLeftOpen) {
    put(with_thumbprints(std::string(40, 'a')));
    Device change = wanted();
    change.authentication.left_open = true;
    const Device updated = put(change, any_etag())->device;
    EXPECT_EQ(updated.authentication.type, AuthenticationType::self_signed);
    EXPECT_EQ(updated.authentication.primary_thumbprint, std::string(40, 'A'));
    EXPECT_FALSE(updated.authentication.left_open);
}

TEST_F(Registry, SwitchingTheTypeClearsTheOtherCredential) {
    create("dev-01");
    Device change = with_thumbprints(std::string(40, 'a'), std::string(64, 'b'));
    change.authentication.primary_key = Secret(std::string(32, 'k'));
    const Authentication by_certificate = put(change, any_etag())->device.authentication;
    EXPECT_TRUE(by_certificate.primary_key.empty());
    EXPECT_TRUE(by_certificate.secondary_key.empty());
    EXPECT_EQ(by_certificate.secondary_thumbprint, std::string(64, 'B'));

    change.authentication.type = AuthenticationType::sas;
    change.authentication.primary_key = Secret();
    const Authentication by_key = put(change, any_etag())->device.authentication;
    EXPECT_TRUE(by_key.primary_thumbprint.empty());
    EXPECT_TRUE(by_key.secondary_thumbprint.empty());
    EXPECT_EQ(by_key.primary_key.reveal().size(), 32u);

    change.authentication.type = AuthenticationType::none;
    const Authentication nothing = put(change, any_etag())->device.authentication;
    EXPECT_TRUE(nothing.primary_key.empty());
}

TEST_F(Registry, StatusChangesAreTimed) {
    create("dev-01");
    clock.advance(std::chrono::hours(1));
    Device change = wanted();
    change.status = DeviceStatus::disabled;
    change.status_reason = "stolen";
    EXPECT_EQ(put(change, any_etag())->device.status_updated, clock.wall());
    const WallTime disabled_at = clock.wall();
    clock.advance(std::chrono::hours(1));
    EXPECT_EQ(put(change, any_etag())->device.status_updated, disabled_at);
    change.status = DeviceStatus::enabled;
    EXPECT_EQ(put(change, any_etag())->device.status_updated, clock.wall());
}

TEST_F(Registry, EdgeDevicesAreTheirOwnScope) {
    Device edge = wanted();
    edge.iot_edge = true;
    const Device created = put(edge)->device;
    EXPECT_EQ(created.device_scope, "ms-azure-iot-edge://dev-01-" + created.generation_id);
    Device leaf = wanted("leaf");
    leaf.device_scope = created.device_scope;
    EXPECT_EQ(put(leaf)->device.parent_scopes, std::vector{created.device_scope});
}

// IOTHUB-19: the id `invalid/name` among others; every bound and one beyond.
TEST_F(Registry, RefusesWhatBreaksTheRules) {
    const auto refused = [&](const Device& bad) {
        EXPECT_EQ(code_of(put(bad)), Code::malformed);
        EXPECT_EQ(code_of(put(bad, any_etag())), Code::malformed);
    };
    refused(wanted("invalid/name"));
    refused(wanted(""));
    refused(wanted(std::string(129, 'd')));
    Device bad = wanted();
    bad.status_reason = std::string(129, 'r');
    refused(bad);
    for (const std::size_t bytes : {15u, 65u}) {
        bad = wanted();
        bad.authentication.primary_key = Secret(std::string(bytes, 'k'));
        refused(bad);
        bad = wanted();
        bad.authentication.secondary_key = Secret(std::string(bytes, 'k'));
        refused(bad);
    }
    refused(with_thumbprints(""));
    refused(with_thumbprints(std::string(39, 'a')));
    refused(with_thumbprints(std::string(40, 'g')));
    refused(with_thumbprints(std::string(40, 'a'), std::string(41, 'a')));
    bad = wanted();
    bad.device_scope = std::string(257, 's');
    refused(bad);
    bad = wanted();
    bad.parent_scopes.resize(11, "s");
    refused(bad);
    EXPECT_EQ(devices.writes, 0);
}

TEST_F(Registry, AcceptsEachBound) {
    Device edge = wanted(std::string(128, 'd'));
    edge.status_reason = std::string(128, 'r');
    edge.authentication.primary_key = Secret(std::string(16, 'k'));
    edge.authentication.secondary_key = Secret(std::string(64, 'k'));
    edge.iot_edge = true;
    edge.device_scope = std::string(256, 's');
    EXPECT_TRUE(put(edge));
    EXPECT_TRUE(put(with_thumbprints("", std::string(64, 'f'))));
}

TEST_F(Registry, BoundsTheNumberOfDevices) {
    create("a");
    create("b");
    create("c");
    EXPECT_EQ(code_of(put(wanted("d"))), Code::too_large);
    EXPECT_EQ(code_of(put(wanted("a"))), Code::too_large) << "or already_exists: both refuse";
    EXPECT_TRUE(hub.delete_device(DeviceId("b"), {}));
    EXPECT_EQ(code_of(put(wanted("a"))), Code::already_exists);
    EXPECT_TRUE(put(wanted("d"))) << "a refused creation takes no room";
    EXPECT_EQ(code_of(put(wanted("e"))), Code::too_large);
    EXPECT_EQ(devices.counts_asked, 1);
}

TEST_F(Registry, ListsByIdAndBounded) {
    create("b");
    create("a");
    create("c");
    const auto two = hub.list_devices(2);
    ASSERT_TRUE(two.has_value());
    ASSERT_EQ(two->size(), 2u);
    EXPECT_EQ(two->front().device.id.text(), "a");
    EXPECT_EQ(hub.list_devices(5000)->size(), 3u);
}

TEST_F(Registry, LooksAgainWhenSomebodyWasFaster) {
    create("dev-01");
    devices.write_failures.assign(7, failure(Code::conflict));
    EXPECT_TRUE(put(wanted(), any_etag()));
    devices.write_failures.assign(8, failure(Code::conflict));
    EXPECT_EQ(code_of(put(wanted(), any_etag())), Code::conflict);
    devices.write_failures.assign(7, failure(Code::conflict));
    EXPECT_TRUE(hub.delete_device(device, {}));
}

TEST_F(Registry, PassesOnWhatTheStoreSays) {
    const Error down = failure(Code::unavailable);
    devices.write_failures = {down};
    EXPECT_EQ(code_of(put(wanted())), Code::unavailable);
    create("dev-01");
    devices.read_failures = {down, down, down};
    EXPECT_EQ(code_of(put(wanted(), any_etag())), Code::unavailable);
    EXPECT_EQ(code_of(hub.get_device(device)), Code::unavailable);
    EXPECT_EQ(code_of(hub.delete_device(device, {})), Code::unavailable);
}

// ---- live connections ----

// IOTHUB-34
TEST_F(Registry, DeletionCutsTheConnectionAndForgetsTheSession) {
    const Device created = create("dev-01");
    const auto connection = connect(device);
    ASSERT_TRUE(hub.save_session(device, {{"$iothub/twin/res/#", 1}}));
    ASSERT_TRUE(hub.delete_device(device, {}));
    EXPECT_EQ(connection.link->closed.size(), 1u);
    EXPECT_EQ(code_of(hub.save_session(device, {{"$iothub/twin/res/#", 1}})), Code::not_found);
    const Device again = create("dev-01");
    EXPECT_NE(again.generation_id, created.generation_id);
    EXPECT_TRUE(hub.load_session(device)->empty());
    EXPECT_EQ(hub.get_twin(device)->twin.version, 1);
    EXPECT_FALSE(hub.get_device(device)->presence.last_activity);
}

// IOTHUB-34
TEST_F(Registry, DisablingCutsTheConnection) {
    create("dev-01");
    const auto connection = connect(device);
    Device change = wanted();
    change.status_reason = "only a note";
    ASSERT_TRUE(put(change, any_etag()));
    EXPECT_TRUE(connection.link->closed.empty());
    EXPECT_TRUE(hub.get_device(device)->presence.connected);
    change.status = DeviceStatus::disabled;
    EXPECT_FALSE(put(change, any_etag())->presence.connected);
    EXPECT_EQ(connection.link->closed.size(), 1u);
}

// IOTHUB-34: either key, either thumbprint, the type.
TEST_F(Registry, NewCredentialsCutTheConnection) {
    create("dev-01");
    Device change = wanted();
    const auto is_cut_by = [&](const Device& next) {
        const auto connection = connect(device);
        EXPECT_TRUE(put(next, any_etag()));
        return !connection.link->closed.empty();
    };
    change.authentication.primary_key = Secret(std::string(32, '1'));
    EXPECT_TRUE(is_cut_by(change));
    EXPECT_FALSE(is_cut_by(change)) << "the same again";
    change.authentication.secondary_key = Secret(std::string(32, '2'));
    EXPECT_TRUE(is_cut_by(change));
    EXPECT_TRUE(is_cut_by(with_thumbprints(std::string(40, 'a'))));
    EXPECT_FALSE(is_cut_by(with_thumbprints(std::string(40, 'A'))));
    EXPECT_TRUE(is_cut_by(with_thumbprints(std::string(40, 'A'), std::string(40, 'B'))));
}

TEST_F(Registry, AFailedWriteCutsNobody) {
    create("dev-01");
    const auto connection = connect(device);
    devices.write_failures.assign(2, failure(Code::unavailable));
    Device change = wanted();
    change.status = DeviceStatus::disabled;
    EXPECT_FALSE(put(change, any_etag()));
    EXPECT_FALSE(hub.delete_device(device, {}));
    EXPECT_TRUE(connection.link->closed.empty());
}

} // namespace muster::hub
