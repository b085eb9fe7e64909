#include "hub/bulk.h"
#include "hub/fixture.h"

namespace muster::hub {

namespace {

JsonArray array(std::string_view text) {
    return parse_json(text).value().get_array();
}

class Bulk : public HubTest {
  protected:
    /// The outcome of an array with this one entry.
    Result<Carried> run(std::string_view entry) {
        const auto entries = bulk_entries_from(array('[' + std::string(entry) + ']'));
        if (!entries) {
            return std::unexpected(entries.error());
        }
        return entries->front().deed ? carry_out(hub, *entries->front().deed)
                                     : std::unexpected(entries->front().deed.error());
    }

    Result<Carried> run(std::string_view mode, std::string_view members) {
        return run(R"({"id":"dev-01","importMode":")" + std::string(mode) + '"' +
                   (members.empty() ? "" : ",") + std::string(members) + '}');
    }

    Device found() { return hub.get_device(device)->device; }

    std::string desired() { return to_text(hub.get_twin(device)->twin.desired.values); }

    const DeviceId device{"dev-01"};
};

constexpr std::string_view whole_twin =
    R"("tags":{"site":"n"},"properties":{"desired":{"period":30,"$version":4,"$metadata":{}},)"
    R"("reported":{"fw":1,"$version":9,"$metadata":{}}})";

} // namespace

// IOTHUB-22: the identity and the whole twin at once.
TEST_F(Bulk, CreatesWithTheTwin) {
    ASSERT_TRUE(run("create", whole_twin));
    const Twin twin = hub.get_twin(device)->twin;
    EXPECT_EQ(to_text(twin.tags), R"({"site":"n"})");
    EXPECT_EQ(to_text(twin.desired.values), R"({"period":30})");
    EXPECT_EQ(to_text(twin.reported.values), R"({"fw":1})");
    EXPECT_EQ(devices.writes, 1);
    EXPECT_EQ(code_of(run("create", "")), Code::already_exists);
}

