#pragma once
// What a configuration sets, and whom it targets (reference: iothub B.11). Pure.
//
//   deviceContent, moduleContent = { "properties.desired" [ "." path ] : value, .. }
//   modulesContent               = { module name : { the same }, .. }
//
// A value at `properties.desired` itself sets each of its members.

#include "base/result.h"
#include "hub/configurations/configuration.h"
#include "hub/twin.h"
#include "query/query.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::hub {

/// The settings for each twin that content names; "" is the device or module itself.
using Settings = std::map<std::string, std::vector<Setting>>;

struct Content {
    ContentKind kind = ContentKind::device;
    JsonObject document; // the one kind, as it was written
    Settings settings;
};

/// Exactly one kind (null and, beside another, empty ones do not count); no value holds null; no
/// path lies within another; no twin comes out over its limits. Error: malformed.
Result<Content> content_from(const JsonObject& document, const TwinLimits& limits);

/// The value at a place, whose parents are made if they are not there.
void set_at(JsonObject& values, const Setting& setting);

/// Nothing for an empty text, which targets nobody. The condition must not look at what the engine
/// itself changes: desired properties, versions, etags, configurations. Error: malformed.
Result<std::optional<query::Target>> configuration_target(std::string_view condition);

/// Selects rows of devices or modules, which are counted. Error: malformed.
Result<query::Query> metric_query(std::string_view text);

} // namespace muster::hub
