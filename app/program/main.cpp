#include "app/command_line.h"

#include <csignal>

int main(int count, char** arguments) {
    // A peer that closes early must not end the process.
    std::signal(SIGPIPE, SIG_IGN);

    const muster::SystemClock clock;
    muster::SystemRandom random;
    return static_cast<int>(muster::app::run_command_line(count, arguments, {clock, random}));
}
