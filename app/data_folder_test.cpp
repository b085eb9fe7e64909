#include "app/data_folder.h"
#include "crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>

namespace muster::app {
namespace {

using ::testing::HasSubstr;

class DataFolderTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = "/tmp/muster-data-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        path_ = std::filesystem::path(pattern) / "data";
    }

    void TearDown() override { std::filesystem::remove_all(path_.parent_path()); }

    DataFolder open() {
        auto folder = DataFolder::open(path_);
        EXPECT_TRUE(folder) << folder.error().detail;
        return std::move(*folder);
    }

    [[nodiscard]] unsigned mode_of(const char* file) const {
        struct stat status{};
        EXPECT_EQ(::stat((path_ / file).c_str(), &status), 0) << file;
        return status.st_mode & 0777U;
    }

    [[nodiscard]] std::string leaf_of(const ServerCertificate& certificate) const {
        return crypto::Certificate::from_text(certificate.chain_pem)->sha256_thumbprint();
    }

    std::filesystem::path path_;
    SeededRandom random_{7};
    ManualClock clock_{from_unix_seconds(1'800'000'000)};
};

TEST_F(DataFolderTest, is_held_by_one_server_at_a_time) {
    {
        const DataFolder first = open();
        const auto second = DataFolder::open(path_);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, Code::unavailable);
        EXPECT_THAT(second.error().detail, HasSubstr(path_.string()));
    }
    EXPECT_TRUE(DataFolder::open(path_));
}

TEST_F(DataFolderTest, keeps_no_configuration_that_it_could_not_read_again) {
    DataFolder folder = open();
    EXPECT_FALSE(folder.configuration_or_default({"localhost"}, {"dps.example.org"}, random_));
    EXPECT_FALSE(folder.configuration_or_default({}, {"a\"b.example.org"}, random_));
    EXPECT_FALSE(std::filesystem::exists(folder.configuration()));
    EXPECT_TRUE(folder.configuration_or_default({}, {}, random_));
}

TEST_F(DataFolderTest, keeps_the_configuration_of_its_first_run) {
    DataFolder folder = open();
    const auto first = folder.configuration_or_default({"127.0.7.1"}, {}, random_);
    ASSERT_TRUE(first) << first.error().detail;
    const auto second = folder.configuration_or_default({"127.0.8.1"}, {}, random_);
    ASSERT_TRUE(second);
    EXPECT_EQ(format_config(*second), format_config(*first));
    EXPECT_TRUE(first->instances[0].scope.text().starts_with("0ne"));
}

TEST_F(DataFolderTest, makes_keys_once_and_keeps_them_private) {
    DataFolder folder = open();
    const auto config = folder.configuration_or_default({}, {}, random_);
    ASSERT_TRUE(config);
    const auto first = folder.policy_keys(*config, random_);
    ASSERT_TRUE(first) << first.error().detail;
    const auto second = folder.policy_keys(*config, random_);
    ASSERT_TRUE(second) << second.error().detail;
    EXPECT_EQ(mode_of("secrets.toml"), 0600U);
    const std::string hub = "hub:" + config->hubs[0].host.text();
    EXPECT_EQ(first->at(hub).at("iothubowner").primary, second->at(hub).at("iothubowner").primary);
    EXPECT_FALSE(first->at(hub).at("iothubowner").primary == first->at(hub).at("service").primary);
}

TEST_F(DataFolderTest, gives_a_new_hub_its_keys_and_keeps_the_others) {
    DataFolder folder = open();
    auto config = folder.configuration_or_default({}, {}, random_);
    ASSERT_TRUE(config);
    const auto before = folder.policy_keys(*config, random_);
    ASSERT_TRUE(before);
    config->hubs.push_back({.name = "hub-3", .host = HubName("hub-3.example.org")});
    const auto after = folder.policy_keys(*config, random_);
    ASSERT_TRUE(after);
    EXPECT_TRUE(after->contains("hub:hub-3.example.org"));
    const std::string hub = "hub:" + config->hubs[0].host.text();
    EXPECT_EQ(before->at(hub).at("service").primary, after->at(hub).at("service").primary);
}

TEST_F(DataFolderTest, certificate_is_kept_until_names_change_or_it_grows_old) {
    DataFolder folder = open();
    const std::vector<std::string> names{"dps.example.org", "127.0.0.2"};
    const auto first = folder.server_certificate(names, clock_, random_);
    ASSERT_TRUE(first) << first.error().detail;
    EXPECT_EQ(mode_of("ca.key"), 0600U);
    EXPECT_EQ(mode_of("server.key"), 0600U);
    EXPECT_EQ(leaf_of(*folder.server_certificate(names, clock_, random_)), leaf_of(*first));

    const auto renamed = folder.server_certificate({"other.example.org"}, clock_, random_);
    ASSERT_TRUE(renamed);
    EXPECT_NE(leaf_of(*renamed), leaf_of(*first));

    clock_.advance(std::chrono::hours(24 * 300));
    const auto renewed = folder.server_certificate({"other.example.org"}, clock_, random_);
    ASSERT_TRUE(renewed);
    EXPECT_NE(leaf_of(*renewed), leaf_of(*renamed));
}

TEST_F(DataFolderTest, certificate_chain_ends_at_the_private_ca) {
    DataFolder folder = open();
    const auto certificate = folder.server_certificate({"127.0.0.1"}, clock_, random_);
    ASSERT_TRUE(certificate);
    const auto leaf = crypto::Certificate::from_text(certificate->chain_pem);
    const auto ca_pem = read_file(folder.ca_certificate(), 65536);
    ASSERT_TRUE(leaf && ca_pem);
    const auto ca = crypto::Certificate::from_text(*ca_pem);
    ASSERT_TRUE(ca);
    EXPECT_TRUE(ca->is_ca());
    EXPECT_EQ(leaf->issuer_name(), ca->subject_name());
}

} // namespace
} // namespace muster::app
