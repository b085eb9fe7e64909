#pragma once
// A configuration: desired properties for every twin that a condition picks (reference: iothub
// B.11). Values only.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace muster::hub {

using ConfigurationId = Id<struct ConfigurationIdTag>;

enum class ContentKind : std::uint8_t {
    device,  // deviceContent: to the twins of devices
    module,  // moduleContent: to the twins of modules
    modules, // modulesContent: to the modules, by name, of Edge devices
};

/// One thing that a configuration sets: a place below `properties.desired`, and the value there.
struct Setting {
    std::vector<std::string> path; // at least one name
    Json value;

    friend bool operator==(const Setting&, const Setting&) = default;
};

/// What it counts: how many rows each of its queries finds.
struct ConfigurationMetrics {
    std::int64_t targeted = 0;
    std::int64_t applied = 0;
    std::map<std::string, std::int64_t> custom;

    friend bool operator==(const ConfigurationMetrics&, const ConfigurationMetrics&) = default;
};

struct Configuration {
    ConfigurationId id;
    std::int64_t version = 0; // 1 at creation, +1 at every change by a caller; gives the etag
    std::string schema_version = "1.0";
    JsonObject labels;
    ContentKind kind = ContentKind::device;
    JsonObject content;    // as it was written, without the kinds that are null
    std::string condition; // as it was written; empty: targets nobody
    std::int64_t priority = 0;
    std::map<std::string, std::string> metric_queries;
    WallTime created;
    WallTime updated;
    ConfigurationMetrics metrics; // as last counted
};

ETag etag_of(const Configuration& configuration);

} // namespace muster::hub
