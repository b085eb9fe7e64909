#include "crypto/sas.h"
#include "hub/fixture.h"

namespace muster::hub {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DeviceSide : public HubTest {
  protected:
    Credentials credentials(const Device& device) {
        return {.identity = device.identity(),
                .sas = crypto::make_sas("hub1.example.org/devices/" + device.id.text(),
                                        device.authentication.primary_key,
                                        noon() + std::chrono::hours(1)),
                .certificates = {}};
    }

    void send(int count = 1) {
        std::vector<Event> messages;
        for (int at = 0; at < count; ++at) {
            Event message;
            message.identity = DeviceId("dev-01");
            message.body = "b";
            messages.push_back(message);
        }
        ASSERT_TRUE(hub.send_telemetry(std::move(messages)));
    }

    auto wake_counter() {
        return [this] { ++woken; };
    }

    int woken = 0;
};

} // namespace

// IOTHUB-1: one identity, whatever the transport shows of it.
TEST_F(DeviceSide, AuthenticatesAgainstTheRegistry) {
    const Device device = create("dev-01");
    const auto session = hub.authenticate(credentials(device));
    ASSERT_TRUE(session.has_value());
    EXPECT_EQ(session->device.generation_id, device.generation_id);
    EXPECT_EQ(session->sas_expiry, noon() + std::chrono::minutes(65)); // IOTHUB-5
    EXPECT_NE(session->auth_method.find(R"("type":"sas")"), std::string::npos);
}

// IOTHUB-2: unknown, disabled and wrongly keyed devices are told the same.
TEST_F(DeviceSide, RefusesInOneWay) {
    Device device = create("dev-01");
    Credentials unknown = credentials(device);
    unknown.identity = DeviceId("dev-02");
    const auto first = hub.authenticate(unknown);
    EXPECT_EQ(code_of(first), Code::unauthenticated);
    Credentials wrong = credentials(device);
    wrong.sas = "junk";
    const auto second = hub.authenticate(wrong);
    EXPECT_EQ(code_of(second), Code::unauthenticated);
    EXPECT_EQ(first.error().detail, second.error().detail);
    EXPECT_NE(first.error().cause, second.error().cause);

    device.status = DeviceStatus::disabled;
    ASSERT_TRUE(hub.put_device(device, any_etag()));
    EXPECT_EQ(code_of(hub.authenticate(credentials(device))), Code::unauthenticated);
}

// IOTHUB-7: only a proven connection displaces another.
TEST_F(DeviceSide, AFailedProofDisturbsNobody) {
    const Device device = create("dev-01");
    const auto connection = connect(device.id);
    Credentials wrong = credentials(device);
    wrong.sas = "junk";
    EXPECT_FALSE(hub.authenticate(wrong));
    EXPECT_TRUE(connection.link->closed.empty());
    EXPECT_TRUE(hub.get_device(device.id)->presence.connected);
}

// The real reason matters to the device: it must come back, not provision itself again (C.4).
TEST_F(DeviceSide, AStoreThatFailsIsNoRefusal) {
    const Device device = create("dev-01");
    devices.read_failures = {failure(Code::unavailable)};
    EXPECT_EQ(code_of(hub.authenticate(credentials(device))), Code::unavailable);
}

// IOTHUB-34: authenticated with the old key, attached after the new one was set.
TEST_F(DeviceSide, ARevokedCredentialDoesNotSlipIn) {
    Device device = create("dev-01");
    const auto session = hub.authenticate(credentials(device));
    ASSERT_TRUE(session.has_value());
    device.authentication.primary_key = Secret(std::string(32, 'n'));
    ASSERT_TRUE(hub.put_device(device, any_etag()));
    const auto link = std::make_shared<fakes::Link>();
    hub.live().attach(device.id, link, session->admission);
    EXPECT_EQ(link->closed.size(), 1u);
    EXPECT_FALSE(hub.get_device(device.id)->presence.connected);
}