// IOTHUB-22: what the modes do to nothing, and to a device that is there.
TEST_F(Bulk, EveryModeKeepsItsPromise) {
    const std::string etag = R"("eTag":"other","twinETag":"other")";
    const auto nothing_there = [&](std::string_view mode) {
        const auto done = run(mode, etag);
        return done ? std::nullopt : std::optional(done.error().code);
    };
    EXPECT_EQ(nothing_there("update"), Code::not_found);
    EXPECT_EQ(nothing_there("updateIfMatchETag"), Code::not_found);
    EXPECT_EQ(nothing_there("delete"), Code::not_found);
    EXPECT_EQ(nothing_there("deleteIfMatchETag"), Code::not_found);
    EXPECT_EQ(nothing_there("updateTwin"), Code::not_found);
    EXPECT_EQ(nothing_there("updateTwinIfMatchETag"), Code::not_found);
    EXPECT_EQ(devices.writes, 0);
    for (const std::string_view mode : {"create", "createOrUpdate", "createOrUpdateIfMatchETag"}) {
        EXPECT_EQ(nothing_there(mode), std::nullopt) << mode;
        EXPECT_TRUE(run("delete", "")) << mode;
    }

    create("dev-01");
    const ETag before = found().etag;
    for (const std::string_view mode : {"createOrUpdateIfMatchETag", "updateIfMatchETag",
                                        "deleteIfMatchETag", "updateTwinIfMatchETag"}) {
        EXPECT_EQ(code_of(run(mode, etag)), Code::precondition) << mode;
    }
    EXPECT_EQ(found().etag, before);
    const auto with_the_etag = [&](std::string_view mode) {
        return run(mode, R"("eTag":"\")" + found().etag.text() + R"(\"","statusReason":")" +
                             std::string(mode) + '"');
    };
    for (const std::string_view mode : {"createOrUpdateIfMatchETag", "updateIfMatchETag"}) {
        EXPECT_TRUE(with_the_etag(mode)) << mode;
        EXPECT_EQ(found().status_reason, mode);
    }
    for (const std::string_view mode : {"createOrUpdate", "update"}) {
        EXPECT_TRUE(run(mode, R"("eTag":"other","statusReason":")" + std::string(mode) + '"'));
        EXPECT_EQ(found().status_reason, mode);
    }
    EXPECT_TRUE(with_the_etag("deleteIfMatchETag"));
    EXPECT_EQ(code_of(hub.get_device(device)), Code::not_found);
}

TEST_F(Bulk, UpdatesTwinsAlone) {
    create("dev-01");
    const ETag before = found().etag;
    ASSERT_TRUE(run("updateTwin", whole_twin));
    EXPECT_EQ(desired(), R"({"period":30})");
    EXPECT_TRUE(hub.get_twin(device)->twin.reported.values.empty()) << "no caller's business";
    const std::string etag = etag_of(hub.get_twin(device)->twin).text();
    ASSERT_TRUE(run("updateTwinIfMatchETag",
                    R"("twinETag":")" + etag + R"(","properties":{"desired":{"period":null}})"));
    EXPECT_EQ(desired(), "{}");
    EXPECT_EQ(code_of(run("updateTwinIfMatchETag", R"("twinETag":")" + etag + '"')),
              Code::precondition);
    EXPECT_EQ(found().etag, before);
}

TEST_F(Bulk, AnUpdateOfTheIdentityLeavesTheTwinUnlessItMayCreate) {
    ASSERT_TRUE(run("create", whole_twin));
    ASSERT_TRUE(run("update", R"("properties":{"desired":{"period":1}})"));
    EXPECT_EQ(desired(), R"({"period":30})");
    ASSERT_TRUE(run("createOrUpdate", R"("properties":{"desired":{"period":1}})"));
    EXPECT_EQ(desired(), R"({"period":1})");
}

TEST_F(Bulk, ModesAreReadWithoutRegardToCase) {
    ASSERT_TRUE(run("CREATE", ""));
    ASSERT_TRUE(run("Update", ""));
    ASSERT_TRUE(run("UpdateIfMatchETag", R"("eTag":"*")"));
    ASSERT_TRUE(run("DeleteIfMatchEtag", R"("eTag":")" + found().etag.text() + '"'));
    ASSERT_TRUE(run(R"({"id":"dev-01"})")) << "createOrUpdate";
    ASSERT_TRUE(run(R"({"id":"dev-01","importMode":null})"));
}

TEST_F(Bulk, BadEntriesChangeNothing) {
    create("dev-01");
    const int writes = devices.writes;
    EXPECT_EQ(code_of(run("replace", "")), Code::malformed);
    EXPECT_EQ(code_of(run("update", R"("status":"off")")), Code::malformed);
    EXPECT_EQ(code_of(run("updateIfMatchETag", "")), Code::malformed);
    EXPECT_EQ(code_of(run("deleteIfMatchETag", R"("eTag":"")")), Code::malformed);
    EXPECT_EQ(code_of(run("updateTwinIfMatchETag", R"("eTag":"x")")), Code::malformed);
    EXPECT_EQ(code_of(run("updateTwin", R"("tags":7)")), Code::malformed);
    EXPECT_EQ(code_of(run("updateTwin", R"("properties":{"desired":{"$x":1}})")), Code::malformed);
    EXPECT_EQ(code_of(run("create", R"("properties":{"reported":7})")), Code::malformed);
    EXPECT_EQ(code_of(run("createOrUpdate", R"("authentication":{"type":"tpm"})")),
              Code::malformed);
    EXPECT_EQ(code_of(run(R"({"id":"a/b","importMode":"create"})")), Code::malformed);
    EXPECT_EQ(code_of(run("create", R"("moduleId":"a/b")")), Code::malformed);
    EXPECT_EQ(devices.writes, writes);
}

TEST_F(Bulk, ModulesTakeEveryMode) { // IOTHUB-22
    const IdentityId cam(device, ModuleId("cam"));
    const auto of_cam = [&](std::string_view mode, std::string_view members) {
        return run(R"({"id":"dev-01","moduleId":"cam","importMode":")" + std::string(mode) + '"' +
                   (members.empty() ? "" : ",") + std::string(members) + '}');
    };
    EXPECT_EQ(code_of(of_cam("create", "")), Code::not_found) << "no device";
    create("dev-01");
    EXPECT_EQ(code_of(of_cam("update", "")), Code::not_found);
    ASSERT_TRUE(of_cam("create", std::string(whole_twin) + R"(,"managedBy":"me")"));
    EXPECT_EQ(hub.get_device(cam)->device.managed_by, "me");
    EXPECT_EQ(to_text(hub.get_twin(cam)->twin.reported.values), R"({"fw":1})");
    EXPECT_EQ(desired(), "{}") << "the device's own twin is another";
    EXPECT_EQ(code_of(of_cam("create", "")), Code::already_exists);
    ASSERT_TRUE(of_cam("createOrUpdate", R"("managedBy":"you","tags":{"x":1})"));
    EXPECT_EQ(hub.get_device(cam)->device.managed_by, "you");
    EXPECT_EQ(to_text(hub.get_twin(cam)->twin.tags), R"({"site":"n","x":1})");
    ASSERT_TRUE(of_cam("updateTwin", R"("properties":{"desired":{"period":31}})"));
    EXPECT_EQ(to_text(hub.get_twin(cam)->twin.desired.values), R"({"period":31})");
    EXPECT_EQ(code_of(of_cam("deleteIfMatchETag", R"("eTag":"other")")), Code::precondition);
    ASSERT_TRUE(of_cam("delete", ""));
    EXPECT_EQ(code_of(hub.get_device(cam)), Code::not_found);
    EXPECT_TRUE(hub.get_device(device));
}

TEST_F(Bulk, AnIdentityWhoseTwinFailsIsRegisteredWithoutIt) {
    create("dev-01");
    EXPECT_EQ(code_of(run("createOrUpdate", R"("status":"disabled","tags":{"a.b":1})")),
              Code::malformed);
    EXPECT_EQ(found().status, DeviceStatus::enabled) << "known to be wrong: nothing is changed";
    // The twin moves into the fence between the two writes.
    const auto done = run("createOrUpdate", R"("status":"disabled","tags":{"a":1},)"
                                            R"("statusReason":"moving out 4f3a9c0d11223344")");
    ASSERT_TRUE(done);
    EXPECT_EQ(*done, Carried::without_twin);
    EXPECT_EQ(found().status, DeviceStatus::disabled);
}

TEST_F(Bulk, AnErasureLooksAtNothingButTheId) {
    create("dev-01");
    EXPECT_TRUE(run("delete", R"("status":"off","tags":7)"));
}

TEST_F(Bulk, TheArrayIsBounded) {
    EXPECT_EQ(code_of(bulk_entries_from({})), Code::malformed);
    JsonArray entries;
    for (std::size_t at = 0; at < bulk_entries_max; ++at) {
        entries.push_back(JsonObject{{"id", "dev-" + std::to_string(at)}});
    }
    EXPECT_EQ(bulk_entries_from(entries)->size(), 100u);
    entries.push_back(JsonObject{{"id", "one-more"}});
    EXPECT_EQ(code_of(bulk_entries_from(entries)), Code::malformed);
    for (const std::string_view bad :
         {"[7]", "[{}]", R"([{"id":""}])", R"([{"id":7}])", R"([{"id":"a","importMode":1}])",
          R"([{"id":"a","moduleId":1}])"}) {
        EXPECT_EQ(code_of(bulk_entries_from(array(bad))), Code::malformed) << bad;
    }
}

TEST_F(Bulk, FindsAnIdentityThatIsThereTwice) {
    const auto entries = bulk_entries_from(array(R"([{"id":"a"},{"id":"A"},{"id":"a"}])"));
    ASSERT_NE(repeated(*entries), nullptr);
    EXPECT_EQ(repeated(*entries), &entries->back());
    EXPECT_EQ(repeated(*bulk_entries_from(array(R"([{"id":"a"},{"id":"A"}])"))), nullptr);
    EXPECT_EQ(repeated(*bulk_entries_from(array(R"([{"id":"a"},{"id":"a","moduleId":"m"}])"))),
              nullptr);
}

TEST_F(Bulk, LooksAgainWhenTheDeviceComesInBetween) {
    Device other;
    other.id = device;
    other.version = 1;
    devices.before_write = [&] { // between the look and the creation
        ASSERT_TRUE(devices.create(hub.settings().name, {other, new_twin({}, {}, {}, noon())}));
    };
    ASSERT_TRUE(run("createOrUpdate", R"("statusReason":"mine")"));
    EXPECT_EQ(found().status_reason, "mine");
}

} // namespace muster::hub
