#include "app/commands/operation_view.h"

#include <gtest/gtest.h>

namespace muster::app {
namespace {

Json running_drain() {
    return {{"id", "op-0a1b2c3d"},
            {"kind", "drain"},
            {"state", "running"},
            {"hub", "hub-1"},
            {"limits", {{"perSecond", 50}, {"concurrency", 64}, {"failuresMax", 100}}},
            {"progress",
             {{"total", 200}, {"lookedAt", 100}, {"moved", 90}, {"stayed", 7}, {"failed", 1}}},
            {"failures", {"dev-1: stays: its enrollment names no other hub"}},
            {"begunBy", "token:ci"},
            {"begun", "2030-01-02T03:04:05Z"},
            {"underWay", 2},
            {"estimatedEnd", "2030-01-02T03:05:00Z"}};
}

TEST(OperationView, TellsHowFarItIsAndWhenItEnds) {
    EXPECT_EQ(progress_line(running_drain()),
              "op-0a1b2c3d running: 100 of 200 looked at, 90 moved, 7 stayed, 1 failed, 2 under "
              "way, done about 2030-01-02T03:05:00Z");
    auto ended = running_drain();
    ended.as_object().erase("estimatedEnd");
    EXPECT_TRUE(progress_line(ended).ends_with("2 under way"));
}

TEST(OperationView, SaysWhoBeganItHowFastItGoesAndWhatWentWrong) {
    const auto text = describe_operation(running_drain());
    EXPECT_NE(text.find("drain of hub-1 by token:ci, begun 2030-01-02T03:04:05Z"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("at most 50 a second, 64 at once; held after 100 failures"),
              std::string::npos)
        << text;
    EXPECT_TRUE(text.ends_with("  dev-1: stays: its enrollment names no other hub\n")) << text;
}

TEST(OperationView, FitsATable) {
    auto gathering = running_drain();
    gathering.as_object()["group"] = "g-1";
    for (const Json& operation : {running_drain(), gathering, Json(JsonObject())}) {
        EXPECT_EQ(operation_row(operation).size(), operation_columns().size());
    }
    EXPECT_EQ(operation_row(gathering)[2], "g-1 at hub-1");
    EXPECT_EQ(operation_row(running_drain()).back(), "about 2030-01-02T03:05:00Z");
    auto ended = running_drain();
    ended.as_object()["ended"] = "2030-01-02T03:04:59Z";
    EXPECT_EQ(operation_row(ended).back(), "2030-01-02T03:04:59Z");
}

} // namespace
} // namespace muster::app
