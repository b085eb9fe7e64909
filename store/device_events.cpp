#include "store/device_events.h"

#include "base/encoding.h"
#include "base/text.h"

namespace muster::store {

std::string event_key(std::string_view id) {
    return percent_encode(to_lower(id));
}

JsonObject storable_detail(const JsonObject& detail) {
    const std::string text = to_text(detail);
    return is_valid_utf8(text) ? detail : JsonObject{{"unreadable", percent_encode(text)}};
}

} // namespace muster::store
