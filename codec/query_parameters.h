#pragma once
// `key=value&key=value` as it ends topics and user names; for the codec's own files.

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace muster::topics {

/// The value as it stands, undecoded. The last of several wins; nothing if the key is not there.
std::optional<std::string_view> find_parameter(std::string_view query, std::string_view key);

/// Decoded if it can be, otherwise as it stands; empty if the key is not there. For parameters that
/// are informational: a client must not fail over them (dps-device 10, 34).
std::string decode_parameter_leniently(std::string_view query, std::string_view key);

/// The `$rid` of a request, byte for byte. Error: malformed if missing, empty, too long, or holding
/// a '$', which would break the answer's topic (dps-device 3.5, 2).
Result<std::string> parse_rid(std::string_view query);

/// Percent-decoded, and UTF-8 afterwards too.
Result<std::string> decode_text(std::string_view text);

} // namespace muster::topics
