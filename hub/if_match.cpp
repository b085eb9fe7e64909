#include "hub/if_match.h"

#include "base/text.h"

#include <string>

namespace muster::hub {

IfMatch IfMatch::from_header(std::string_view value) {
    value = trim(value);
    if (value.empty()) {
        return {};
    }
    if (value.starts_with("W/")) {
        value.remove_prefix(2);
    }
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
        value = value.substr(1, value.size() - 2);
    }
    if (value == "*") {
        return {.kind = Kind::any, .etag = {}};
    }
    return {.kind = Kind::exactly, .etag = ETag(std::string(value))};
}

} // namespace muster::hub
