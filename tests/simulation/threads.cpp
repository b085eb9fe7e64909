#include "tests/simulation/threads.h"

#include <utility>

namespace muster::simulation {

Threads::~Threads() {
    for (const auto& thread : all_) {
        thread->work = nullptr;
        thread->go.release();
        thread->thread.join();
    }
}

Thread& Threads::take(std::function<void()> work) {
    if (idle_.empty()) {
        all_.push_back(std::make_unique<Thread>());
        Thread& thread = *all_.back();
        thread.thread = std::thread([&thread] {
            for (;;) {
                thread.go.acquire();
                const auto now = std::exchange(thread.work, nullptr);
                if (!now) {
                    return;
                }
                now();
            }
        });
        idle_.push_back(&thread);
    }
    Thread& thread = *idle_.back();
    idle_.pop_back();
    thread.work = std::move(work);
    return thread;
}

} // namespace muster::simulation
