// Blocking devices, as an administrator asks for it.

#include "gateway/administration/administration_client.h"

namespace muster::gateway {
namespace {

class BlockApi : public AdministrationTest {
  protected:
    void SetUp() override {
        provisioning::InstanceSettings wanted{.name = "alpha", .tenant = "tenant-a"};
        wanted.hubs = {{.name = HubName("hub-1.example.net")}};
        world.change(wanted);
        world.enroll("alpha", "dev-0");
        EXPECT_EQ(register_device("dev-0").status, 202U);
        world.workers.run_all();
    }

    bool is_served() { return !world.hubs.hubs_serving(DeviceId("dev-0")).empty(); }

    const std::string block = alpha + "/registrations/dev-0/block";
};

TEST_F(BlockApi, AnswersWhenTheDeviceIsOut) {
    ASSERT_TRUE(is_served());
    const auto done = run("PUT", block, R"({"reason":"stolen"})");
    EXPECT_EQ(done.status, 200U) << done.body;
    EXPECT_EQ(done.member("registrationId"), Json("dev-0"));
    EXPECT_EQ(done.member("blocked"), Json(true));
    EXPECT_EQ(done.member("settled"), Json(true));
    EXPECT_EQ(done.member("reason"), Json("stolen"));
    EXPECT_EQ(done.member("hub"), Json("hub-1.example.net"));
    EXPECT_TRUE(done.member("milliseconds").is_int64());
    EXPECT_FALSE(is_served());

    EXPECT_EQ(run("GET", block).member("blocked"), Json(true));
    EXPECT_EQ(run("PUT", block, "{}").status, 200U) << "again is no mistake";

    const auto undone = run("DELETE", block);
    EXPECT_EQ(undone.status, 200U);
    EXPECT_EQ(undone.member("blocked"), Json(false));
    EXPECT_TRUE(is_served());
    EXPECT_EQ(run("GET", block).member("settled"), Json(true));
}

TEST_F(BlockApi, SaysWhenAHubDoesNotAnswer) {
    world.hubs.down(HubName("hub-1.example.net"));
    auto wire = world.https();
    auto request = ask("PUT", block, "{}");
    request.headers.push_back({"Authorization", owner});
    wire.send(bytes_of(request));
    const auto end = world.timers.now() + std::chrono::seconds(10);
    do {
        wire.settle(world.workers);
    } while (world.timers.run_next(end));
    auto text = wire.take();
    const auto reply = take_reply(text);
    EXPECT_EQ(reply.status, 202U) << reply.body;
    EXPECT_EQ(reply.member("blocked"), Json(true));
    EXPECT_EQ(reply.member("settled"), Json(false));
}

TEST_F(BlockApi, IsForContributors) {
    const auto reader = world.bearer(AdminRole::reader);
    expect_refused(run(ask("PUT", block, "{}"), reader), 403, 403000);
    expect_refused(run(ask("DELETE", block), reader), 403, 403000);
    EXPECT_EQ(run(ask("GET", block), reader).status, 200U);
    expect_refused(run(ask("PUT", block, "{}"), ""), 401, 401000);
    EXPECT_TRUE(is_served());
}

TEST_F(BlockApi, RefusesWhatMakesNoSense) {
    EXPECT_EQ(run("PUT", block, R"({"reason":7})").status, 400U);
    EXPECT_EQ(run("PUT", block, "[]").status, 400U);
    EXPECT_EQ(run("PUT", block, R"({"reason":")" + std::string(257, 'x') + "\"}").status, 400U);
    EXPECT_EQ(run("PUT", "/muster/instances/none/registrations/dev-0/block", "{}").status, 404U);
    EXPECT_EQ(run("PUT", alpha + "/registrations/not%20an%20id/block", "{}").status, 400U);
    EXPECT_TRUE(is_served());
}

} // namespace
} // namespace muster::gateway
