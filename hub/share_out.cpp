#include "hub/share_out.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace muster::hub {

namespace {

/// Outlives the call for helpers that come too late and find it over.
struct Shared {
    std::size_t count = 0;
    const std::function<void(std::size_t)>* work = nullptr; // good while somebody is inside
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::condition_variable left;
    std::size_t inside = 0;
    bool over = false;
};

void take_pieces(Shared& shared) {
    for (std::size_t piece = shared.next++; piece < shared.count; piece = shared.next++) {
        (*shared.work)(piece);
    }
}

void help(Shared& shared) {
    {
        const std::scoped_lock lock(shared.mutex);
        if (shared.over) {
            return;
        }
        ++shared.inside;
    }
    take_pieces(shared);
    const std::scoped_lock lock(shared.mutex);
    --shared.inside;
    shared.left.notify_all();
}

} // namespace

void share_out(Executor& workers, std::size_t helpers, std::size_t count,
               const std::function<void(std::size_t)>& work) {
    const auto shared = std::make_shared<Shared>();
    shared->count = count;
    shared->work = &work;
    for (std::size_t helper = 0; helper < std::min(helpers, count > 0 ? count - 1 : 0); ++helper) {
        if (!workers.submit([shared] { help(*shared); })) {
            break; // busy enough without us
        }
    }
    take_pieces(*shared);
    std::unique_lock lock(shared->mutex);
    shared->over = true;
    shared->left.wait(lock, [&] { return shared->inside == 0; });
}

} // namespace muster::hub
