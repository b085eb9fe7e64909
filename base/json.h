#pragma once
// JSON values (Boost.JSON) and the one strict way of reading them from outside.

#include "base/result.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace muster {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

struct JsonLimits {
    std::size_t bytes_max = 96 * 1024;
    std::size_t depth_max = 32;
};

/// One complete RFC 8259 document. Refuses (Code::malformed) text after the value, invalid UTF-8,
/// duplicate keys (two readers could see two documents) and nesting beyond the limit;
/// Code::too_large beyond bytes_max. Integers that fit keep their exact value.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// The same, and the value must be an object.
Result<JsonObject> parse_json_object(std::string_view text, const JsonLimits& limits = {});

/// Compact text.
std::string to_text(const Json& value);
std::string to_text(const JsonObject& value);

/// The member if it is there and not null (null means "not set" in every document we read).
const Json* find_member(const JsonObject& object, std::string_view key);

/// The string member, nothing if unset; Code::malformed if it is something else.
Result<std::string> string_member(const JsonObject& object, std::string_view key,
                                  std::string_view when_unset = {});

} // namespace muster
