#include "hub/fixture.h"
#include "hub/methods.h"

#include <atomic>
#include <thread>

namespace muster::hub {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MethodsTest : public testing::Test {
  protected:
    void connect() {
        link = std::make_shared<fakes::Link>();
        link_id = live.attach(device, link);
    }

    void subscribe() {
        connect();
        live.set_takes_methods(device, link_id, true);
    }

    void invoke(int connect_seconds = 0, int response_seconds = 30) {
        MethodCall call;
        call.name = "reprovision";
        call.payload = Json(JsonObject{{"delaySeconds", 5}});
        call.connect_timeout = seconds(connect_seconds);
        call.response_timeout = seconds(response_seconds);
        invoke(call);
    }

    void invoke(const MethodCall& call) {
        methods.invoke(device, call,
                       [this](Result<MethodReply> reply) { replies.push_back(std::move(reply)); });
    }

    void answer(int status, std::string_view payload) {
        methods.answered(device, link->requests.back().request_id, status, payload);
    }

    const DeviceId device{"dev-01"};
    ManualClock clock{noon()};
    Live live{clock};
    fakes::ManualScheduler timers;
    Methods methods{live,
                    timers,
                    {.in_flight_max = 4, .in_flight_per_device_max = 3, .payload_bytes_max = 1024},
                    0x1e};
    std::shared_ptr<fakes::Link> link;
    LinkId link_id = 0;
    std::vector<Result<MethodReply>> replies;
};

} // namespace

// IOTHUB-17: the device answered.
TEST_F(MethodsTest, DeliversAndAnswers) {
    subscribe();
    invoke();
    ASSERT_EQ(link->requests.size(), 1u);
    EXPECT_EQ(link->requests[0].name, "reprovision");
    EXPECT_EQ(link->requests[0].request_id, "1e"); // IOTHUB-16: unreserved characters only
    EXPECT_EQ(link->requests[0].payload, R"({"delaySeconds":5})");
    EXPECT_TRUE(replies.empty());
    EXPECT_EQ(methods.in_flight(), 1u);
    answer(-7, R"({"accepted":true})");
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0]->status, -7);
    EXPECT_EQ(to_text(replies[0]->payload), R"({"accepted":true})");
    EXPECT_EQ(methods.in_flight(), 0u);
    EXPECT_EQ(timers.pending(), 0u);
}

// IOTHUB-17: offline, and nobody wants to wait.
TEST_F(MethodsTest, RefusesAtOnceWithoutConnectTimeout) {
    invoke();
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(code_of(replies[0]), Code::unavailable);
    connect(); // connected is not enough: it must have subscribed (A.11)
    invoke();
    EXPECT_EQ(code_of(replies[1]), Code::unavailable);
    EXPECT_TRUE(link->requests.empty());
    EXPECT_EQ(methods.in_flight(), 0u);
    EXPECT_EQ(timers.pending(), 0u);
}

