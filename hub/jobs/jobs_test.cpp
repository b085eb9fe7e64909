#include "hub/fixture.h"
#include "hub/jobs/jobs.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

namespace muster::hub {

namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view update_everybody =
    R"({"type":"scheduleUpdateTwin","updateTwin":{"etag":"*","tags":{"site":"south"}},)"
    R"("queryCondition":"*","maxExecutionTimeInSeconds":60})";
constexpr std::string_view call_everybody =
    R"({"type":"scheduleDeviceMethod","queryCondition":"*","maxExecutionTimeInSeconds":60,)"
    R"("cloudToDeviceMethod":{"methodName":"reboot","payload":{"in":5}}})";

/// Jobs over identities that exist by name only.
class JobsTest : public testing::Test {
  protected:
    JobsTest() { restart(); }

    JobPorts ports() {
        return {.hub = HubName("hub1.example.org"),
                .store = store,
                .actions = {
                    .find = [this](const query::Target& target, const std::string& after,
                                   std::size_t count) { return find(target, after, count); },
                    .update_twin = [this](const IdentityId& id, const TwinUpdate&) -> Result<void> {
                        return update(id);
                    },
                    .invoke =
                        [this](const IdentityId& id, const MethodCall&, Methods::Done done) {
                            calls.emplace(id.text(), std::move(done));
                            most_in_flight = std::max(most_in_flight, calls.size());
                        },
                    .is_connected =
                        [this](const IdentityId& id) { return connected.contains(id.text()); },
                    .admit =
                        [this](std::size_t wanted, std::size_t bytes_each) {
                            asked_bytes = bytes_each;
                            const std::size_t taken = std::min(wanted, admitted);
                            admitted -= taken;
                            return taken;
                        }},
                .workers = workers,
                .timers = timers,
                .clock = clock,
                .limits = {},
                .bounds = bounds};
    }

    /// As after a crash: what was in memory is gone.
    void restart() {
        jobs.reset();
        calls.clear();
        jobs = std::make_unique<Jobs>(ports());
        jobs->start();
        workers.run_all();
    }

    Result<IdentityPage> find(const query::Target& target, const std::string& after,
                              std::size_t count) {
        ++searches;
        IdentityPage found;
        auto at = identities.upper_bound(after);
        for (; at != identities.end() && found.ids.size() < count; ++at) {
            const IdentityId id = parse_identity_id(*at).value();
            const JsonObject facts{{"deviceId", id.device.text()}};
            if (!target.condition ||
                query::matches(*target.condition, query::DocumentFacts(facts))) {
                found.ids.push_back(id);
            }
            found.after = *at;
        }
        found.is_last = at == identities.end();
        return found;
    }

    Result<void> update(const IdentityId& id) {
        const auto failing = update_failures.find(id.text());
        if (failing != update_failures.end()) {
            return std::unexpected(failure(failing->second));
        }
        ++updates[id.text()];
        return {};
    }

    Job schedule(std::string_view id, std::string_view document) {
        auto job = jobs->schedule(JobId(std::string(id)), object(document));
        EXPECT_TRUE(job.has_value()) << (job ? "" : job.error().detail);
        workers.run_all();
        return job.value_or(Job());
    }

    Code refusal(std::string_view document) {
        return code_of(jobs->schedule(JobId("j"), object(document)));
    }

    void pass(std::chrono::seconds time) {
        for (auto left = time; left > 0s; left -= 1s) {
            clock.advance(1s);
            timers.advance(1s);
            workers.run_all();
        }
    }

    Job get(std::string_view id) { return jobs->get(JobId(std::string(id))).value(); }

    DeviceJob row(std::string_view id) { return store.rows.at(std::string(id)); }

    void answer(const std::string& id, Result<MethodReply> reply) {
        auto node = calls.extract(id);
        ASSERT_FALSE(node.empty()) << id;
        node.mapped()(std::move(reply));
        workers.run_all();
    }

    void add_devices(int count) {
        for (int number = 0; number < count; ++number) {
            identities.insert(fmt::format("dev-{:04}", number));
        }
    }

    JobBounds bounds;
    ManualClock clock{noon()};
    fakes::ManualScheduler timers;
    fakes::Workers workers;
    fakes::Jobs store;
    std::set<std::string> identities;
    std::set<std::string> connected;
    std::map<std::string, Code> update_failures;
    std::map<std::string, int> updates;
    std::map<std::string, Methods::Done> calls;
    std::size_t most_in_flight = 0;
    std::size_t admitted = 1'000'000;
    std::size_t asked_bytes = 0;
    int searches = 0;
    std::unique_ptr<Jobs> jobs;
};

} // namespace

