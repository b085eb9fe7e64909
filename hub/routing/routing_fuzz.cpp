// A condition, an event and a twin, separated by zero bytes: whatever they are, the answer comes,
// is the same twice, and the event's document is JSON.

#include "base/json.h"
#include "base/text.h"
#include "hub/routing/cloud_event.h"
#include "hub/routing/routing_table.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace muster;
using namespace muster::hub;

std::string_view take(std::string_view& bytes) {
    const auto end = std::min(bytes.find('\0'), bytes.size());
    const std::string_view part = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    return part;
}

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string condition(take(bytes));
    const std::string twin(take(bytes));
    Event event{.sequence = 1, .identity = DeviceId(std::string(take(bytes)))};
    const std::string name(take(bytes));
    const std::string value(take(bytes));
    event.properties = {{name, value}, {"$.ct", "application/json"}, {"opType", value}};
    event.source = static_cast<EventSource>(name.size() % 4);
    event.body = bytes;

    const auto table = RoutingTable::make(
        {{.name = "r", .source = std::nullopt, .condition = condition, .endpoint = "e"}}, {"e"});
    const TwinLookup twins = [&](const IdentityId&) -> Result<std::optional<JsonObject>> {
        auto read = parse_json_object(twin);
        return read ? std::optional(std::move(*read)) : std::nullopt;
    };
    if (table) {
        const auto first = table->leads_to("e", event, twins);
        require(first && *first == *table->leads_to("e", event, twins));
        require(*first != table->wanted_by(event, twins)->empty());
    }
    if (is_valid_utf8(event.identity.device.text())) {
        const auto document = parse_json_object(to_cloud_event(HubName("h.x"), event),
                                                {.bytes_max = 1 << 24, .depth_max = 128});
        require(document.has_value());
    }
    return 0;
}
