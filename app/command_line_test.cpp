#include "app/command_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::app {
namespace {

ExitCode run(std::vector<const char*> arguments) {
    const ManualClock clock(from_unix_seconds(1'893'456'000));
    SeededRandom random(7);
    arguments.insert(arguments.begin(), "muster");
    return run_command_line(static_cast<int>(arguments.size()), arguments.data(), {clock, random});
}

TEST(CommandLine, a_twin_is_not_replaced_by_nothing) {
    // Found out before a server is looked for: there is none in that folder.
    EXPECT_EQ(run({"hub", "twin", "dev-1", "--data", "/nowhere", "--replace"}), ExitCode::usage);
    EXPECT_EQ(run({"hub", "twin", "dev-1", "--data", "/nowhere"}), ExitCode::unavailable);
}

} // namespace
} // namespace muster::app
