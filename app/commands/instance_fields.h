#pragma once
// The flags of `muster instance create` and `update`, and the document that they make. What they
// leave out keeps its value; everything else of an instance is for `muster apply`.

#include "app/ready_file.h"
#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace muster::app {

struct InstanceFields {
    std::optional<std::string> tenant;
    std::optional<std::string> location;
    std::optional<std::string> allocation_policy;
    std::vector<std::string> hosts;
    std::vector<std::string> hubs; // connection strings, or names of the local server's hubs
    std::optional<bool> shared_key_access;
    std::optional<bool> public_network_access;
    std::optional<std::int64_t> enrollments_max;
    std::optional<std::int64_t> groups_max;
    std::optional<std::int64_t> registrations_max;
};

void add_instance_fields(CLI::App& command, InstanceFields& fields);

/// `local` is the local server's ready file, if there is one: its hubs go by their names.
Result<JsonObject> instance_document(const InstanceFields& fields, const ReadyFile* local);

} // namespace muster::app
