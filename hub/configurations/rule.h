#pragma once
// What configurations make of a twin (reference: iothub B.11). Pure: the same twin and the same
// configurations always lead to the same, and a twin that is as it should be stays untouched.
//
//  * Whoever sets a place sets all of it. Of two that set the same place the one with the higher
//    priority stands, of equal ones the newer; where one place lies within another, both are set
//    in that order.
//  * What was set by a configuration, and is set by none any more, goes; so do objects that are
//    left empty above it. What stood there before does not come back.
//  * A configuration is Applied on a twin if it set something that was not overridden, Targeted if
//    not, or if the outcome would break a limit of the twin: then nothing is changed.

#include "base/json.h"
#include "hub/configurations/content.h"
#include "hub/twin.h"

#include <optional>
#include <string_view>
#include <vector>

namespace muster::hub {

/// A configuration as the engine uses it.
struct ActiveConfiguration {
    Configuration configuration;
    std::optional<query::Target> target; // none: nobody
    Settings settings;
    std::map<std::string, query::Query> metrics;
};

/// Weakest first. Error: malformed, if what is stored is not a configuration any more.
Result<std::vector<ActiveConfiguration>>
active_configurations(const std::vector<Configuration>& configurations, const TwinLimits& limits);

/// What one configuration wants of one twin.
struct Wish {
    const ActiveConfiguration* of = nullptr;
    const std::vector<Setting>* settings = nullptr; // none: only to be named as targeted
    std::optional<ConfigurationState> state;        // decided elsewhere: modulesContent
};

struct Reconfigured {
    Twin twin;
    JsonObject patch;           // of the desired properties; empty if they are as they were
    std::optional<Error> error; // the limit that stands in the way
};

/// `wishes`: weakest first.
Reconfigured reconfigure(const Twin& twin, const std::vector<Wish>& wishes, WallTime now,
                         const TwinLimits& limits);

/// The twin with these set, whoever set them before. Error: as in reconfigure().
Reconfigured with_settings(const Twin& twin, const std::vector<Setting>& settings, WallTime now,
                           const TwinLimits& limits);

/// The merge patch that makes `to` of `from`, where neither holds null.
JsonObject patch_between(const JsonObject& from, const JsonObject& to);

} // namespace muster::hub
