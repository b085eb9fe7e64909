#pragma once
// create, show, list and delete of one kind of enrollment through the service API. `muster
// enrollment` and `muster group` differ only in these names.

#include "app/command_line.h"

#include <string>
#include <vector>

namespace muster::app {

struct ResourceKind {
    std::string command;          // "group"
    std::string description;      // for --help
    std::string id_description;   // "registration id"
    std::string collection;       // "enrollmentGroups"
    std::string id_member;        // "enrollmentGroupId"
    std::string certificate_slot; // "signingCertificates"
};

void add_resource(CLI::App& root, const ResourceKind& kind, Chosen& chosen,
                  const Environment& environment);

/// Every item of a query, page after page (dps-service 5.2). Bounded only by the collection.
Result<JsonArray> query_all(ApiClient& client, const std::string& path);

} // namespace muster::app
