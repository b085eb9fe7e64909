#include "provisioning/query/paths.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace muster::provisioning {

namespace {

/// Below an open one, everything may be asked for.
enum class Extent : std::uint8_t { closed, open };

struct KnownPath {
    std::string_view asked; // with dots
    std::string_view found; // in documents
    Meaning meaning = Meaning::exact;
    Extent extent = Extent::closed;
};

constexpr std::array known_paths{
    KnownPath{"registrationId", "registrationId", Meaning::caseless},
    KnownPath{"enrollmentGroupId", "enrollmentGroupId", Meaning::caseless},
    KnownPath{"deviceId", "deviceId", Meaning::caseless},
    KnownPath{"provisioningStatus", "provisioningStatus", Meaning::caseless},
    KnownPath{"attestation.type", "attestation.type", Meaning::caseless},
    KnownPath{"allocationPolicy", "allocationPolicy", Meaning::caseless},
    KnownPath{"iotHubs", "iotHubs", Meaning::caseless},
    KnownPath{"iotHubHostName", "iotHubHostName", Meaning::caseless},
    KnownPath{"createdDateTimeUtc", "createdDateTimeUtc", Meaning::time},
    KnownPath{"lastUpdatedDateTimeUtc", "lastUpdatedDateTimeUtc", Meaning::time},
    KnownPath{"capabilities.iotEdge", "capabilities.iotEdge"},
    KnownPath{"etag", "etag"},
    KnownPath{"tags", "initialTwin.tags", Meaning::exact, Extent::open},
    KnownPath{"initialTwin.tags", "initialTwin.tags", Meaning::exact, Extent::open},
    KnownPath{"initialTwin.properties.desired", "initialTwin.properties.desired", Meaning::exact,
              Extent::open},
    KnownPath{"optionalDeviceInformation", "optionalDeviceInformation", Meaning::exact,
              Extent::open},
};

bool begins_with(std::span<const std::string> names, std::span<const std::string_view> prefix) {
    return names.size() >= prefix.size() &&
           std::ranges::equal(names.first(prefix.size()), prefix, equal_ignoring_case);
}

} // namespace

std::optional<QueryPath> query_path(std::span<const std::string> names) {
    for (const KnownPath& known : known_paths) {
        const std::vector<std::string_view> asked = split(known.asked, '.');
        const bool fits = known.extent == Extent::open || names.size() == asked.size();
        if (!fits || !begins_with(names, asked)) {
            continue;
        }
        QueryPath path{.keys = {}, .meaning = known.meaning};
        for (const std::string_view key : split(known.found, '.')) {
            path.keys.emplace_back(key);
        }
        const auto rest = names.subspan(asked.size());
        path.keys.insert(path.keys.end(), rest.begin(), rest.end());
        return path;
    }
    return std::nullopt;
}

std::optional<WallTime> query_time(const std::string& text) {
    for (const std::string& candidate : {text, text + "T00:00:00Z"}) {
        if (const auto time = parse_time(candidate)) {
            return *time;
        }
    }
    return std::nullopt;
}

} // namespace muster::provisioning
