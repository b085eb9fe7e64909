#include "app/key_file.h"
#include "app/server.h"
#include "base/file.h"
#include "store/stores.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace muster::app {
namespace {

using provisioning::RegistrationRecord;
using provisioning::RegistrationStatus;

class ServerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = "/tmp/muster-server-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        path_ = pattern;
    }

    void TearDown() override { std::filesystem::remove_all(path_); }

    DataFolder open() {
        auto folder = DataFolder::open(path_);
        EXPECT_TRUE(folder) << folder.error().detail;
        return std::move(*folder);
    }

    /// What a process leaves behind that is killed while many devices register.
    static void leave_unfinished(const DataFolder& folder, const ServerConfig& config, int count) {
        auto stores = store::open_sqlite_stores({.file = folder.database()});
        ASSERT_TRUE(stores);
        for (int i = 0; i < count; ++i) {
            RegistrationRecord record;
            record.id = RegistrationId(fmt::format("dev-{}", i));
            record.status = RegistrationStatus::assigning;
            record.operation = OperationId(fmt::format("op-{}", i));
            record.plan = provisioning::Plan();
            record.plan->hub = config.hubs[0].host;
            record.plan->provision.device_id = DeviceId(record.id.text());
            record.plan->provision.credential =
                provisioning::HubThumbprints{std::string(64, 'A'), std::string(64, 'B')};
            record.stamp = {.version = 1,
                            .etag = ETag("etag"),
                            .created = from_unix_seconds(1'893'456'000),
                            .updated = from_unix_seconds(1'893'456'000)};
            const auto saved = (*stores)->registrations().save(config.instances[0].scope, record,
                                                               provisioning::Expected{});
            ASSERT_TRUE(saved) << saved.error().detail;
        }
    }

    std::filesystem::path path_;
    SeededRandom random_{7};
};

TEST_F(ServerTest, a_start_that_fails_ends_the_work_it_has_begun) {
    DataFolder folder = open();
    auto config = folder.configuration_or_default({}, {}, random_);
    ASSERT_TRUE(config);
    leave_unfinished(folder, *config, 300);
    config->listen = {"192.0.2.1"}; // no address of this machine (RFC 5737)
    const auto server = Server::start(*config, folder);
    ASSERT_FALSE(server);
    // Whoever worked on a plan was waited for, and could use everything to the end.
    const auto keys = read_key_file(folder.sealing_key());
    ASSERT_TRUE(keys);
    auto stores = store::open_sqlite_stores(
        {.file = folder.database(), .keys = std::make_shared<const crypto::KeyRing>(*keys)});
    ASSERT_TRUE(stores);
    const auto records = (*stores)->registrations().all(config->instances[0].scope, "", 1000);
    ASSERT_TRUE(records);
    EXPECT_EQ(records->size(), 300U);
    for (const RegistrationRecord& record : *records) {
        const auto device =
            (*stores)->devices().find_device(config->hubs[0].host, DeviceId(record.id.text()));
        ASSERT_TRUE(device);
        EXPECT_TRUE(*device || record.status == RegistrationStatus::assigning);
        EXPECT_EQ(record.plan.has_value(), record.status == RegistrationStatus::assigning);
    }
}

/// What the operator who has lost the last owner's token is told to do, whatever others named
/// theirs.
TEST_F(ServerTest, a_new_admin_token_replaces_the_lost_one) {
    DataFolder folder = open();
    auto config = folder.configuration_or_default({}, {}, random_);
    ASSERT_TRUE(config);
    config->listen = {"192.0.2.1"}; // no address of this machine (RFC 5737): all but listening
    EXPECT_FALSE(Server::start(*config, folder));
    const auto lost = read_file(folder.admin_token(), 4096);
    ASSERT_TRUE(lost);
    std::filesystem::remove(folder.admin_token());

    const auto tokens_now = [&] {
        const auto keys = read_key_file(folder.sealing_key());
        auto stores = store::open_sqlite_stores(
            {.file = folder.database(), .keys = std::make_shared<const crypto::KeyRing>(*keys)});
        return (*stores)->tokens().all().value();
    };
    const auto before = tokens_now();
    ASSERT_EQ(before.size(), 1U);
    {
        const auto keys = read_key_file(folder.sealing_key());
        auto stores = store::open_sqlite_stores(
            {.file = folder.database(), .keys = std::make_shared<const crypto::KeyRing>(*keys)});
        auto tenants = before.front();
        tenants.id = std::string(16, 'a');
        tenants.reach.tenant = "acme";
        tenants.created_by = "token:boss";
        ASSERT_TRUE((*stores)->tokens().add(tenants, {}));
    }
    config->new_admin_token = true;
    EXPECT_FALSE(Server::start(*config, folder)); // it got as far as the address
    const auto found = read_file(folder.admin_token(), 4096);
    ASSERT_TRUE(found);
    EXPECT_NE(*found, *lost);
    const auto after = tokens_now();
    ASSERT_EQ(after.size(), 2U);
    for (const auto& token : after) {
        EXPECT_NE(token.id, before.front().id);
        EXPECT_TRUE(token.created_by == "token:boss" || token.name.starts_with("local-"));
    }
}

/// Under earlier versions nothing was sealed: the first start with a key sees to it.
TEST_F(ServerTest, secrets_of_an_earlier_version_are_sealed_at_the_first_start) {
    DataFolder folder = open();
    auto config = folder.configuration_or_default({}, {}, random_);
    ASSERT_TRUE(config);
    const std::string secret = "what-nobody-else-should-read";
    {
        const auto stores = store::open_sqlite_stores({.file = folder.database()});
        ASSERT_TRUE(stores);
        provisioning::IndividualEnrollment enrollment;
        enrollment.id = RegistrationId("dev-1"); // it will not register, so nobody writes the row
        enrollment.terms.initial_twin = JsonObject{{"tags", JsonObject{{"key", secret}}}};
        enrollment.stamp.version = 1;
        ASSERT_TRUE((*stores)->enrollments().save(config->instances[0].scope, enrollment,
                                                  provisioning::Expected{}));
    }
    const auto is_in_the_clear = [&] {
        const auto bytes = read_file(folder.database(), std::size_t{1} << 30U);
        return bytes.value_or("").find(secret) != std::string::npos;
    };
    ASSERT_TRUE(is_in_the_clear());
    config->listen = {"192.0.2.1"}; // no address of this machine (RFC 5737): all but listening
    EXPECT_FALSE(Server::start(*config, folder));
    EXPECT_FALSE(is_in_the_clear());
}

} // namespace
} // namespace muster::app
