#include "app/commands/enrollment_fields.h"
#include "base/file.h"
#include "crypto/issuing.h"
#include "provisioning/documents.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace muster::app {
namespace {

class EnrollmentFieldsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = "/tmp/muster-fields-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
    SystemRandom random_;
};

TEST_F(EnrollmentFieldsTest, take_a_certificate_as_pem_and_as_der) {
    const WallTime now = from_unix_seconds(1'893'456'000);
    const auto device = crypto::issue({.common_name = "dev-1",
                                       .purpose = crypto::Purpose::client,
                                       .dns_names = {},
                                       .ip_addresses = {},
                                       .not_before = now,
                                       .not_after = now + std::chrono::hours(1),
                                       .path_length = {}},
                                      nullptr, random_);
    ASSERT_TRUE(device);
    for (const std::string& text : {device->certificate.pem(), device->certificate.der()}) {
        EnrollmentFields fields;
        fields.certificate_file = folder_ / "certificate";
        ASSERT_TRUE(write_file_atomically(fields.certificate_file, text, 0600));
        auto document = enrollment_document(fields, "clientCertificates");
        ASSERT_TRUE(document);
        (*document)["registrationId"] = "dev-1";
        const auto read = provisioning::individual_from_document(*document);
        ASSERT_TRUE(read) << read.error().detail;
        const auto* client =
            std::get_if<provisioning::ClientCertificates>(&read->terms.attestation);
        ASSERT_NE(client, nullptr);
        EXPECT_EQ(client->certificates.primary, device->certificate);
    }
}

TEST_F(EnrollmentFieldsTest, say_how_devices_are_allocated_and_moved) {
    EnrollmentFields fields;
    EXPECT_FALSE(enrollment_document(fields, "")->contains("allocationPolicy"));
    fields.hubs = {"hub-1.example.org"};
    fields.reprovision = "reset";
    auto document = enrollment_document(fields, "");
    EXPECT_EQ(document->at("allocationPolicy").as_string(), "static");
    EXPECT_EQ(to_text((*document)["reprovisionPolicy"]),
              R"({"updateHubAssignment":true,"migrateDeviceData":false})");

    fields.hubs.emplace_back("hub-2.example.org");
    EXPECT_EQ(enrollment_document(fields, "")->at("allocationPolicy").as_string(), "hashed");

    fields.rule = R"(otherwise policy("hashed"))";
    fields.fallback_policy = "static";
    document = enrollment_document(fields, "");
    EXPECT_EQ(document->at("allocationPolicy").as_string(), "custom");
    const JsonObject& custom = document->at("customAllocationDefinition").as_object();
    EXPECT_EQ(custom.at("rule").as_string(), fields.rule);
    EXPECT_EQ(custom.at("fallbackPolicy").as_string(), "static");
    EXPECT_FALSE(custom.contains("webhookUrl"));
}

} // namespace
} // namespace muster::app