TEST_F(JobsTest, ATwinUpdateReachesEverybodyOnce) {
    identities = {"a", "b", "b/m", "c"};
    EXPECT_EQ(schedule("j", update_everybody).status, JobStatus::queued);
    const Job job = get("j");
    EXPECT_EQ(job.status, JobStatus::completed);
    EXPECT_EQ(job.progress, (JobProgress{.succeeded = 4}));
    EXPECT_EQ(job.ended, noon());
    EXPECT_EQ(updates, (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"b/m", 1}, {"c", 1}}));
    EXPECT_EQ(row("j/b/m").status, DeviceJobStatus::succeeded);
    EXPECT_EQ(row("j/b/m").began, noon());
}

TEST_F(JobsTest, AJobOnNothingEndsAtOnce) {
    identities = {"a"};
    schedule("j", R"({"type":"scheduleUpdateTwin","updateTwin":{"tags":{"a":1}},)"
                  R"("queryCondition":"deviceId = 'nobody'"})");
    EXPECT_EQ(get("j").status, JobStatus::completed);
    EXPECT_EQ(get("j").progress, JobProgress{});
}

TEST_F(JobsTest, TargetsAreFoundInPages) {
    add_devices(1234);
    schedule("j", update_everybody);
    EXPECT_EQ(searches, 3);
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 1234}));
}

TEST_F(JobsTest, WhatIsRefusedSaysWhy) {
    EXPECT_EQ(refusal(R"({"type":"x","updateTwin":{"tags":{}},"queryCondition":"*"})"),
              Code::malformed);
    EXPECT_EQ(refusal(R"({"type":"scheduleUpdateTwin","queryCondition":"*"})"), Code::malformed);
    EXPECT_EQ(refusal(R"({"type":"scheduleUpdateTwin","updateTwin":{},"queryCondition":"*"})"),
              Code::malformed);
    EXPECT_EQ(refusal(R"({"type":"scheduleUpdateTwin","updateTwin":{"etag":"A","tags":{}},)"
                      R"("queryCondition":"*"})"),
              Code::malformed);
    EXPECT_EQ(refusal(R"({"type":"scheduleUpdateTwin","updateTwin":{"tags":{"a b":1}},)"
                      R"("queryCondition":"*"})"),
              Code::malformed);
    EXPECT_EQ(refusal(R"({"type":"scheduleUpdateTwin","updateTwin":{"tags":{}},)"
                      R"("queryCondition":""})"),
              Code::malformed);
    EXPECT_EQ(refusal(R"({"type":"scheduleUpdateTwin","updateTwin":{"tags":{}}})"),
              Code::malformed);
    EXPECT_EQ(refusal(R"({"type":"scheduleUpdateTwin","updateTwin":{"tags":{}},)"
                      R"("queryCondition":"*","startTime":"soon"})"),
              Code::malformed);
    for (const std::string_view seconds : {"0", "-1", "1.5", "\"60\"", "9999999999"}) {
        EXPECT_EQ(
            refusal(fmt::format(R"({{"type":"scheduleUpdateTwin","updateTwin":{{"tags":{{}}}},)"
                                R"("queryCondition":"*","maxExecutionTimeInSeconds":{}}})",
                                seconds)),
            Code::malformed)
            << seconds;
    }
    EXPECT_EQ(refusal(R"({"jobId":"other","type":"scheduleUpdateTwin","updateTwin":{"tags":{}},)"
                      R"("queryCondition":"*"})"),
              Code::malformed);
    EXPECT_EQ(refusal(R"({"type":"scheduleDeviceMethod","cloudToDeviceMethod":{},)"
                      R"("queryCondition":"*"})"),
              Code::malformed);
    const auto place = jobs->schedule(JobId("j"), object(R"({"type":"scheduleUpdateTwin",)"
                                                         R"("updateTwin":{"tags":{}},)"
                                                         R"("queryCondition":"deviceId = = 1"})"));
    EXPECT_EQ(code_of(place), Code::malformed);
    EXPECT_THAT(place.error().detail, HasSubstr("line 1, column 12"));
    EXPECT_EQ(code_of(jobs->get(JobId("j"))), Code::not_found);
}

TEST_F(JobsTest, AnIdIsTakenOnce) {
    schedule("j", update_everybody);
    EXPECT_EQ(refusal(update_everybody), Code::already_exists);
}

TEST_F(JobsTest, OnlySoManyAreActive) {
    bounds.active_max = 1;
    restart();
    schedule("later", R"({"type":"scheduleUpdateTwin","updateTwin":{"tags":{"a":1}},)"
                      R"("queryCondition":"*","startTime":"2031-01-01T00:00:00Z"})");
    EXPECT_EQ(refusal(update_everybody), Code::rate_limited);
}

