// Moves, operations, quarantines, suspects and lost hubs, as an administrator asks for them.

#include "gateway/administration/administration_client.h"

namespace muster::gateway {
namespace {

class FleetsApi : public AdministrationTest {
  protected:
    /// Two hubs, and so many devices that have registered.
    void arrange(int devices) {
        provisioning::InstanceSettings wanted{.name = "alpha", .tenant = "tenant-a"};
        wanted.hubs = {{.name = HubName("hub-1.example.net")},
                       {.name = HubName("hub-2.example.net")}};
        world.change(wanted);
        for (int number = 0; number < devices; ++number) {
            const auto id = "dev-" + std::to_string(number);
            world.enroll("alpha", id);
            EXPECT_EQ(register_device(id).status, 202U);
        }
        run_for(std::chrono::seconds(5));
    }

    void run_for(std::chrono::milliseconds time) {
        const auto end = world.timers.now() + time;
        do {
            world.workers.run_all();
            const auto before = world.timers.now();
            if (!world.timers.run_next(end)) {
                break;
            }
            world.clock.advance(world.timers.now() - before);
        } while (true);
    }

    std::string hub_of(const std::string& device) {
        const auto hubs = world.hubs.hubs_serving(DeviceId(device));
        return hubs.size() == 1 ? hubs.front().text() : std::string();
    }

    std::vector<std::string> audited(const std::string& prefix) {
        std::vector<std::string> actions;
        for (const auto& change : world.operations.changes()) {
            if (change.action.starts_with(prefix)) {
                actions.push_back(change.action + " by " + change.by.name);
            }
        }
        return actions;
    }

    const std::string operations = alpha + "/operations";
};

TEST_F(FleetsApi, DrainsAHubWhileItIsWatched) {
    arrange(6);
    const auto begun =
        run("POST", operations,
            R"({"kind":"drain","hub":"HUB-1.example.net","limits":{"perSecond":5}})");
    ASSERT_EQ(begun.status, 201U) << begun.body;
    EXPECT_EQ(begun.member("kind"), Json("drain"));
    EXPECT_EQ(begun.member("state"), Json("running"));
    EXPECT_EQ(begun.member("hub"), Json("hub-1.example.net"));
    EXPECT_EQ(begun.json().at("limits").at("perSecond"), Json(5));
    EXPECT_EQ(begun.json().at("limits").at("concurrency"), Json(64));
    EXPECT_EQ(begun.member("underWay"), Json(0));
    EXPECT_TRUE(begun.member("after").is_null()) << "for the server only";
    const auto id = text(begun.member("id"));
    run_for(std::chrono::seconds(60));
    const auto ended = run("GET", operations + "/" + id);
    EXPECT_EQ(ended.status, 200U);
    EXPECT_EQ(ended.member("state"), Json("done"));
    EXPECT_TRUE(ended.member("ended").is_string());
    for (int number = 0; number < 6; ++number) {
        EXPECT_EQ(hub_of("dev-" + std::to_string(number)), "hub-2.example.net");
    }
    const auto listed = walk(operations, "operations");
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed.front().at("id"), Json(id));
    ASSERT_EQ(audited("operation.").size(), 2U);
    EXPECT_TRUE(audited("operation.").front().starts_with("operation.begin by token:"));
}

TEST_F(FleetsApi, PausesResumesAndStops) {
    arrange(4);
    const auto begun =
        run("POST", operations,
            R"({"kind":"drain","hub":"hub-1.example.net","limits":{"perSecond":0.01}})");
    ASSERT_EQ(begun.status, 201U) << begun.body;
    const auto one = operations + "/" + text(begun.member("id"));
    expect_refused(run("POST", one + "/resume"), 412, 412000);
    EXPECT_EQ(run("POST", one + "/pause").member("state"), Json("paused"));
    expect_refused(run("POST", one + "/pause"), 412, 412000);
    const auto changed = run("PATCH", one + "/limits", R"({"concurrency":2})");
    EXPECT_EQ(changed.status, 200U);
    EXPECT_EQ(changed.json().at("limits").at("concurrency"), Json(2));
    EXPECT_EQ(changed.json().at("limits").at("perSecond"), Json(0.01)) << "what is not said stays";
    EXPECT_EQ(run("POST", one + "/resume").member("state"), Json("running"));
    EXPECT_EQ(run("POST", one + "/stop").member("state"), Json("stopping"));
    run_for(std::chrono::seconds(30));
    EXPECT_EQ(run("GET", one).member("state"), Json("stopped"));
    for (const auto* verb : {"/pause", "/resume", "/stop"}) {
        expect_refused(run("POST", one + verb), 412, 412000);
    }
    expect_refused(run("PATCH", one + "/limits", R"({"concurrency":2})"), 412, 412000);
}

TEST_F(FleetsApi, RefusesOperationsThatMakeNoSense) {
    arrange(1);
    for (const auto* body :
         {"{}", R"({"kind":"explode"})", R"({"kind":7})", R"({"kind":"drain"})",
          R"({"kind":"drain","hub":7})", R"({"kind":"drain","hub":"none.example.net"})",
          R"({"kind":"rebalance","hub":"hub-1.example.net"})", R"({"kind":"gather"})",
          R"({"kind":"release"})", R"({"kind":"rebalance","limits":{"perSecond":0}})",
          R"({"kind":"rebalance","limits":{"perSecond":"fast"}})",
          R"({"kind":"rebalance","limits":{"concurrency":1025}})",
          R"({"kind":"rebalance","limits":{"concurrency":1.5}})",
          R"({"kind":"rebalance","limits":{"failuresMax":-1}})",
          R"({"kind":"rebalance","limits":[]})"}) {
        const auto reply = run("POST", operations, body);
        expect_refused(reply, 400, 400000);
    }
    EXPECT_TRUE(walk(operations, "operations").empty());
    expect_refused(run("GET", operations + "/op-none"), 404, 404000);
    expect_refused(run("POST", operations + "/op-none/stop"), 404, 404000);
    expect_refused(run("GET", operations + "?after=op-none"), 400, 400000);
    ASSERT_EQ(run("POST", operations, R"({"kind":"rebalance"})").status, 201U);
    expect_refused(run("POST", operations, R"({"kind":"rebalance"})"), 409, 409203);
}

TEST_F(FleetsApi, ListsOperationsNewestFirstPageByPage) {
    arrange(0);
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) {
        const auto begun = run("POST", operations, R"({"kind":"rebalance"})");
        ids.insert(ids.begin(), text(begun.member("id")));
        world.clock.advance(std::chrono::seconds(1));
        run_for(std::chrono::seconds(5));
    }
    std::size_t pages = 0;
    const auto listed = walk(operations + "?count=2", "operations", "after", &pages);
    ASSERT_EQ(listed.size(), 5U);
    EXPECT_EQ(pages, 3U);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(listed[i].at("id"), Json(ids[i]));
        EXPECT_EQ(listed[i].at("state"), Json("done"));
    }
}

