#pragma once
// Writes rows of jobs and counts them into their job, within a unit of work.

#include "hub/jobs/job.h"
#include "store/sql/sealed_table.h"

#include <span>
#include <string>
#include <vector>

namespace muster::store::sql {

struct SealedJobRow {
    const hub::DeviceJob* row = nullptr;
    std::string id;
    std::string identity;
    std::string document;
};

/// The rows must outlive what comes back.
std::vector<SealedJobRow> seal_rows(const SealedTable& table, const HubName& hub,
                                    std::span<const hub::DeviceJob> rows);

/// Those that are there already stay as they are.
Result<void> insert_job_rows(Connection& connection, const HubName& hub, const hub::JobId& job,
                             const std::vector<SealedJobRow>& rows);

/// Those that have ended, or are not there, stay as they are.
Result<void> update_job_rows(Connection& connection, const HubName& hub, const hub::JobId& job,
                             const std::vector<SealedJobRow>& rows);

} // namespace muster::store::sql
