// The certificates of the connection reach the decision, over every transport (dps-device 5.3).

#include "crypto/issuing.h"
#include "gateway/http_client.h"
#include "gateway/sdk_scripts.h"
#include "gateway/websocket_client.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

class CertificateProof : public testing::Test {
  protected:
    CertificateProof() {
        const auto document = JsonObject{
            {"registrationId", "dev-1"},
            {"attestation",
             {{"type", "x509"},
              {"x509",
               {{"clientCertificates", {{"primary", {{"certificate", certificate.pem()}}}}}}}}}};
        auto enrollment = provisioning::individual_from_document(document);
        static_cast<void>(
            world.enrollments.put(std::move(enrollment.value()), {}, ProvisioningWorld::by)
                .value());
    }

    crypto::Certificate issue(const std::string& common_name) {
        return crypto::issue({.common_name = common_name,
                              .purpose = crypto::Purpose::client,
                              .dns_names = {},
                              .ip_addresses = {},
                              .not_before = world.clock.wall() - std::chrono::hours(1),
                              .not_after = world.clock.wall() + std::chrono::hours(1),
                              .path_length = std::nullopt},
                             nullptr, world.random)
            .value()
            .certificate;
    }

    HttpReply register_with(std::vector<std::string> certificates) {
        auto wire = world.https(ProvisioningWorld::make_peer(std::move(certificates)));
        return exchange(
            world, wire,
            {.method = "PUT",
             .target = "/0ne00TEST01/registrations/dev-1/register?api-version=2021-06-01"});
    }

    [[nodiscard]] static mqtt::Connect connecting() {
        mqtt::Connect packet;
        packet.client_id = "dev-1";
        packet.user_name = "0ne00TEST01/registrations/dev-1/api-version=2021-06-01";
        return packet;
    }

    [[nodiscard]] static mqtt::Publish registering() {
        return {.topic = "$dps/registrations/PUT/iotdps-register/?$rid=1", .payload = {}};
    }

    ProvisioningWorld world;
    crypto::Certificate certificate = issue("dev-1");
};

TEST_F(CertificateProof, IsTakenFromTheHttpsConnection) {
    // DPS-DEVICE-3, DPS-DEVICE-64
    EXPECT_EQ(register_with({certificate.der()}).status, 202U);
    EXPECT_TRUE(world.is_at_hub("dev-1"));
}

TEST_F(CertificateProof, IsTakenFromTheMqttConnection) {
    auto wire = world.mqtt(ProvisioningWorld::make_peer({certificate.der()}));
    wire.send(mqtt::encode(connecting()) + mqtt::encode(registering()));
    wire.settle(world.workers);
    Pattern known;
    const auto lines = mqtt_lines(wire.take());
    EXPECT_TRUE(known.matches("CONNACK sp=0 rc=0\n" + sdk::with_rid(sdk::res_accepted, "1"), lines))
        << lines;
}

TEST_F(CertificateProof, IsTakenFromUnderTheWebSocket) {
    auto wire = world.https(ProvisioningWorld::make_peer({certificate.der()}));
    wire.send(upgrade_request("/$iothub/websocket", "mqtt"));
    wire.take();
    wire.send(client_frame(mqtt::encode(connecting())) + client_frame(mqtt::encode(registering())));
    wire.settle(world.workers);
    EXPECT_NE(wire.take().find("$dps/registrations/res/202/?$rid=1"), std::string::npos);
}

TEST_F(CertificateProof, IsRefusedWith401002) {
    // another certificate of the same name, one of another name, none, and what is none
    const auto twin = issue("dev-1");
    const auto other = issue("dev-2");
    for (const auto& certificates :
         {std::vector{twin.der()}, std::vector{other.der()},
          std::vector{other.der(), certificate.der()}, std::vector<std::string>{"not DER"}}) {
        const auto reply = register_with(certificates);
        EXPECT_EQ(reply.status, 401U) << reply.body;
        EXPECT_EQ(reply.error_code(), 401002) << reply.body;
    }
    EXPECT_EQ(register_with({}).status, 401U);
    EXPECT_FALSE(world.has_record("dev-1"));
}

} // namespace
} // namespace muster::gateway