TEST_F(FleetsApi, ShowsMovesAndLetsThemBeCancelled) {
    arrange(0);
    world.enroll("alpha", "dev-1");
    world.hubs.down(HubName("hub-1.example.net"));
    world.hubs.down(HubName("hub-2.example.net"));
    EXPECT_EQ(register_device("dev-1").status, 202U);
    run_for(std::chrono::seconds(1));
    const auto moves = walk(alpha + "/moves", "moves");
    ASSERT_EQ(moves.size(), 1U);
    EXPECT_EQ(moves.front().at("registrationId"), Json("dev-1"));
    EXPECT_EQ(moves.front().at("plan").at("stage"), Json("begun"));
    EXPECT_EQ(run("POST", alpha + "/moves/dev-1/retry").status, 204U);
    EXPECT_EQ(run("POST", alpha + "/moves/DEV-1/cancel").status, 204U);
    expect_refused(run("POST", alpha + "/moves/dev-1/cancel"), 404, 404000);
    expect_refused(run("POST", alpha + "/moves/none/cancel"), 404, 404000);
    expect_refused(run("POST", alpha + "/moves/n%20ne/cancel"), 400, 400000);
    expect_refused(run("POST", alpha + "/moves/dev-1/forget?evenFenced=perhaps"), 400, 400000);
}

TEST_F(FleetsApi, QuarantinesDevices) {
    arrange(1);
    const auto other =
        hub_of("dev-0") == "hub-1.example.net" ? "hub-2.example.net" : "hub-1.example.net";
    const auto path = alpha + "/registrations/dev-0/quarantine";
    expect_refused(run("DELETE", path), 412, 412000);
    for (const auto* body : {"{}", R"({"hub":1})", R"({"hub":"none.example.net"})",
                             R"({"hub":"hub-1.example.net","reason":7})"}) {
        expect_refused(run("PUT", path, body), 400, 400000);
    }
    const auto body = R"({"hub":")" + std::string(other) + R"(","reason":"floods"})";
    EXPECT_EQ(run("PUT", path, body).status, 204U);
    run_for(std::chrono::seconds(60));
    EXPECT_EQ(hub_of("dev-0"), other);
    EXPECT_EQ(run("DELETE", path).status, 204U);
    run_for(std::chrono::seconds(60));
    EXPECT_NE(hub_of("dev-0"), other);
    expect_refused(run("PUT", alpha + "/registrations/none/quarantine", body), 404, 404000);
}

