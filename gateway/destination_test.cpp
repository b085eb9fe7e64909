#include "codec/mqtt_packet.h"
#include "gateway/destination.h"
#include "gateway/http_client.h"
#include "hub/fakes.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

/// A provisioning instance and a hub on one listener.
class Routing : public testing::Test {
  protected:
    Routing() { world.sites.add(hub); }

    static hub::HubSettings settings() {
        hub::HubSettings made;
        made.name = HubName("hub-1.example.net");
        return made;
    }

    [[nodiscard]] std::string destination_of(std::string_view host, std::string_view target) const {
        const auto found = find_destination(world.sites, host, parse_target(target).value());
        constexpr const char* names[] = {"device api",     "service api", "control",
                                         "administration", "hub",         "nobody"};
        return names[found.index()];
    }

    ProvisioningWorld world;
    hub::fakes::Stores stores;
    hub::fakes::Workers workers;
    hub::fakes::ManualScheduler timers;
    hub::Service hub{settings(),
                     {.stores = stores.ports(),
                      .workers = workers,
                      .timers = timers,
                      .clock = world.clock,
                      .random = world.random}};
};

TEST_F(Routing, LetsTheHostDecide) {
    EXPECT_EQ(destination_of("hub-1.example.net", "/devices/d"), "hub");
    EXPECT_EQ(destination_of("HUB-1.example.net:443", "/devices/d"), "hub");
    EXPECT_EQ(destination_of("hub-1.example.net", "/0ne00TEST01/registrations/d/register"), "hub");
    EXPECT_EQ(destination_of("dps.example.net", "/enrollments/d"), "service api");
    EXPECT_EQ(destination_of("127.0.0.77:443", "/enrollments/d"), "service api");
    EXPECT_EQ(destination_of("dps.example.net", "/devices/d"), "service api");
    EXPECT_EQ(destination_of("elsewhere", "/enrollments/d"), "nobody");
    EXPECT_EQ(destination_of("", "/"), "nobody");
}

TEST_F(Routing, TellsTheDeviceApiByItsScope) {
    EXPECT_EQ(destination_of("dps.example.net", "/0ne00TEST01/registrations/d/register"),
              "device api");
    EXPECT_EQ(destination_of("elsewhere", "/0ne00TEST99/Registrations/d"), "device api");
    EXPECT_EQ(destination_of("dps.example.net", "/0ne00TEST01/registrations"), "device api");
    EXPECT_EQ(destination_of("dps.example.net", "/registrations/0ne00TEST01/query"), "service api");
    EXPECT_EQ(destination_of("dps.example.net", "/registrations/registrations/query"),
              "service api");
    EXPECT_EQ(destination_of("dps.example.net", "/enrollments/registrations"), "service api");
}

TEST_F(Routing, SendsOperatorsToTheirEdgesOnEveryHostButAHubs) {
    for (const auto* host : {"dps.example.net", "elsewhere", ""}) {
        EXPECT_EQ(destination_of(host, "/subscriptions/s/resourceGroups"), "control");
        EXPECT_EQ(destination_of(host, "/Providers/Microsoft.Devices/operations"), "control");
        EXPECT_EQ(destination_of(host, "/muster/instances"), "administration");
        EXPECT_EQ(destination_of(host, "/MUSTER/"), "administration");
    }
    EXPECT_EQ(destination_of("hub-1.example.net", "/subscriptions"), "hub");
    EXPECT_EQ(destination_of("hub-1.example.net", "/muster/instances"), "hub");
    EXPECT_EQ(destination_of("dps.example.net", "/mustering"), "service api");
    EXPECT_EQ(destination_of("dps.example.net", "/enrollments/muster"), "service api");
}

TEST_F(Routing, OffersNoOperatorsEdgesWithoutAControlPlane) {
    for (const auto* target : {"/muster/instances", "/subscriptions/s", "/providers/p"}) {
        const auto reply = exchange(world, {.target = target});
        EXPECT_EQ(reply.status, 404U) << target;
        EXPECT_EQ(reply.error_code(), 404000) << target;
    }
}

TEST_F(Routing, RefusesUnreadableTargetsInTheShapeOfTheService) {
    const auto at_hub = exchange(
        world, {.target = "/devices/%zz?api-version=2021-04-12", .host = "hub-1.example.net"});
    EXPECT_EQ(at_hub.status, 400U);
    EXPECT_EQ(at_hub.header("iothub-errorcode"), "ArgumentInvalid");
    EXPECT_EQ(exchange(world, {.target = "/enrollments/%zz"}).error_code(), 400000);
    EXPECT_EQ(exchange(world, {.target = "/%zz", .host = "elsewhere"}).error_code(), 400000);
}

TEST_F(Routing, RefusesInTheShapeOfTheService) {
    // A full queue at a hub's host is told in the hub's way (iothub B.17).
    world.workers.full = true;
    const auto at_hub = exchange(
        world, {.target = "/devices/d?api-version=2021-04-12", .host = "hub-1.example.net"});
    EXPECT_EQ(at_hub.status, 503U);
    EXPECT_EQ(at_hub.header("iothub-errorcode"), "ServiceUnavailable");
    EXPECT_EQ(at_hub.header("Retry-After"), "3");
    EXPECT_EQ(at_hub.header("x-ms-request-id").size(), 36U);
    EXPECT_NE(at_hub.body.find(at_hub.header("x-ms-request-id")), std::string::npos);
    const auto at_dps = exchange(world, {.target = "/enrollments/d?api-version=2021-10-01"});
    EXPECT_EQ(at_dps.error_code(), 503000);
}

TEST_F(Routing, SendsMqttConnectionsToTheServiceOfTheirUserName) {
    const auto connect = [&](const std::string& client_id, const std::string& user_name) {
        mqtt::Connect packet;
        packet.client_id = client_id;
        packet.user_name = user_name;
        auto wire = world.mqtt();
        wire.send(mqtt::encode(packet));
        wire.settle(world.workers);
        return wire.take();
    };
    const auto accepted = mqtt::encode(mqtt::Connack{});
    const auto refused = mqtt::encode(mqtt::Connack{.code = mqtt::ConnectCode::not_authorized});
    // Provisioning decides later; a hub decides at once, about unknown devices too.
    EXPECT_EQ(connect("d", "0ne00TEST01/registrations/d/api-version=2019-03-31"), accepted);
    EXPECT_EQ(connect("d", "hub-1.example.net/d/?api-version=2021-04-12"), refused);
    // A device of the hub may be called "registrations".
    EXPECT_EQ(connect("registrations", "hub-1.example.net/registrations/?api-version=2021-04-12"),
              refused);
    EXPECT_EQ(connect("d", "elsewhere/d/?api-version=2021-04-12"), refused);
    EXPECT_EQ(connect("d", "nonsense"), refused);
}

} // namespace
} // namespace muster::gateway
