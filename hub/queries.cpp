// Queries of a hub: whom they are put to.

#include "hub/service.h"

namespace muster::hub {

Result<QueryPage> Service::query(const query::Query& query, const QueryPageRequest& request) {
    if (query.source == query::Source::jobs) {
        return job_rows_->run(settings_.name, query, request);
    }
    if (const auto written = presence_writer_.write(); !written) {
        return std::unexpected(written.error());
    }
    return queries_.run(settings_.name, query, request);
}

Result<void> Service::remember_presence() {
    return presence_writer_.start();
}

} // namespace muster::hub
