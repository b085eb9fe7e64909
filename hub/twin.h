#pragma once
// Device twins (reference: iothub A.10, B.7): merge patches, versions, metadata and limits as pure
// functions from a twin to the next twin.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::hub {

/// One section of properties. `values` holds no `$` members; `metadata` mirrors it and carries
/// `$lastUpdated` (and, for desired, `$lastUpdatedVersion`) at every node.
struct TwinSection {
    JsonObject values;
    JsonObject metadata;
    std::int64_t version = 1;
};

enum class ConfigurationState : std::uint8_t { targeted, applied };

/// What configurations did to a twin (iothub B.11).
struct Configured {
    std::map<std::string, ConfigurationState> states; // by configuration
    std::vector<std::string> paths; // below desired, set by them: "net.apn"; sorted

    friend bool operator==(const Configured&, const Configured&) = default;
};

struct Twin {
    std::int64_t version = 1; // +1 at any change; the etag is derived from it
    JsonObject tags;
    TwinSection desired;
    TwinSection reported;
    std::string model_id;
    Configured configured;
};

/// Limits of iothub B.7.
struct TwinLimits {
    std::size_t tags_bytes_max = 8 * 1024;
    std::size_t section_bytes_max = 32 * 1024;
    std::size_t key_bytes_max = 1024;
    std::size_t string_bytes_max = 4096;
    std::size_t depth_max = 10;
};

Twin new_twin(const JsonObject& tags, const JsonObject& desired, const JsonObject& reported,
              WallTime now);

/// base64 of the version as 8 bytes.
ETag etag_of(const Twin& twin);

/// What a twin holds, without versions and metadata.
struct TwinContent {
    JsonObject tags;
    JsonObject desired;
    JsonObject reported;
};

/// A service's update, either half absent.
struct TwinUpdate {
    std::optional<JsonObject> tags;
    std::optional<JsonObject> desired;
};

/// Reads the body of PATCH and PUT: `$metadata` and `$version` are dropped, other `$` members are
/// malformed, `properties.reported` and unknown members are ignored.
Result<TwinUpdate> twin_update_from(const JsonObject& document);

/// JSON merge patch. Desired version +1 if the update has a desired half; an update without halves
/// changes nothing. Errors of all three: malformed, naming the half and the broken limit.
Result<Twin> apply_patch(const Twin& twin, const TwinUpdate& update, WallTime now,
                         const TwinLimits& limits = {});

/// Replaces tags and desired completely; an absent half means empty. Desired version +1, unless the
/// half is absent and there was nothing to remove.
Result<Twin> apply_replace(const Twin& twin, const TwinUpdate& update, WallTime now,
                           const TwinLimits& limits = {});

/// The twin with all of that in place of what it has; each version +1.
Result<Twin> apply_content(const Twin& twin, const TwinContent& content, WallTime now,
                           const TwinLimits& limits = {});

/// A device's patch of its reported properties; a leading `$version` must equal the current one
/// (Code::precondition). Reported version +1.
Result<Twin> apply_reported(const Twin& twin, const JsonObject& patch, WallTime now,
                            const TwinLimits& limits = {});

/// The twin of a device that said which model it implements (PnP); the same if it says so again.
Twin with_model_id(const Twin& twin, const std::string& model_id);

/// `{"id":{"status":"Applied"}}`, the member `configurations` of a twin's document.
JsonObject to_configurations_document(const Configured& configured);

/// Checks what apply_* check, for a twin that comes whole (bulk creation).
Result<void> check_twin(const Twin& twin, const TwinLimits& limits = {});

/// What the device reads: `{"desired":{..,"$version":n},"reported":{..,"$version":n}}`.
JsonObject to_device_document(const Twin& twin);

/// A notification: the update as applied (nulls included), plus `$version`.
JsonObject to_desired_notification(const JsonObject& applied, std::int64_t version);

/// `{"tags":..,"properties":{"desired":..,"reported":..}}` with metadata and versions.
JsonObject to_properties_document(const TwinSection& section);

} // namespace muster::hub
