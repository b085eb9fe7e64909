#include "store/ended_operations.h"
#include "store/operator_suite.h"

#include <fmt/format.h>

namespace muster::store {

namespace {

using provisioning::FleetOperation;

class FleetOperationSuite : public StoreSuite {
  protected:
    provisioning::FleetOperationStore& operations() { return stores().fleet_operations(); }

    Result<void> save(const FleetOperation& operation, std::int64_t expected,
                      const provisioning::Change* change = nullptr) {
        return operations().save(scope, operation, expected, change);
    }

    /// In their order.
    std::string ids(const IdScope& of = scope) {
        std::string text;
        for (const FleetOperation& operation : operations().all(of).value()) {
            text += (text.empty() ? "" : " ") + operation.id;
        }
        return text;
    }
};

FleetOperation operation(std::string id, std::int64_t seconds, std::int64_t version = 1) {
    FleetOperation made;
    made.id = std::move(id);
    made.hub = hub_1;
    made.begun = from_unix_seconds(1'900'000'000 + seconds);
    made.begun_by = {.name = "token:ci"};
    made.version = version;
    return made;
}

FleetOperation ended(FleetOperation operation) {
    operation.state = provisioning::OperationState::done;
    operation.ended = operation.begun + std::chrono::minutes(1);
    return operation;
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, FleetOperationSuite, every_engine, engine_name);

TEST_P(FleetOperationSuite, ComesBackWholeAndNewestFirst) {
    auto first = operation("op-1", 1, 7);
    first.kind = provisioning::OperationKind::gather;
    first.state = provisioning::OperationState::held;
    first.group = EnrollmentGroupId("Line-1");
    first.limits = {.per_second = 0.5, .concurrency = 3, .failures_max = 4};
    first.progress = {.total = 9, .looked_at = 8, .moved = 1, .stayed = 2, .failed = 5};
    first.after = "dev-8";
    first.failures = {"dev-1: hub unreachable"};
    ASSERT_TRUE(save(first, 0));
    ASSERT_TRUE(save(ended(operation("op-3", 3)), 0));
    ASSERT_TRUE(save(operation("op-2", 2), 0));
    reopen();
    EXPECT_EQ(ids(), "op-3 op-2 op-1");
    EXPECT_EQ(describe(operations().all(scope)->back()), describe(first));
    EXPECT_EQ(ids(other_scope), "");
}

TEST_P(FleetOperationSuite, AStaleVersionChangesNothing) {
    EXPECT_EQ(code_of(save(operation("op-1", 1, 2), 1)), Code::conflict);
    ASSERT_TRUE(save(operation("op-1", 1), 0));
    EXPECT_EQ(code_of(save(operation("op-1", 2), 0)), Code::conflict);
    EXPECT_EQ(code_of(save(operation("op-1", 2, 3), 2)), Code::conflict);
    EXPECT_EQ(code_of(operations().save(other_scope, operation("op-1", 1, 2), 1, nullptr)),
              Code::conflict);
    ASSERT_TRUE(save(operation("op-1", 2, 2), 1));
    EXPECT_EQ(describe(operations().all(scope)), describe(std::vector{operation("op-1", 2, 2)}));
}

TEST_P(FleetOperationSuite, TheChangeIsAuditedWithItOrNotAtAll) {
    const auto begun = change("operation.begin");
    ASSERT_TRUE(save(operation("op-1", 1), 0, &begun));
    ASSERT_FALSE(save(operation("op-1", 1), 0, &begun));
    ASSERT_TRUE(save(operation("op-1", 1, 2), 1));
    EXPECT_EQ(actions_of(stores(), scope), "operation.begin");
}

TEST_P(FleetOperationSuite, OnlySoManyEndedOnesAreKept) {
    constexpr int writers = 50; // they share commits
    race(writers, [&](int writer) {
        for (std::int64_t number = writer; number < ended_operations_max; number += writers) {
            ASSERT_TRUE(save(ended(operation(fmt::format("op-{:04}", number), number)), 0));
        }
    });
    ASSERT_TRUE(save(operation("running", -1), 0));
    ASSERT_TRUE(operations().save(other_scope, ended(operation("theirs", -1)), 0, nullptr));
    const auto count = [&] { return operations().all(scope)->size(); };
    EXPECT_EQ(count(), 1001U);
    ASSERT_TRUE(save(ended(operation("last", 5000)), 0));
    EXPECT_EQ(count(), 1001U);
    reopen();
    const std::string kept = ids();
    EXPECT_TRUE(kept.starts_with("last op-0999")) << kept.substr(0, 40);
    EXPECT_TRUE(kept.ends_with("op-0001 running")) << "the oldest that ended is gone";
    EXPECT_EQ(ids(other_scope), "theirs");
}

} // namespace muster::store