// IOTHUB-6
TEST_F(DeviceSide, KeepsSubscriptions) {
    create("dev-01");
    const DeviceId device("dev-01");
    ASSERT_TRUE(
        hub.save_session(device, {{"$iothub/twin/res/#", 1}, {"$iothub/methods/POST/#", 0}}));
    const auto stored = hub.load_session(device);
    ASSERT_TRUE(stored.has_value());
    ASSERT_EQ(stored->size(), 2u);
    EXPECT_EQ(stored->front().filter, "$iothub/twin/res/#");
    EXPECT_EQ(stored->front().qos, 1);
    EXPECT_EQ(code_of(hub.save_session(DeviceId("nobody"), {})), Code::not_found);
}

TEST_F(DeviceSide, StoresTelemetryInOrderAndStampsIt) {
    send(2);
    clock.advance(seconds(1));
    send();
    const auto page = hub.events().read({.after = 1});
    ASSERT_TRUE(page.has_value());
    ASSERT_EQ(page->size(), 2u);
    EXPECT_EQ((*page)[0].sequence, 2);
    EXPECT_EQ((*page)[0].enqueued, noon());
    EXPECT_EQ((*page)[1].enqueued, noon() + seconds(1));
    EXPECT_EQ(hub.events().read({.count_max = 1})->size(), 1u);
    EXPECT_EQ(hub.events().extent()->last, 3);
    EXPECT_TRUE(hub.send_telemetry({}));
    EXPECT_EQ(hub.events().extent()->last, 3);
    send(1000);
    EXPECT_EQ(hub.events().read({.count_max = 5000})->size(), 1000u) << "a page is bounded";
}

TEST_F(DeviceSide, RetentionIsHandedToTheStore) {
    HubSettings settings = HubTest::settings();
    settings.events.retention.events_max = 2;
    Service small(settings, ports());
    ASSERT_TRUE(small.send_telemetry(std::vector<Event>(3)));
    EXPECT_EQ(small.events().read({})->front().sequence, 2);
}

TEST_F(DeviceSide, WakesReadersWhenSomethingIsStored) {
    hub.events().when_appended(0, seconds(30), wake_counter());
    hub.events().when_appended(1, seconds(30), wake_counter());
    EXPECT_EQ(woken, 0);
    send();
    EXPECT_EQ(woken, 1) << "the other has seen that one";
    send();
    send();
    EXPECT_EQ(woken, 2);
    EXPECT_EQ(timers.pending(), 1U); // the sweep of messages
}

TEST_F(DeviceSide, WakesAtOnceIfThereIsSomething) {
    send();
    hub.events().when_appended(0, seconds(30), wake_counter());
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(timers.pending(), 1U); // the sweep of messages
}

TEST_F(DeviceSide, WakesWhenTimeIsUp) {
    hub.events().when_appended(0, milliseconds(500), wake_counter());
    timers.advance(milliseconds(499));
    EXPECT_EQ(woken, 0);
    timers.advance(milliseconds(1));
    EXPECT_EQ(woken, 1);
    send();
    EXPECT_EQ(woken, 1) << "once";
}

TEST_F(DeviceSide, MissesNothingWhileItLooks) {
    events.before_extent = [&] { send(); };
    hub.events().when_appended(0, seconds(30), wake_counter());
    EXPECT_EQ(woken, 1);
}

TEST_F(DeviceSide, AStoreThatFailsWakesTheReader) {
    events.failure = failure(Code::unavailable);
    hub.events().when_appended(0, seconds(30), wake_counter());
    EXPECT_EQ(woken, 1);
    events.failure = failure(Code::unavailable);
    hub.events().when_appended(0, seconds(30), wake_counter());
    events.failure = failure(Code::unavailable);
    EXPECT_EQ(code_of(hub.send_telemetry(std::vector<Event>(1))), Code::unavailable);
}

} // namespace muster::hub