TEST_F(JobsTest, AJobBeginsWhenItsTimeHasCome) {
    identities = {"a"};
    schedule("j", R"({"type":"scheduleUpdateTwin","updateTwin":{"tags":{"a":1}},)"
                  R"("queryCondition":"*","startTime":"2030-01-02T12:01:40Z"})");
    EXPECT_EQ(get("j").status, JobStatus::scheduled);
    pass(99s);
    EXPECT_EQ(get("j").status, JobStatus::scheduled);
    pass(2s);
    EXPECT_EQ(get("j").status, JobStatus::completed);
    EXPECT_EQ(get("j").began, noon() + 100s);
}

TEST_F(JobsTest, WhatCannotPassFailsAndWhatMayIsTriedAgain) {
    identities = {"a", "gone", "moving"};
    update_failures = {{"gone", Code::not_found}, {"moving", Code::unavailable}};
    schedule("j", update_everybody);
    EXPECT_EQ(get("j").progress, (JobProgress{.pending = 1, .succeeded = 1, .failed = 1}));
    EXPECT_EQ(row("j/gone").error_code, "DeviceNotFound");
    update_failures.clear();
    pass(11s);
    EXPECT_EQ(get("j").status, JobStatus::completed);
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 2, .failed = 1}));
    EXPECT_EQ(updates["a"], 1);
}

TEST_F(JobsTest, WhoIsNotReachedInTimeFails) {
    identities = {"moving"};
    update_failures = {{"moving", Code::unavailable}};
    schedule("j", update_everybody);
    pass(61s);
    EXPECT_EQ(get("j").status, JobStatus::completed);
    EXPECT_EQ(get("j").progress, (JobProgress{.failed = 1}));
    EXPECT_EQ(row("j/moving").error_code, "DeviceNotOnline");
}

TEST_F(JobsTest, AMethodIsCalledOnceAndItsAnswerKept) {
    identities = {"a", "b"};
    connected = {"a", "b"};
    schedule("j", call_everybody);
    EXPECT_EQ(get("j").progress, (JobProgress{.running = 2}));
    answer("a", MethodReply{.status = 200, .payload = JsonObject{{"x", 1}}});
    EXPECT_EQ(get("j").progress, (JobProgress{.running = 1, .succeeded = 1}));
    EXPECT_EQ(row("j/a").method_response, object(R"({"status":200,"payload":{"x":1}})"));
    answer("b", std::unexpected(failure(Code::deadline_exceeded)));
    EXPECT_EQ(get("j").status, JobStatus::completed);
    EXPECT_EQ(row("j/b").error_code, "GatewayTimeout");
}

TEST_F(JobsTest, DevicesThatAreAwayAreWaitedFor) {
    identities = {"a", "b"};
    connected = {"b"};
    schedule("j", call_everybody);
    answer("b", std::unexpected(failure(Code::unavailable))); // it just went away
    EXPECT_EQ(get("j").progress, (JobProgress{.pending = 2}));
    connected = {"a"};
    pass(21s);
    answer("a", MethodReply{.status = 501, .payload = nullptr}); // any status is an answer
    EXPECT_EQ(get("j").progress, (JobProgress{.pending = 1, .succeeded = 1}));
    pass(40s);
    EXPECT_EQ(get("j").status, JobStatus::completed);
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 1, .failed = 1}));
}

TEST_F(JobsTest, OnlySoManyMethodsAreInFlight) {
    add_devices(1000);
    connected = identities;
    schedule("j", call_everybody);
    while (!calls.empty()) {
        answer(calls.begin()->first, MethodReply{.status = 200, .payload = nullptr});
    }
    EXPECT_EQ(most_in_flight, bounds.in_flight_max);
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 1000}));
    EXPECT_EQ(get("j").status, JobStatus::completed);
}

TEST_F(JobsTest, OnlySoManyJobsAreWorkedOnAtOnce) {
    bounds.running_max = 1;
    restart();
    identities = connected = {"a"};
    schedule("first", call_everybody);
    schedule("second", call_everybody);
    EXPECT_EQ(get("second").status, JobStatus::queued);
    answer("a", MethodReply{.status = 200, .payload = nullptr});
    EXPECT_EQ(get("second").status, JobStatus::running);
}

TEST_F(JobsTest, ACancelledJobCallsNobodyElse) {
    identities = {"a", "b"};
    connected = {"a"};
    schedule("j", call_everybody);
    const auto cancelled = jobs->cancel(JobId("j"));
    ASSERT_TRUE(cancelled);
    EXPECT_EQ(cancelled->status, JobStatus::cancelled);
    workers.run_all();
    EXPECT_EQ(get("j").progress, (JobProgress{.running = 1, .cancelled = 1}));
    connected = identities;
    answer("a", MethodReply{.status = 200, .payload = nullptr}); // it was under way
    pass(30s);
    EXPECT_TRUE(calls.empty());
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 1, .cancelled = 1}));
    EXPECT_EQ(code_of(jobs->cancel(JobId("j"))), Code::unsupported);
    EXPECT_EQ(code_of(jobs->cancel(JobId("nobody"))), Code::not_found);
}

