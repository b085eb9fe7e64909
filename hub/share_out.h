#pragma once
// One list of pieces of work on several workers.

#include "base/task.h"

#include <cstddef>
#include <functional>

namespace muster::hub {

/// Calls `work` once for every number below `count`, on this thread and on up to `helpers` workers
/// that are free; returns when all calls have. Never waits for a worker that has not begun, so
/// workers may call it.
void share_out(Executor& workers, std::size_t helpers, std::size_t count,
               const std::function<void(std::size_t)>& work);

} // namespace muster::hub
