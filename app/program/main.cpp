#include "app/command_line.h"

#include <csignal>
#include <cstdio>
#include <exception>

int main(int count, char** arguments) {
    // A peer that closes early must not end the process.
    std::signal(SIGPIPE, SIG_IGN);

    const muster::SystemClock clock;
    muster::SystemRandom random;
    try {
        return static_cast<int>(muster::app::run_command_line(count, arguments, {clock, random}));
    } catch (const std::exception& error) { // of a library, or out of memory; ours do not throw
        std::fprintf(stderr, "muster: %s\n", error.what());
        return static_cast<int>(muster::app::ExitCode::failed);
    }
}
