#pragma once
// Changes of many identities in one request (iothub B.5): what an entry of the array asks for, and
// how the hub does it. Entries are independent; nothing is rolled back.

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "hub/device.h"
#include "hub/service.h"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::hub {

inline constexpr std::size_t bulk_entries_max = 100;

enum class ImportMode : std::uint8_t {
    create,
    create_or_update,
    create_or_update_if_match,
    update,
    update_if_match,
    erase,
    erase_if_match,
    update_twin,
    update_twin_if_match,
};

/// As it is written: "createOrUpdateIfMatchETag".
std::string_view to_string(ImportMode mode);

/// What one entry asks for. Only what its mode looks at is read from the document.
struct BulkDeed {
    ImportMode mode = ImportMode::create_or_update;
    Device device;       // of the modes erase and update_twin only the ids
    IfMatch if_match;    // of the modes with an etag; the twin's with update_twin_if_match
    TwinContent initial; // of a creation
    TwinUpdate twin;     // of what is there already
};

struct BulkEntry {
    std::string device; // as sent, and the next two
    std::string module;
    std::string mode;
    Result<BulkDeed> deed; // or what is wrong with the entry
};

/// The entries of a request, each with its own outcome of being read. Error: malformed, if the
/// array holds none, too many, or anything but objects with an id.
Result<std::vector<BulkEntry>> bulk_entries_from(const JsonArray& documents);

/// The first one whose identity another one before it has, too; null if they differ.
const BulkEntry* repeated(const std::vector<BulkEntry>& entries);

/// What came of an entry that did not fail.
enum class Carried : std::uint8_t {
    whole,
    without_twin, // the identity was changed, but its twin could not be
};

/// Errors: those of the use cases; already_exists, not_found and precondition as the mode says.
Result<Carried> carry_out(Service& hub, const BulkDeed& deed);

} // namespace muster::hub