TEST_F(FleetsApi, QuarantinesGroups) {
    arrange(0);
    const auto path = alpha + "/groups/g-1/quarantine";
    const auto body = R"({"hub":"hub-2.example.net","limits":{"perSecond":7}})";
    expect_refused(run("PUT", path, body), 404, 404000);
    auto group = provisioning::EnrollmentGroup{
        .id = EnrollmentGroupId("g-1"),
        .terms = {.attestation =
                      provisioning::SymmetricKeyAttestation{
                          {.primary = recorded_key, .secondary = recorded_key}}},
        .stamp = {}};
    static_cast<void>(world.enrollments_of("alpha").put(group, {}, TenantsWorld::by).value());
    expect_refused(run("PUT", path, R"({"hub":"none.example.net"})"), 400, 400000);
    const auto begun = run("PUT", path, body);
    ASSERT_EQ(begun.status, 202U) << begun.body;
    EXPECT_EQ(begun.member("kind"), Json("gather"));
    EXPECT_EQ(begun.member("group"), Json("g-1"));
    EXPECT_EQ(begun.json().at("limits").at("perSecond"), Json(7));
    run_for(std::chrono::seconds(10));
    const auto released = run("DELETE", path);
    EXPECT_EQ(released.status, 202U) << released.body;
    EXPECT_EQ(released.member("kind"), Json("release"));
    run_for(std::chrono::seconds(10));
    expect_refused(run("DELETE", path), 404, 404000);
}

TEST_F(FleetsApi, NamesSuspects) {
    arrange(3);
    world.clock.advance(std::chrono::hours(2));
    owner = world.bearer(AdminRole::owner);
    const auto suspects = walk(alpha + "/suspects?count=2", "suspects");
    ASSERT_EQ(suspects.size(), 3U);
    EXPECT_EQ(suspects.front().at("registrationId"), Json("dev-0"));
    EXPECT_EQ(suspects.front().at("suspicions"), Json(JsonArray{"neverConnected"}));
    EXPECT_TRUE(suspects.front().at("detail").is_string());
}

TEST_F(FleetsApi, DeclaresOnlyFormerHubsLost) {
    arrange(1);
    expect_refused(run("POST", alpha + "/hubs/hub-2.example.net/lost"), 412, 412000);
    expect_refused(run("POST", alpha + "/hubs/none.example.net/lost"), 404, 404000);
    provisioning::InstanceSettings wanted{.name = "alpha", .tenant = "tenant-a"};
    wanted.hubs = {{.name = HubName("hub-1.example.net")}};
    world.change(wanted);
    const auto lost = run("POST", alpha + "/hubs/hub-2.example.net/lost");
    EXPECT_EQ(lost.status, 200U) << lost.body;
    EXPECT_EQ(lost.member("lost"), Json(true));
    EXPECT_EQ(run("POST", alpha + "/hubs/hub-2.example.net/found").member("lost"), Json(false));
}

TEST_F(FleetsApi, AsksFunctionsForContributorsOnly) {
    arrange(1);
    const auto body = R"({"registrationId":"dev-0","askFunction":true})";
    const auto reader = world.bearer(AdminRole::reader);
    expect_refused(run(ask("POST", alpha + "/explain", body), reader), 403, 403000);
    EXPECT_EQ(run("POST", alpha + "/explain", body).status, 200U);
    expect_refused(
        run("POST", alpha + "/explain", R"({"registrationId":"dev-0","askFunction":"yes"})"), 400,
        400000);
    const auto supposed = run("POST", alpha + "/explain",
                              R"({"registrationId":"dev-0","payload":{"line":"a"},
                                  "address":"192.0.2.9","deviceApiVersion":"2018-04-01"})");
    EXPECT_EQ(supposed.status, 200U) << supposed.body;
    EXPECT_EQ(supposed.member("plan"), Json("keep"));
    EXPECT_TRUE(supposed.member("reasons").is_array());
}

} // namespace
} // namespace muster::gateway
