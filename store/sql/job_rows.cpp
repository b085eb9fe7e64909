#include "store/sql/job_rows.h"

#include "hub/jobs/job_documents.h"
#include "store/sql/job_ports.h"
#include "store/sql/rows.h"

#include <array>
#include <optional>

namespace muster::store::sql {

using hub::DeviceJob;
using hub::DeviceJobStatus;
using hub::JobId;

namespace {

constexpr Statement insert_row{
    "INSERT INTO hub_job_device (hub, id, job, identity, status, document)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hub, id) DO NOTHING"};
constexpr Statement select_status{"SELECT status FROM hub_job_device WHERE hub = $1 AND id = $2"};
constexpr Statement update_row{
    "UPDATE hub_job_device SET status = $3, document = $4 WHERE hub = $1 AND id = $2"};
constexpr Statement add_to_progress{
    "UPDATE hub_job SET pending = pending + $3, running = running + $4,"
    " succeeded = succeeded + $5, failed = failed + $6, cancelled = cancelled + $7,"
    " unfinished = CASE WHEN ended IS NULL OR pending + $3 + running + $4 > 0 THEN 1 ELSE 0 END"
    " WHERE hub = $1 AND id = $2"};
constexpr Statement select_in_status{
    "SELECT id, document FROM hub_job_device WHERE hub = $1 AND job = $2 AND status = $3"
    " AND identity > $4 ORDER BY identity LIMIT $5"};
constexpr Statement select_rows{"SELECT id, document FROM hub_job_device WHERE hub = $1"
                                " AND id > $2 ORDER BY id LIMIT $3"};
// "job/" to "job0": '0' follows '/'.
constexpr Statement select_rows_of_job{"SELECT id, document FROM hub_job_device WHERE hub = $1"
                                       " AND id > $2 AND id < $3 ORDER BY id LIMIT $4"};
constexpr Statement select_rows_of_identity{
    "SELECT id, document FROM hub_job_device WHERE hub = $1 AND identity = $2 AND id > $3"
    " ORDER BY id LIMIT $4"};
constexpr Statement select_row{
    "SELECT id, document FROM hub_job_device WHERE hub = $1 AND id = $2 AND id > $3 LIMIT $4"};

/// How many rows more or fewer are in each state.
using Changes = std::array<std::int64_t, 5>;

void count(Changes& changes, DeviceJobStatus status, std::int64_t by) {
    changes[static_cast<std::size_t>(status)] += by;
}

Result<void> save_progress(Connection& connection, const HubName& hub, const JobId& job,
                           const Changes& changes) {
    if (changes == Changes{}) {
        return {};
    }
    return run_only(
        connection, add_to_progress,
        {hub.text(), job.text(), changes[0], changes[1], changes[2], changes[3], changes[4]});
}

/// Nothing if there is no such row.
Result<std::optional<DeviceJobStatus>> status_of(Connection& connection, const HubName& hub,
                                                 std::string_view id) {
    std::optional<DeviceJobStatus> status;
    const auto ran = connection.run(select_status, {hub.text(), id}, [&](const Row& row) {
        status = hub::device_job_status_named(row.text(0));
    });
    return ran ? Result<std::optional<DeviceJobStatus>>(status) : std::unexpected(ran.error());
}

bool is_open(const std::optional<DeviceJobStatus>& status) {
    return status == DeviceJobStatus::pending || status == DeviceJobStatus::running;
}

} // namespace

std::vector<SealedJobRow> seal_rows(const SealedTable& table, const HubName& hub,
                                    std::span<const DeviceJob> rows) {
    std::vector<SealedJobRow> sealed;
    sealed.reserve(rows.size());
    for (const DeviceJob& row : rows) {
        std::string id = row.text();
        std::string document = table.seal({hub.text(), id}, hub::to_stored_document(row));
        sealed.push_back({&row, std::move(id), row.identity.text(), std::move(document)});
    }
    return sealed;
}

Result<void> insert_job_rows(Connection& connection, const HubName& hub, const JobId& job,
                             const std::vector<SealedJobRow>& rows) {
    Changes changes{};
    for (const SealedJobRow& row : rows) {
        const auto inserted =
            connection.run(insert_row, {hub.text(), row.id, job.text(), row.identity,
                                        hub::to_text(row.row->status), row.document});
        if (!inserted) {
            return std::unexpected(inserted.error());
        }
        count(changes, row.row->status, *inserted);
    }
    return save_progress(connection, hub, job, changes);
}

Result<void> update_job_rows(Connection& connection, const HubName& hub, const JobId& job,
                             const std::vector<SealedJobRow>& rows) {
    Changes changes{};
    for (const SealedJobRow& row : rows) {
        const auto before = status_of(connection, hub, row.id);
        if (!before) {
            return std::unexpected(before.error());
        }
        if (!is_open(*before)) {
            continue;
        }
        const auto updated =
            run_only(connection, update_row,
                     {hub.text(), row.id, hub::to_text(row.row->status), row.document});
        if (!updated) {
            return updated;
        }
        count(changes, **before, -1);
        count(changes, row.row->status, 1);
    }
    return save_progress(connection, hub, job, changes);
}

Result<std::vector<DeviceJob>> Jobs::devices(const HubName& hub, const JobId& job,
                                             DeviceJobStatus status, const std::string& after,
                                             std::size_t count_max) {
    return rows_.read<DeviceJob>(
        hub.text(), select_in_status,
        {hub.text(), job.text(), hub::to_text(status), after, row_limit(count_max)},
        hub::stored_device_job);
}

Result<std::vector<DeviceJob>> Jobs::device_rows(const HubName& hub,
                                                 const hub::DeviceJobFilter& filter,
                                                 const std::string& after, std::size_t count_max) {
    const std::int64_t limit = row_limit(count_max);
    const std::string identity = filter.identity ? filter.identity->text() : std::string();
    if (filter.job && filter.identity) {
        const std::string id = filter.job->text() + "/" + identity;
        return rows_.read<DeviceJob>(hub.text(), select_row, {hub.text(), id, after, limit},
                                     hub::stored_device_job);
    }
    if (filter.job) {
        const std::string first = std::max(after, filter.job->text() + "/");
        const std::string end = filter.job->text() + "0";
        return rows_.read<DeviceJob>(hub.text(), select_rows_of_job,
                                     {hub.text(), first, end, limit}, hub::stored_device_job);
    }
    if (filter.identity) {
        return rows_.read<DeviceJob>(hub.text(), select_rows_of_identity,
                                     {hub.text(), identity, after, limit}, hub::stored_device_job);
    }
    return rows_.read<DeviceJob>(hub.text(), select_rows, {hub.text(), after, limit},
                                 hub::stored_device_job);
}

} // namespace muster::store::sql
