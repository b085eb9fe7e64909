#include "store/sqlite/writer.h"

#include <exception>

namespace muster::store::sqlite {

namespace {

constexpr sql::Statement begin{"BEGIN IMMEDIATE"};
constexpr sql::Statement commit_all{"COMMIT"};
constexpr sql::Statement roll_back{"ROLLBACK"};
constexpr sql::Statement begin_unit{"SAVEPOINT unit"};
constexpr sql::Statement keep_unit{"RELEASE unit"};
constexpr sql::Statement undo_unit{"ROLLBACK TO unit"};

Result<void> call(const sql::Work& work, sql::Connection& connection) {
    try {
        return work(connection);
    } catch (const std::exception& thrown) { // out of memory; the other callers must not suffer
        return fail(Code::internal, "internal error", thrown.what());
    }
}

Error not_committed(const Error& why) {
    const Code code = why.code == Code::internal ? Code::internal : Code::unavailable;
    return {.code = code,
            .detail = "the write could not be committed",
            .cause = why.cause,
            .retry_after = {}};
}

} // namespace

Writer::Writer(std::unique_ptr<Connection> connection, WriterLimits limits)
    : connection_(std::move(connection)), limits_(limits), thread_([this] { run_groups(); }) {}

Writer::~Writer() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    work_queued_.notify_one();
    thread_.join();
}

Result<void> Writer::write(const sql::Work& work) {
    Unit unit{&work, {}};
    // The group is shared because the thread still has to wake the others after this caller, who
    // may be the first to run, has gone.
    const std::shared_ptr<Group> group = join(unit);
    if (group == nullptr) {
        return fail(Code::unavailable, "too many writes are waiting");
    }
    group->finished.wait();
    return std::move(unit.outcome);
}

std::size_t Writer::waiting_count() const {
    const std::scoped_lock lock(mutex_);
    return waiting_count_;
}

std::shared_ptr<Writer::Group> Writer::join(Unit& unit) {
    std::shared_ptr<Group> group;
    bool is_first = false;
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_ || waiting_count_ >= limits_.queue_max) {
            return nullptr;
        }
        is_first = groups_.empty();
        if (is_first || groups_.back()->units.size() >= limits_.group_rows_max) {
            groups_.push_back(std::make_shared<Group>());
        }
        group = groups_.back();
        group->units.push_back(&unit);
        ++waiting_count_;
    }
    if (is_first) {
        work_queued_.notify_one();
    }
    return group;
}

std::shared_ptr<Writer::Group> Writer::next_group() {
    std::unique_lock lock(mutex_);
    work_queued_.wait(lock, [this] { return stopping_ || !groups_.empty(); });
    if (groups_.empty()) {
        return nullptr;
    }
    std::shared_ptr<Group> group = std::move(groups_.front());
    groups_.pop_front();
    waiting_count_ -= group->units.size();
    return group;
}

void Writer::run_groups() {
    while (const std::shared_ptr<Group> group = next_group()) {
        commit(*group);
        group->done.set_value();
        connection_->shorten_log(limits_.log); // nobody waits for it but the next group
    }
}

void Writer::commit(Group& group) {
    const Result<void> committed = run_transaction(group);
    if (committed) {
        return;
    }
    if (connection_->in_transaction()) {
        // Fails only if the engine has rolled back already.
        static_cast<void>(connection_->run(roll_back, {}));
    }
    for (Unit* unit : group.units) {
        unit->outcome = std::unexpected(not_committed(committed.error()));
    }
}

Result<void> Writer::run_transaction(Group& group) {
    if (const auto begun = connection_->run(begin, {}); !begun) {
        return std::unexpected(begun.error());
    }
    for (Unit* unit : group.units) {
        if (Result<void> ran = run_unit(*unit); !ran) {
            return ran;
        }
    }
    const auto committed = connection_->run(commit_all, {});
    return committed ? Result<void>() : std::unexpected(committed.error());
}

Result<void> Writer::run_unit(Unit& unit) {
    if (const auto begun = connection_->run(begin_unit, {}); !begun) {
        return std::unexpected(begun.error());
    }
    unit.outcome = call(*unit.work, *connection_);
    if (!connection_->in_transaction()) {
        return unit.outcome ? fail(Code::internal, "the work ended its transaction") : unit.outcome;
    }
    if (!unit.outcome) {
        if (const auto undone = connection_->run(undo_unit, {}); !undone) {
            return std::unexpected(undone.error());
        }
    }
    const auto kept = connection_->run(keep_unit, {});
    return kept ? Result<void>() : std::unexpected(kept.error());
}

} // namespace muster::store::sqlite
