#include "gateway/control/connection_string.h"

#include "base/text.h"

namespace muster::gateway {

ConnectionString parse_connection_string(std::string_view text) {
    ConnectionString parsed;
    for (const auto field : split(text, ';')) {
        const auto pair = split_once(field, '=');
        if (!pair) {
            continue;
        }
        const auto name = trim(pair->first);
        const auto value = trim(pair->second);
        if (equal_ignoring_case(name, "HostName")) {
            parsed.host_name = value;
        } else if (equal_ignoring_case(name, "SharedAccessKeyName")) {
            parsed.policy = value;
        } else if (equal_ignoring_case(name, "SharedAccessKey")) {
            parsed.key = value;
        }
    }
    return parsed;
}

} // namespace muster::gateway