TEST_F(JobsTest, AnotherProcessGoesOnWhereTheRowsSay) {
    add_devices(1000);
    store.failures = {}; // none
    bounds.rows_per_step = 100;
    restart();
    ASSERT_TRUE(jobs->schedule(JobId("j"), object(update_everybody)));
    for (int step = 0; step < 8; ++step) {
        workers.run_one();
    }
    const Job before = get("j");
    ASSERT_GT(before.progress.pending, 0);
    ASSERT_GT(before.progress.succeeded, 0);
    workers.forget();
    restart();
    EXPECT_EQ(get("j").status, JobStatus::completed);
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 1000}));
}

TEST_F(JobsTest, AMethodThatWasUnderWayWhenTheHubStoppedIsNotRepeated) {
    identities = {"a", "b"};
    connected = {"a"};
    schedule("j", call_everybody);
    connected = {"a", "b"};
    restart();
    EXPECT_EQ(row("j/a").status, DeviceJobStatus::failed);
    EXPECT_THAT(row("j/a").error_text, HasSubstr("not known"));
    ASSERT_TRUE(calls.contains("b"));
    answer("b", MethodReply{.status = 200, .payload = nullptr});
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 1, .failed = 1}));
}

TEST_F(JobsTest, TwinsAreChangedAtTheRateOfTheHub) { // iothub E.2
    identities = {"a", "b", "c"};
    admitted = 2;
    schedule("j", update_everybody);
    EXPECT_EQ(get("j").progress, (JobProgress{.pending = 1, .succeeded = 2}));
    pass(1s);
    EXPECT_EQ(get("j").progress, (JobProgress{.pending = 1, .succeeded = 2}));
    admitted = 2;
    pass(1s);
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 3}));
}

TEST_F(JobsTest, MethodsAreCalledAtTheRateOfTheHub) { // iothub E.2
    identities = connected = {"a", "b", "c"};
    admitted = 0;
    schedule("j", call_everybody);
    EXPECT_TRUE(calls.empty());
    admitted = 1;
    pass(1s);
    EXPECT_EQ(calls.size(), 1U);
    admitted = 5;
    pass(1s);
    EXPECT_EQ(calls.size(), 3U);
}

TEST_F(JobsTest, WhatIsAskedForAnIdentityIsWhatIsSentToIt) { // iothub E.1
    identities = connected = {"a"};
    schedule("twins", update_everybody);
    EXPECT_EQ(asked_bytes, std::string_view(R"({"site":"south"})").size());
    schedule("methods", call_everybody);
    EXPECT_EQ(asked_bytes, std::string_view(R"({"in":5})").size());
}

// The pause after a round is for those who are away: a round that the hub's rate made long does not
// make it longer.
TEST_F(JobsTest, ARoundAtTheRateOfTheHubIsNotPausedFor) {
    identities = {"a", "b", "c", "d", "e"};
    update_failures = {{"a", Code::unavailable}};
    admitted = 1;
    schedule("j", update_everybody);
    for (int i = 0; i < 4; ++i) {
        admitted = 1;
        pass(5s);
    }
    EXPECT_EQ(get("j").progress, (JobProgress{.pending = 1, .succeeded = 4}));
    update_failures.clear();
    admitted = 1;
    pass(bounds.round_interval + 1s);
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 5}));
}

TEST_F(JobsTest, NothingIsLostWhenTheStoreFails) {
    identities = connected = {"a", "b"};
    schedule("j", call_everybody);
    store.failures = {failure(Code::unavailable), failure(Code::unavailable)};
    answer("a", MethodReply{.status = 200, .payload = nullptr});
    answer("b", MethodReply{.status = 200, .payload = nullptr});
    EXPECT_EQ(get("j").progress, (JobProgress{.running = 2}));
    pass(2s);
    EXPECT_EQ(get("j").status, JobStatus::completed);
    EXPECT_EQ(get("j").progress, (JobProgress{.succeeded = 2}));
}

TEST_F(JobsTest, OldJobsAreForgotten) {
    schedule("j", update_everybody);
    clock.advance(std::chrono::hours(24 * 31));
    pass(31s);
    EXPECT_EQ(code_of(jobs->get(JobId("j"))), Code::not_found);
}

TEST_F(JobsTest, JobsAreListedByTypeAndStatus) {
    identities = {"a"};
    schedule("twins", update_everybody);
    schedule("methods", call_everybody);
    EXPECT_EQ(jobs->list({}, {}, 10)->size(), 2U);
    const auto running = jobs->list({.type = {}, .status = JobStatus::running}, {}, 10);
    ASSERT_EQ(running->size(), 1U);
    EXPECT_EQ(running->front().id.text(), "methods");
}

} // namespace muster::hub
