#include "provisioning/allocator.h"
#include "provisioning/fake_faults.h"
#include "provisioning/fake_store.h"
#include "provisioning/test_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const HubName hub("hub-1");

/// Says where it was asked for.
class Echo final : public Whereabouts {
  public:
    [[nodiscard]] DevicePlace locate(std::string_view address) const override {
        return {.source = PlaceSource::network_map,
                .origin = std::string(address),
                .point = {},
                .round_trips_ms = {}};
    }
};

class AllocatorOf : public ::testing::Test {
  protected:
    Result<FunctionAnswer> ask(const char* fallback) {
        JsonObject definition{{"webhookUrl", "https://functions.example.org/choose"},
                              {"apiVersion", "2021-10-01"}};
        if (fallback != nullptr) {
            definition["fallbackPolicy"] = fallback;
        }
        return allocator_.ask({.definition = read_function_definition(definition).value(),
                               .body = {{"linkedHubs", JsonArray{"hub-1"}}}});
    }

    void store(std::string id, const HubName& at) {
        RegistrationRecord record;
        record.id = RegistrationId(std::move(id));
        record.status = RegistrationStatus::assigned;
        record.assignment = Assignment{.hub = at, .device_id = DeviceId(record.id.text())};
        record.stamp.version = 1;
        ASSERT_TRUE(store_.save(test_scope, record, Expected{0}));
    }

    Faults faults_;
    FakeStore store_{faults_};
    ManualClock clock_{test_time};
    CurrentInstance instance_{test_instance()};
    Echo whereabouts_;
    ScriptedWeb web_;
    FunctionCaller functions_{web_, clock_};
    Allocator allocator_{{.instance = instance_,
                          .registrations = store_,
                          .whereabouts = whereabouts_,
                          .functions = functions_,
                          .clock = clock_}};
};

TEST_F(AllocatorOf, GathersWhatARequestSays) {
    store("dev-9", hub);
    DeviceRequest request = with_chain("dev-1", {"leaf", "issuer"});
    request.payload = Json{{"model", "pump"}};
    const AllocationInputs inputs = allocator_.inputs_for(request);
    EXPECT_EQ(inputs.payload, request.payload);
    EXPECT_EQ(inputs.leaf_der, "leaf");
    EXPECT_EQ(inputs.peer_address, "192.0.2.7");
    EXPECT_EQ(inputs.api_version, request.api_version);
    EXPECT_EQ(inputs.now, test_time);
    EXPECT_EQ(inputs.place.origin, "192.0.2.7");
    EXPECT_THAT(inputs.loads, ElementsAre(Pair(hub, 1)));
    EXPECT_FALSE(inputs.answer);
    EXPECT_THAT(allocator_.inputs_for(with_key("dev-1", key_a)).leaf_der, IsEmpty());
}

TEST_F(AllocatorOf, GathersWhatAQuestionKept) {
    const Question question{.payload = Json(5),
                            .attestation = {},
                            .api_version = "2021-06-01",
                            .peer_address = "10.1.2.3"};
    const AllocationInputs inputs = allocator_.inputs_for(question);
    EXPECT_EQ(inputs.payload, question.payload);
    EXPECT_EQ(inputs.api_version, "2021-06-01");
    EXPECT_EQ(inputs.place.origin, "10.1.2.3");
}

TEST_F(AllocatorOf, NobodyAsksFromNowhere) {
    const AllocationInputs inputs = allocator_.inputs_for(Question{});
    EXPECT_EQ(inputs.place.origin, "");
    EXPECT_FALSE(inputs.place.point);
    EXPECT_THAT(inputs.place.round_trips_ms, IsEmpty());
}

TEST_F(AllocatorOf, CountsWhatMoves) {
    allocator_.moved(std::nullopt, hub);
    EXPECT_THAT(allocator_.inputs_for(Question{}).loads, IsEmpty()) << "counted anew since";
    allocator_.moved(std::nullopt, hub);
    EXPECT_THAT(allocator_.inputs_for(Question{}).loads, ElementsAre(Pair(hub, 1)));
}

TEST_F(AllocatorOf, AnAnswerIsHandedOn) {
    web_.answer(R"({"iotHubHostName":"hub-1"})");
    EXPECT_EQ(ask(nullptr).value().hub, hub);
    EXPECT_EQ(ask("hashed").value().hub, hub);
}

TEST_F(AllocatorOf, AFailedCallIsAnEmptyAnswerIfThereIsAFallback) {
    const auto alone = ask(nullptr);
    ASSERT_FALSE(alone);
    EXPECT_EQ(alone.error().code, Code::unavailable);
    const auto fallen_back = ask("hashed");
    ASSERT_TRUE(fallen_back);
    EXPECT_FALSE(fallen_back->hub);
    EXPECT_FALSE(fallen_back->twin);
    EXPECT_FALSE(fallen_back->payload);
}

TEST_F(AllocatorOf, ARefusalOfTheFunctionStands) {
    web_.answer_by([](const WebCall&) -> Result<WebReply> {
        return WebReply{.status = 403, .content_type = "text/plain", .body = "not this one"};
    });
    const auto refused = ask("hashed");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::forbidden);
}

} // namespace
} // namespace muster::provisioning