// IOTHUB-17
TEST_F(MethodsTest, WaitsForTheDeviceAsLongAsAsked) {
    invoke(10);
    timers.advance(milliseconds(9'999));
    EXPECT_TRUE(replies.empty());
    timers.advance(milliseconds(1));
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(code_of(replies[0]), Code::unavailable);
    subscribe();
    EXPECT_TRUE(link->requests.empty()) << "too late";
    EXPECT_EQ(methods.in_flight(), 0u);
}

TEST_F(MethodsTest, DeliversWhenTheDeviceComesInTime) {
    invoke(10, 5);
    timers.advance(seconds(9));
    subscribe();
    ASSERT_EQ(link->requests.size(), 1u);
    timers.advance(milliseconds(4'999)); // the response time starts at delivery
    EXPECT_TRUE(replies.empty());
    answer(200, "1");
    EXPECT_TRUE(replies.at(0).has_value());
    EXPECT_EQ(timers.pending(), 0u);
}

// IOTHUB-17: delivered, but no answer.
TEST_F(MethodsTest, GivesUpOnASilentDevice) {
    subscribe();
    invoke(300, 5);
    timers.advance(milliseconds(4'999));
    EXPECT_TRUE(replies.empty());
    timers.advance(milliseconds(1));
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(code_of(replies[0]), Code::deadline_exceeded);
    timers.advance(seconds(400));
    answer(200, "");
    EXPECT_EQ(replies.size(), 1u) << "late answers are dropped";
}

TEST_F(MethodsTest, DropsRepeatedForeignAndUnknownAnswers) {
    subscribe();
    invoke();
    const std::string request_id = link->requests[0].request_id;
    methods.answered(DeviceId("dev-02"), request_id, 200, "");
    methods.answered(device, "ffff", 200, "");
    methods.answered(device, "", 200, "");
    EXPECT_TRUE(replies.empty());
    answer(200, "");
    answer(500, "");
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0]->status, 200);
}

TEST_F(MethodsTest, DropsAnswersToWhatWasNotSent) {
    invoke(10);
    methods.answered(device, "1e", 200, "");
    EXPECT_TRUE(replies.empty());
}

TEST_F(MethodsTest, AcceptsAnAnswerFromWithinTheDelivery) {
    subscribe();
    link->on_invoke = [this](const MethodRequest& request) {
        methods.answered(device, request.request_id, 201, "");
    };
    invoke();
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0]->status, 201);
    EXPECT_EQ(timers.pending(), 0u) << "no timer may be left for a call that ended";
}

TEST_F(MethodsTest, DeliveryBeatsAConnectTimeoutThatEndsMeanwhile) {
    invoke(10);
    connect();
    link->on_invoke = [this](const MethodRequest&) { timers.advance(seconds(10)); };
    live.set_takes_methods(device, link_id, true);
    ASSERT_EQ(link->requests.size(), 1u);
    EXPECT_TRUE(replies.empty());
    answer(200, "");
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_TRUE(replies[0].has_value());
}

// The link goes between the moment the device is found and the delivery; the call waits on.
TEST_F(MethodsTest, SurvivesReconnects) {
    invoke(60);
    connect();
    live.detach(device, link_id);
    timers.advance(seconds(30));
    subscribe();
    ASSERT_EQ(link->requests.size(), 1u);
    live.detach(device, link_id);
    subscribe();
    EXPECT_TRUE(link->requests.empty()) << "one delivery only";
    methods.answered(device, "1e", 200, "");
    EXPECT_EQ(replies.size(), 1u);
}

// IOTHUB-17: payloads as A.11 wants them.
TEST_F(MethodsTest, PassesPayloadsThrough) {
    subscribe();
    MethodCall call;
    call.name = "m";
    invoke(call);
    EXPECT_EQ(link->requests.back().payload, "");
    answer(200, "");
    call.payload = Json(nullptr);
    invoke(call);
    EXPECT_EQ(link->requests.back().payload, "null");
    answer(200, "null");
    call.payload = Json("");
    invoke(call);
    EXPECT_EQ(link->requests.back().payload, R"("")");
    answer(200, "{'single':1}");
    invoke(call);
    answer(200, "\xff\x41");
    ASSERT_EQ(replies.size(), 4u);
    EXPECT_TRUE(replies[0]->payload.is_null());
    EXPECT_TRUE(replies[1]->payload.is_null());
    EXPECT_EQ(to_text(replies[2]->payload), R"("{'single':1}")");
    EXPECT_EQ(to_text(replies[3]->payload), "\"\xef\xbf\xbd\x41\"");
}

TEST_F(MethodsTest, BoundsCallsInFlight) {
    subscribe();
    for (int call = 0; call < 3; ++call) {
        invoke();
    }
    EXPECT_TRUE(replies.empty());
    invoke();
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(code_of(replies[0]), Code::rate_limited);
    MethodCall waiting;
    waiting.name = "m";
    waiting.connect_timeout = seconds(5);
    std::vector<Code> codes;
    const auto note = [&](const Result<MethodReply>& reply) { codes.push_back(code_of(reply)); };
    methods.invoke(DeviceId("dev-02"), waiting, note);
    EXPECT_TRUE(codes.empty());
    methods.invoke(DeviceId("dev-03"), waiting, note);
    EXPECT_EQ(codes, std::vector{Code::rate_limited});
    answer(200, "");
    invoke();
    EXPECT_EQ(replies.size(), 2u) << "an ended call makes room";
    EXPECT_EQ(methods.in_flight(), 4u);
}

TEST_F(MethodsTest, BoundsPayloadsBothWays) {
    subscribe();
    MethodCall call;
    call.name = "m";
    call.payload = Json(std::string(1022, 'x')); // and two quotes
    invoke(call);
    EXPECT_TRUE(replies.empty());
    answer(200, std::string(1024, '1'));
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_TRUE(replies[0].has_value());
    invoke(call);
    answer(200, std::string(1025, '1'));
    EXPECT_EQ(code_of(replies.at(1)), Code::too_large);
    call.payload = Json(std::string(1023, 'x'));
    invoke(call);
    EXPECT_EQ(code_of(replies.at(2)), Code::too_large);
    EXPECT_EQ(methods.in_flight(), 0u);
}

TEST_F(MethodsTest, EndsEachCallOnceWhenAnswersAndTimersRace) {
    subscribe();
    std::atomic<int> done{0};
    int started = 0;
    for (int round = 0; round < 200; ++round) {
        MethodCall call;
        call.name = "m";
        call.response_timeout = seconds(5);
        methods.invoke(device, call, [&](const Result<MethodReply>&) { ++done; });
        const std::string request_id = link->requests.back().request_id;
        ++started;
        std::thread device_thread([&] { methods.answered(device, request_id, 200, ""); });
        std::thread repeated([&] { methods.answered(device, request_id, 200, ""); });
        timers.advance(seconds(5));
        device_thread.join();
        repeated.join();
        ASSERT_EQ(done, started);
    }
    EXPECT_EQ(methods.in_flight(), 0u);
}

TEST_F(MethodsTest, EndsEachCallOnceWhenTheDeviceComesAndGoes) {
    std::atomic<int> done{0};
    std::atomic<bool> stop{false};
    std::thread flapping([&] {
        while (!stop) {
            auto its = std::make_shared<fakes::Link>();
            its->on_invoke = [this](const MethodRequest& request) {
                methods.answered(device, request.request_id, 200, "");
            };
            const LinkId id = live.attach(device, its);
            live.set_takes_methods(device, id, true);
            live.detach(device, id);
        }
    });
    for (int round = 1; round <= 500; ++round) {
        MethodCall call;
        call.name = "m";
        call.connect_timeout = seconds(1);
        methods.invoke(device, call, [&](const Result<MethodReply>&) { ++done; });
        if (round % 3 == 0) {
            timers.advance(seconds(1));
        }
        while (done < round) {
            timers.advance(milliseconds(1));
        }
        ASSERT_EQ(done, round);
    }
    stop = true;
    flapping.join();
    EXPECT_EQ(methods.in_flight(), 0u);
}

TEST(MethodCallDocument, ReadsAllMembers) {
    const auto call = method_call_from(object(
        R"({"methodName":"thermostat1*reboot","responseTimeoutInSeconds":300,
            "connectTimeoutInSeconds":60,"payload":null,"other":1})"));
    ASSERT_TRUE(call.has_value());
    EXPECT_EQ(call->name, "thermostat1*reboot");
    EXPECT_EQ(call->response_timeout, seconds(300));
    EXPECT_EQ(call->connect_timeout, seconds(60));
    ASSERT_TRUE(call->payload.has_value());
    EXPECT_TRUE(call->payload->is_null());
}

TEST(MethodCallDocument, HasDefaults) {
    const auto call = method_call_from(object(R"({"methodName":"m"})"));
    ASSERT_TRUE(call.has_value());
    EXPECT_EQ(call->response_timeout, seconds(30));
    EXPECT_EQ(call->connect_timeout, seconds(0));
    EXPECT_FALSE(call->payload.has_value());
}

TEST(MethodCallDocument, HoldsEveryBound) {
    const auto with = [](std::string_view rest) {
        return method_call_from(object(R"({"methodName":"m",)" + std::string(rest) + "}"));
    };
    EXPECT_TRUE(with(R"("responseTimeoutInSeconds":5)"));
    EXPECT_FALSE(with(R"("responseTimeoutInSeconds":4)"));
    EXPECT_FALSE(with(R"("responseTimeoutInSeconds":301)"));
    EXPECT_FALSE(with(R"("responseTimeoutInSeconds":"30")"));
    EXPECT_FALSE(with(R"("responseTimeoutInSeconds":5.5)"));
    EXPECT_TRUE(with(R"("connectTimeoutInSeconds":0)"));
    EXPECT_TRUE(with(R"("connectTimeoutInSeconds":300)"));
    EXPECT_FALSE(with(R"("connectTimeoutInSeconds":-1)"));
    EXPECT_FALSE(with(R"("connectTimeoutInSeconds":301)"));
    const auto named = [](const std::string& name) {
        return method_call_from({{"methodName", name}});
    };
    EXPECT_TRUE(named(std::string(100, 'm')));
    EXPECT_EQ(code_of(named(std::string(101, 'm'))), Code::malformed);
    for (const std::string name : {"", "a b", "a/b", "a?", "$x", "a\t", "\xc3\xa4", "a\"", "{}"}) {
        EXPECT_EQ(code_of(named(name)), Code::malformed) << name;
    }
    EXPECT_EQ(code_of(method_call_from({})), Code::malformed);
    EXPECT_EQ(code_of(method_call_from({{"methodName", 1}})), Code::malformed);
}

} // namespace muster::hub
