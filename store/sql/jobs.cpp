#include "hub/jobs/job_documents.h"
#include "store/outcomes.h"
#include "store/sql/job_ports.h"
#include "store/sql/job_rows.h"
#include "store/sql/rows.h"

#include <limits>

namespace muster::store::sql {

using hub::DeviceJob;
using hub::Job;
using hub::JobId;

namespace {

constexpr Statement insert_job{
    "INSERT INTO hub_job (hub, id, version, type, status, created, starts, ended, unfinished,"
    " pending, running, succeeded, failed, cancelled, document)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, 0, 0, 0, 0, $9) ON CONFLICT (hub, id) DO "
    "NOTHING"};
constexpr Statement count_active{
    "SELECT COUNT(*) FROM hub_job WHERE hub = $1 AND unfinished = 1 AND ended IS NULL"};
constexpr Statement update_job{
    "UPDATE hub_job SET version = $3, status = $4, ended = $5, document = $6,"
    " unfinished = CASE WHEN $5 IS NULL OR pending + running > 0 THEN 1 ELSE 0 END"
    " WHERE hub = $1 AND id = $2 AND version = $7"};
constexpr Statement select_job{
    "SELECT id, document, pending, running, succeeded, failed, cancelled FROM hub_job"
    " WHERE hub = $1 AND id = $2"};
constexpr Statement select_jobs{
    "SELECT id, document, pending, running, succeeded, failed, cancelled FROM hub_job"
    " WHERE hub = $1 AND (created, id) < ($2, $3) AND ($4 = '' OR type = $4)"
    " AND ($5 = '' OR status = $5) ORDER BY created DESC, id DESC LIMIT $6"};
constexpr Statement select_unfinished{
    "SELECT id, document, pending, running, succeeded, failed, cancelled FROM hub_job"
    " WHERE hub = $1 AND unfinished = 1 ORDER BY starts, id LIMIT $2"};
constexpr Statement delete_rows_of_ended{
    "DELETE FROM hub_job_device WHERE hub = $1 AND id IN"
    " (SELECT r.id FROM hub_job j JOIN hub_job_device r ON r.hub = j.hub AND r.job = j.id"
    " WHERE j.hub = $1 AND j.ended IS NOT NULL AND j.ended < $2 AND j.unfinished = 0 LIMIT $3)"};
constexpr Statement delete_ended{
    "DELETE FROM hub_job WHERE hub = $1 AND id IN"
    " (SELECT j.id FROM hub_job j WHERE j.hub = $1 AND j.ended IS NOT NULL AND j.ended < $2"
    " AND j.unfinished = 0 AND NOT EXISTS"
    " (SELECT 1 FROM hub_job_device r WHERE r.hub = j.hub AND r.job = j.id) LIMIT $3)"};

std::int64_t to_column(WallTime time) {
    return time.time_since_epoch().count();
}

Value to_column(const std::optional<WallTime>& time) {
    return time ? Value(to_column(*time)) : Value(Null{});
}

/// A row as copied.
struct Copied {
    std::string id;
    std::string document;
    hub::JobProgress progress;
};

Copied copy_row(const Row& row) {
    return {std::string(row.text(0)),
            std::string(row.text(1)),
            {.pending = row.integer(2),
             .running = row.integer(3),
             .succeeded = row.integer(4),
             .failed = row.integer(5),
             .cancelled = row.integer(6)}};
}

} // namespace

Result<void> Jobs::create(const HubName& hub, const Job& job, std::int64_t active_max) {
    const std::string document =
        jobs_.seal({hub.text(), job.id.text()}, hub::to_stored_document(job));
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto created =
            must_change(connection, insert_job,
                        {hub.text(), job.id.text(), job.version, hub::to_text(job.type),
                         hub::to_text(job.status), to_column(job.created), to_column(job.start),
                         to_column(job.ended), document},
                        job_exists());
        if (!created) {
            return created;
        }
        const auto active = integer_of(connection, count_active, {hub.text()}, 0);
        if (!active) {
            return std::unexpected(active.error());
        }
        return *active > active_max ? too_many_jobs() : Result<void>();
    });
}

Result<std::vector<Job>> Jobs::read_jobs(const HubName& hub, const Statement& statement,
                                         std::initializer_list<Value> values) {
    std::vector<Copied> rows;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(statement, values,
                                        [&](const Row& row) { rows.push_back(copy_row(row)); });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    std::vector<Job> jobs;
    for (const Copied& row : rows) {
        auto job = jobs_.open<Job>({hub.text(), row.id}, row.document, hub::stored_job);
        if (!job) {
            return std::unexpected(std::move(job.error()));
        }
        job->progress = row.progress;
        jobs.push_back(std::move(*job));
    }
    return jobs;
}

Result<std::optional<Job>> Jobs::find(const HubName& hub, const JobId& id) {
    auto found = read_jobs(hub, select_job, {hub.text(), id.text()});
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
}

Result<std::vector<Job>> Jobs::list(const HubName& hub, const hub::JobFilter& filter,
                                    const std::optional<hub::JobPosition>& after,
                                    std::size_t count_max) {
    const std::int64_t created =
        after ? to_column(after->created) : std::numeric_limits<std::int64_t>::max();
    const std::string_view id = after ? std::string_view(after->id) : std::string_view();
    return read_jobs(
        hub, select_jobs,
        {hub.text(), created, id, filter.type ? hub::to_text(*filter.type) : std::string_view(),
         filter.status ? hub::to_text(*filter.status) : std::string_view(), row_limit(count_max)});
}

Result<std::vector<Job>> Jobs::unfinished(const HubName& hub, std::size_t count_max) {
    return read_jobs(hub, select_unfinished, {hub.text(), row_limit(count_max)});
}

Result<void> Jobs::save(const HubName& hub, const Job& job, std::int64_t expected_version) {
    return add_devices(hub, job, expected_version, {});
}

Result<void> Jobs::add_devices(const HubName& hub, const Job& job, std::int64_t expected_version,
                               std::span<const DeviceJob> rows) {
    const std::string document =
        jobs_.seal({hub.text(), job.id.text()}, hub::to_stored_document(job));
    const auto sealed = seal_rows(rows_, hub, rows);
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto added = insert_job_rows(connection, hub, job.id, sealed);
        if (!added) {
            return added;
        }
        return must_change(connection, update_job,
                           {hub.text(), job.id.text(), job.version, hub::to_text(job.status),
                            to_column(job.ended), document, expected_version},
                           version_conflict());
    });
}

Result<void> Jobs::save_devices(const HubName& hub, const JobId& job,
                                std::span<const DeviceJob> rows) {
    const auto sealed = seal_rows(rows_, hub, rows);
    return database_.write(
        [&](Connection& connection) { return update_job_rows(connection, hub, job, sealed); });
}

Result<std::int64_t> Jobs::erase_ended(const HubName& hub, WallTime before,
                                       std::int64_t count_max) {
    std::int64_t erased = 0;
    const auto done = database_.write([&](Connection& connection) -> Result<void> {
        erased = 0;
        for (const Statement* statement : {&delete_rows_of_ended, &delete_ended}) {
            const auto changed =
                connection.run(*statement, {hub.text(), to_column(before), count_max - erased});
            if (!changed) {
                return std::unexpected(changed.error());
            }
            erased += *changed;
        }
        return {};
    });
    return done ? Result<std::int64_t>(erased) : std::unexpected(done.error());
}

} // namespace muster::store::sql
