#pragma once
// Group commit. Callers queue their writes; one thread runs everything that has queued up in one
// transaction, commits it, and wakes them all. While it commits, the next group gathers: the more
// callers wait, the more rows share one fsync.
//
//   caller:  join the last open group ---- wait for that group ---- take the own outcome
//   thread:  close the first group, BEGIN, every unit after the first under a SAVEPOINT,
//           COMMIT, wake the group
//
// A unit that fails is undone alone and tells only its caller. If the transaction as a whole fails
// (disk full, I/O error), every unit of the group has failed, whatever it had returned.

#include "store/sqlite/connection.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

namespace muster::store::sqlite {

struct WriterLimits {
    std::size_t group_rows_max = 512;
    std::size_t queue_max = 8192;
    LogLimits log;
};

/// Thread safe.
class Writer {
  public:
    Writer(std::unique_ptr<Connection> connection, WriterLimits limits);
    /// Commits what is queued. No write may be under way when it is called.
    ~Writer();

    /// Returns when the group is durable, or has failed.
    Result<void> write(const sql::Work& work);

    /// Writes that wait for the group before theirs.
    [[nodiscard]] std::size_t waiting_count() const;

  private:
    /// One caller's write; lives on the caller's stack while it waits.
    struct Unit {
        const sql::Work* work = nullptr;
        Result<void> outcome;
    };

    struct Group {
        std::vector<Unit*> units;
        std::promise<void> done;
        std::shared_future<void> finished = done.get_future().share();
    };

    std::shared_ptr<Group> join(Unit& unit);
    std::shared_ptr<Group> next_group();
    void run_groups();
    void commit(Group& group);
    Result<void> run_transaction(Group& group);
    // These fail only if the whole transaction has; what the work said is in the unit.

    /// What it did is undone by beginning anew. A savepoint would cost a copy of every page that
    /// changes under it, and a large import is often alone in its group.
    Result<void> run_first(Unit& unit);
    Result<void> run_next(Unit& unit);
    Result<void> run_work(Unit& unit);

    std::unique_ptr<Connection> connection_;
    const WriterLimits limits_;

    mutable std::mutex mutex_;
    std::condition_variable work_queued_;
    std::deque<std::shared_ptr<Group>> groups_;
    std::size_t waiting_count_ = 0;
    bool stopping_ = false;

    std::thread thread_; // last: it uses everything above
};

} // namespace muster::store::sqlite
