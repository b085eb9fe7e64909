#include "store/sqlite/writer.h"

#include "store/sql/rows.h"

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
    if (Result<void> begun = sql::run_only(*connection_, begin, {}); !begun) {
        return begun;
    }
    for (Unit* unit : group.units) {
        const bool is_first = unit == group.units.front();
        if (Result<void> ran = is_first ? run_first(*unit) : run_next(*unit); !ran) {
            return ran;
        }
    }
    return sql::run_only(*connection_, commit_all, {});
}

Result<void> Writer::run_first(Unit& unit) {
    Result<void> ran = run_work(unit);
    if (!ran || unit.outcome) {
        return ran;
    }
    const Result<void> undone = sql::run_only(*connection_, roll_back, {});
    return undone ? sql::run_only(*connection_, begin, {}) : undone;
}

Result<void> Writer::run_next(Unit& unit) {
    if (Result<void> begun = sql::run_only(*connection_, begin_unit, {}); !begun) {
        return begun;
    }
    if (Result<void> ran = run_work(unit); !ran) {
        return ran;
    }
    if (!unit.outcome) {
        if (Result<void> undone = sql::run_only(*connection_, undo_unit, {}); !undone) {
            return undone;
        }
    }
    return sql::run_only(*connection_, keep_unit, {});
}

Result<void> Writer::run_work(Unit& unit) {
    unit.outcome = call(*unit.work, *connection_);
    if (connection_->in_transaction()) {
        return {};
    }
    return unit.outcome ? fail(Code::internal, "the work ended its transaction") : unit.outcome;
}

} // namespace muster::store::sqlite
