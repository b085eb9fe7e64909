#include "app/key_file.h"
#include "app/server.h"
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

} // namespace
} // namespace muster::app
