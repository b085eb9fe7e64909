// Identities that come with their twins, and twins that stand still while a device moves.

#include "base/move_mark.h"
#include "hub/fixture.h"

#include <atomic>
#include <thread>

namespace muster::hub {

namespace {

class Creation : public HubTest {
  protected:
    static Device wanted(std::string_view id = "dev-01") {
        Device device;
        device.id = DeviceId(std::string(id));
        device.authentication.primary_key = Secret(std::string(32, 'a'));
        device.authentication.secondary_key = Secret(std::string(32, 'b'));
        return device;
    }

    static TwinContent content() {
        return {.tags = object(R"({"site":"n"})"),
                .desired = object(R"({"period":30})"),
                .reported = object(R"({"fw":1})")};
    }

    static Device disabled(std::string reason) {
        Device device = wanted();
        device.status = DeviceStatus::disabled;
        device.status_reason = std::move(reason);
        return device;
    }

    /// Every way to change a twin: what each of them says.
    std::vector<std::optional<Error>> change_twin_everyhow() {
        std::vector<std::optional<Error>> said;
        const auto note = [&](const auto& outcome) {
            said.push_back(outcome ? std::nullopt : std::optional(outcome.error()));
        };
        note(hub.patch_twin(device, desired_update(R"({"period":1})"), any_etag()));
        note(hub.patch_twin(device, desired_update(R"({"period":1})"), exactly(ETag("old"))));
        note(hub.replace_twin(device, desired_update(R"({"period":2})"), any_etag()));
        note(hub.report(device, object(R"({"fw":2})")));
        note(hub.set_model_id(device, "dtmi:a;1"));
        return said;
    }

    const DeviceId device{"dev-01"};
};

} // namespace

// IOTHUB-22
TEST_F(Creation, BringsTheWholeTwin) {
    const auto created = hub.create_with_twin(wanted(), content());
    ASSERT_TRUE(created);
    EXPECT_EQ(devices.writes, 1) << "one step";
    EXPECT_EQ(created->device.authentication.primary_key, wanted().authentication.primary_key);
    const auto view = hub.get_twin(device);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->device.etag, created->device.etag);
    EXPECT_EQ(to_text(view->twin.tags), R"({"site":"n"})");
    EXPECT_EQ(to_text(view->twin.desired.values), R"({"period":30})");
    EXPECT_EQ(to_text(view->twin.reported.values), R"({"fw":1})");
    EXPECT_EQ(view->twin.desired.version, 1);
    EXPECT_EQ(view->twin.reported.version, 1);
}

TEST_F(Creation, MayBeDisabledFromTheStart) {
    ASSERT_TRUE(hub.create_with_twin(disabled("moving in 4f3a9c0d11223344"), content()));
    const Device created = hub.get_device(device)->device;
    EXPECT_EQ(created.status, DeviceStatus::disabled);
    EXPECT_EQ(created.status_reason, "moving in 4f3a9c0d11223344");
}

TEST_F(Creation, GeneratesKeysThatWereLeftOpen) {
    Device open;
    open.id = device;
    const auto created = hub.create_with_twin(open, {});
    ASSERT_TRUE(created);
    EXPECT_EQ(created->device.authentication.primary_key.reveal().size(), 32u);
}

TEST_F(Creation, LeavesWhatIsThereAlone) {
    create("dev-01");
    const ETag before = hub.get_device(device)->device.etag;
    EXPECT_EQ(code_of(hub.create_with_twin(wanted(), content())), Code::already_exists);
    EXPECT_EQ(hub.get_device(device)->device.etag, before);
    EXPECT_TRUE(hub.get_twin(device)->twin.tags.empty());
}

TEST_F(Creation, RefusesWhatTheHubWould) {
    EXPECT_EQ(code_of(hub.create_with_twin(wanted("a/b"), {})), Code::malformed);
    Device short_key = wanted();
    short_key.authentication.primary_key = Secret("short");
    EXPECT_EQ(code_of(hub.create_with_twin(short_key, {})), Code::malformed);
    TwinContent bad = content();
    bad.reported = object(R"({"a.b":1})");
    EXPECT_EQ(code_of(hub.create_with_twin(wanted(), bad)), Code::malformed);
    bad = content();
    bad.desired["large"] = std::string(40'000, 'x');
    EXPECT_EQ(code_of(hub.create_with_twin(wanted(), bad)), Code::malformed);
    EXPECT_EQ(devices.writes, 0);
}

TEST_F(Creation, FromManyThreadsMakesOneAndCountsOne) {
    std::atomic<int> made = 0;
    std::vector<std::thread> threads;
    for (int at = 0; at < 8; ++at) {
        threads.emplace_back([&] { made += hub.create_with_twin(wanted(), content()) ? 1 : 0; });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(made, 1);
    create("b");
    create("c");
    EXPECT_EQ(code_of(hub.create_with_twin(wanted("d"), {})), Code::too_large);
}

// ---- frozen twins ----

TEST_F(Creation, AMarkFreezesTheTwinOfADisabledDevice) {
    ASSERT_TRUE(hub.create_with_twin(wanted(), content()));
    for (const std::string mark :
         {"moving out 4f3a9c0d11223344; was enabled", "moving in 4f3a9c0d11223344"}) {
        ASSERT_TRUE(freezes_twin(mark));
        ASSERT_TRUE(hub.put_device(disabled(mark), any_etag()));
        for (const std::optional<Error>& error : change_twin_everyhow()) {
            ASSERT_TRUE(error) << mark;
            EXPECT_EQ(error->code, Code::unavailable);
            EXPECT_EQ(error->retry_after, std::chrono::seconds(1));
        }
    }
    const auto view = hub.get_twin(device);
    EXPECT_EQ(view->twin.version, 1) << "still read, and unchanged";
}

TEST_F(Creation, NothingElseFreezesATwin) {
    ASSERT_TRUE(hub.create_with_twin(disabled("lost in the field"), content()));
    const auto changes = [&] {
        const auto changed = hub.patch_twin(device, desired_update(R"({"period":1})"), any_etag());
        return changed.has_value();
    };
    EXPECT_TRUE(changes());
    ASSERT_TRUE(hub.put_device(disabled("was moving out 1"), any_etag()));
    EXPECT_TRUE(changes()) << "the mark stands at the beginning";
    Device enabled = wanted();
    enabled.status_reason = "moving in 4f3a9c0d11223344";
    ASSERT_TRUE(hub.put_device(enabled, any_etag()));
    EXPECT_TRUE(changes()) << "a note on an enabled device is no mark";
}

TEST_F(Creation, AFenceCutsTheConnectionAndKeepsTheCredentials) {
    const auto created = hub.create_with_twin(wanted(), content());
    ASSERT_TRUE(created);
    const auto connection = connect(device);
    Device fenced = disabled("moving out 4f3a9c0d11223344; was enabled");
    ASSERT_TRUE(hub.put_device(fenced, exactly(created->device.etag)));
    EXPECT_EQ(connection.link->closed.size(), 1u);
    EXPECT_EQ(code_of(hub.put_device(fenced, exactly(created->device.etag))), Code::precondition)
        << "whoever comes late finds another etag";
    EXPECT_EQ(hub.get_device(device)->device.authentication.primary_key,
              wanted().authentication.primary_key);
}

} // namespace muster::hub
