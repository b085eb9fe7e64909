// Many threads at once. The rules: one assignment per device, one hub per device, one operation per
// plan (design, section 8, rules 2 and 4).

#include "provisioning/test_world.h"

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <set>
#include <thread>

namespace muster::provisioning {
namespace {

using enum RegistrationStatus;

constexpr int threads = 8;

/// Workers that can be waited for: a task may submit another, and a stopping pool takes none.
class CountingWorkers final : public Executor {
  public:
    [[nodiscard]] bool submit(Task task) override {
        {
            const std::scoped_lock lock(mutex_);
            ++unfinished_;
        }
        const bool accepted = pool_.submit([this, task = std::move(task)]() mutable {
            task();
            task = nullptr; // what it held is gone before it counts as ended
            end_one();
        });
        if (!accepted) {
            end_one();
        }
        return accepted;
    }

    /// Until nothing runs, and so nothing is left that could submit.
    void finish() {
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [this] { return unfinished_ == 0; });
    }

  private:
    void end_one() {
        const std::scoped_lock lock(mutex_);
        if (--unfinished_ == 0) {
            idle_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable idle_;
    int unfinished_ = 0;
    WorkerPool pool_{{.threads = 4, .queue_max = 100'000}}; // goes first
};

/// Runs delayed tasks at once, on the workers: time does not matter here.
class ImpatientTimers final : public Scheduler {
  public:
    explicit ImpatientTimers(Executor& workers) : workers_(workers) {}

    Ticket after(std::chrono::milliseconds /*delay*/, Task task) override {
        (void)workers_.submit(std::move(task));
        return 0;
    }

    void cancel(Ticket /*ticket*/) override {}

  private:
    Executor& workers_;
};

struct Concurrency : testing::Test {
    Concurrency() {
        Enrollments enrollments(instance, store, store, clock, random);
        EXPECT_TRUE(
            enrollments.put(group("g", SymmetricKeyAttestation{test_keys}), {}, test_operator));
    }

    ~Concurrency() override { workers.finish(); }

    /// The same action on every thread, all at once.
    template <class Action>
    void everywhere(Action action) {
        std::barrier start(threads);
        std::vector<std::jthread> running;
        for (int i = 0; i < threads; ++i) {
            running.emplace_back([&, i] {
                start.arrive_and_wait();
                action(i);
            });
        }
    }

    std::optional<RegistrationRecord> record(const std::string& id) {
        return *static_cast<RegistrationStore&>(store).find(test_scope, RegistrationId(id));
    }

    CurrentInstance instance{test_instance()};
    Faults faults;
    FakeStore store{faults};
    FakeHubs hubs{faults};
    CountingWorkers workers;
    ImpatientTimers timers{workers};
    ManualClock clock{test_time};
    SharedRandom random{11};
    Nowhere nowhere;
    ScriptedWeb web;
    FunctionCaller functions{web, clock};
    DeviceRegistration registration{{.instance = instance,
                                     .enrollments = store,
                                     .registrations = store,
                                     .hubs = hubs,
                                     .whereabouts = nowhere,
                                     .functions = functions,
                                     .workers = workers,
                                     .callers = workers,
                                     .timers = timers,
                                     .clock = clock,
                                     .random = random}};
};

TEST_F(Concurrency, OneIdAtOnceEndsInOneAssignment) {
    for (int round = 0; round < 50; ++round) {
        const std::string id = "dev-" + std::to_string(round);
        const DeviceRequest request = with_group_key(id, key_a);
        everywhere([&](int) {
            const auto begun = registration.register_device(request);
            EXPECT_TRUE(begun) << begun.error().detail;
        });
    }
    workers.finish();
    for (int round = 0; round < 50; ++round) {
        const auto stored = record("dev-" + std::to_string(round));
        ASSERT_TRUE(stored);
        EXPECT_EQ(stored->status, assigned);
        EXPECT_EQ(hubs.hubs_with(stored->assignment->device_id).size(), 1U);
    }
}

TEST_F(Concurrency, AcknowledgedOperationsAreAllAnswered) {
    std::mutex mutex;
    std::vector<std::pair<DeviceRequest, OperationId>> acknowledged;
    everywhere([&](int thread) {
        for (int i = 0; i < 50; ++i) {
            const std::string id = std::to_string(thread) + "-" + std::to_string(i);
            DeviceRequest request = with_group_key(id, key_b);
            const auto begun = registration.register_device(request);
            ASSERT_TRUE(begun);
            const std::scoped_lock lock(mutex);
            acknowledged.emplace_back(std::move(request), begun->operation);
        }
    });
    workers.finish();
    EXPECT_EQ(acknowledged.size(), threads * 50U);
    std::set<std::string> operations;
    for (const auto& [request, operation] : acknowledged) {
        const auto ended = registration.operation_status(request, operation);
        ASSERT_TRUE(ended);
        EXPECT_EQ(ended->status, assigned);
        operations.insert(operation.text());
    }
    EXPECT_EQ(operations.size(), acknowledged.size());
}

TEST_F(Concurrency, TheHubsLastWordIsTheCredentialOfTheRecord) {
    // Two certificates take turns; the record's plan and what the hub was told must agree.
    const auto ca = make_ca("ca");
    const auto first = make_leaf("dev-1", &ca);
    const auto second = make_leaf("dev-1", &ca);
    Enrollments enrollments(instance, store, store, clock, random);
    ASSERT_TRUE(enrollments.put(group("x", signing(ca.certificate)), {}, test_operator));
    everywhere([&](int thread) {
        const auto chain = thread % 2 == 0 ? chain_of(first) : chain_of(second);
        for (int i = 0; i < 25; ++i) {
            const auto begun = registration.register_device(with_chain("dev-1", chain));
            EXPECT_TRUE(begun || begun.error().code == Code::unavailable);
        }
    });
    ASSERT_TRUE(registration.register_device(with_chain("dev-1", chain_of(first))));
    workers.finish();
    const auto stored = record("dev-1");
    ASSERT_EQ(stored->status, assigned);
    EXPECT_EQ(hubs.hubs_with(DeviceId("dev-1")).size(), 1U);
    const auto device = hubs.device(stored->assignment->hub, DeviceId("dev-1"));
    EXPECT_EQ(std::get<HubThumbprints>(device->credential).primary,
              first.certificate.sha256_thumbprint());
}

TEST_F(Concurrency, HubsThatComeAndGoStillEndInOnePlace) {
    hubs.answer_next(40, {.code = Code::unavailable, .effect = FakeHubs::Effect::done});
    everywhere([&](int thread) {
        const std::string id = "dev-" + std::to_string(thread % 4);
        ASSERT_TRUE(registration.register_device(with_group_key(id, key_a)));
    });
    workers.finish();
    hubs.recover();
    ManualWorkers later;
    ManualTimers clockwork;
    DeviceRegistration again({.instance = instance,
                              .enrollments = store,
                              .registrations = store,
                              .hubs = hubs,
                              .whereabouts = nowhere,
                              .functions = functions,
                              .workers = later,
                              .callers = later,
                              .timers = clockwork,
                              .clock = clock,
                              .random = random});
    for (int i = 0; i < 4; ++i) {
        const std::string id = "dev-" + std::to_string(i);
        ASSERT_TRUE(again.register_device(with_group_key(id, key_a)));
        later.run_all();
        ASSERT_EQ(record(id)->status, assigned);
        EXPECT_EQ(hubs.hubs_with(DeviceId(id)), std::vector{record(id)->assignment->hub});
    }
}

TEST_F(Concurrency, TwoServicesOnOneStoreNeverBothFinishAPlan) {
    // design.md section 8, rules 2 and 4: nodes that share nothing but the database
    DeviceRegistration second({.instance = instance,
                               .enrollments = store,
                               .registrations = store,
                               .hubs = hubs,
                               .whereabouts = nowhere,
                               .functions = functions,
                               .workers = workers,
                               .callers = workers,
                               .timers = timers,
                               .clock = clock,
                               .random = random});
    for (int round = 0; round < 20; ++round) {
        Instance next = *instance.get();
        for (LinkedHub& hub : next.hubs) { // whoever is elsewhere is moved, back and forth
            hub.apply_allocation_policy = hub.name.text() == (round % 2 == 0 ? "hub-1" : "hub-2");
        }
        instance.set(std::move(next));
        everywhere([&](int thread) {
            const std::string id = "dev-" + std::to_string(thread % 3);
            DeviceRegistration& service = thread % 2 == 0 ? registration : second;
            const auto begun = service.register_device(with_group_key(id, key_a));
            EXPECT_TRUE(begun || begun.error().code == Code::unavailable);
        });
    }
    workers.finish();
    std::set<std::string> operations;
    for (int i = 0; i < 3; ++i) {
        const auto stored = record("dev-" + std::to_string(i));
        ASSERT_TRUE(stored);
        ASSERT_EQ(stored->status, assigned);
        EXPECT_EQ(hubs.hubs_serving(stored->assignment->device_id),
                  std::vector{stored->assignment->hub});
    }
    int ended = 0;
    for (const DeviceEvent& event : store.events()) {
        if (event.kind == DeviceEventKind::assigned) {
            const auto operation = event.detail.at("operationId").as_string();
            EXPECT_TRUE(operations.emplace(operation).second)
                << "an operation ended twice: " << operation;
            ++ended;
        }
    }
    EXPECT_GE(ended, 3);
}

TEST_F(Concurrency, GroupsChangeUnderRegistrations) {
    Enrollments enrollments(instance, store, store, clock, random);
    everywhere([&](int thread) {
        for (int i = 0; i < 30; ++i) {
            if (thread == 0) {
                const EnrollmentGroupId id("extra-" + std::to_string(i));
                ASSERT_TRUE(enrollments.put(
                    group(id.text(), SymmetricKeyAttestation{{key_c, key_c}}), {}, test_operator));
                ASSERT_TRUE(enrollments.erase(id, {}, test_operator));
                continue;
            }
            const std::string id = std::to_string(thread) + "." + std::to_string(i) + "a";
            EXPECT_TRUE(registration.register_device(with_group_key(id, key_a)));
        }
    });
    workers.finish();
    const auto records = static_cast<RegistrationStore&>(store).all(test_scope, "", 1000);
    EXPECT_EQ(records->size(), (threads - 1) * 30U);
    EXPECT_TRUE(std::ranges::all_of(
        *records, [](const RegistrationRecord& one) { return one.status == assigned; }));
}

TEST_F(Concurrency, OneOfManyGroupsGetsACertificateThatAllWant) {
    // dps-service 14, 15
    Enrollments enrollments(instance, store, store, clock, random);
    for (int i = 0; i < 100; ++i) { // enough of them to be looking at when the next one begins
        const auto other = group("other-" + std::to_string(i), signing(make_ca("o").certificate));
        ASSERT_TRUE(enrollments.put(other, {}, test_operator));
    }
    for (int round = 0; round < 30; ++round) {
        const auto wanted = signing(make_ca("wanted").certificate);
        std::atomic<int> stored = 0;
        everywhere([&](int i) {
            const auto name = "g-" + std::to_string(round) + '-' + std::to_string(i);
            const auto put = enrollments.put(group(name, wanted), {}, test_operator);
            stored += put ? 1 : 0;
            EXPECT_TRUE(put || put.error().code == Code::already_exists);
        });
        EXPECT_EQ(stored, 1);
    }
}

} // namespace
} // namespace muster::provisioning
