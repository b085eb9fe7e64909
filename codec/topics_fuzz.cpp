// Topics, filters, user names and property bags on any text that MQTT lets through and on any that
// it does not: no check fails, and what was read can be written and read again.

#include "base/check.h"
#include "base/text.h"
#include "codec/topics.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace muster;
using namespace muster::topics;

/// Whatever a message holds, its bag is one level of the topic and begins with the address.
void check_cloud_to_device(const Properties& properties) {
    constexpr std::string_view levels = "devices/a/messages/devicebound/";
    const std::string topic = cloud_to_device("a", properties);
    CHECK(topic.starts_with(levels));
    const std::string_view bag = std::string_view(topic).substr(levels.size());
    CHECK(bag.starts_with("%24.to=") && !bag.contains('/') && !bag.contains('#'));
    const auto read = parse_property_bag(bag);
    CHECK(read.has_value());
    for (const Property& property : properties) {
        CHECK(std::ranges::find(*read, property) != read->end());
    }
}

void check_bag(std::string_view text) {
    const auto properties = parse_property_bag(text);
    if (!properties) {
        return;
    }
    for (const auto& [key, value] : *properties) {
        CHECK(is_valid_utf8(key) && is_valid_utf8(value));
    }
    const auto again = parse_property_bag(format_property_bag(*properties));
    CHECK(again.has_value());
    CHECK(*again == *properties);
    check_cloud_to_device(*properties);
}

void check_provisioning(std::string_view text) {
    if (const auto user = parse_provisioning_user(text)) {
        CHECK(!user->scope.empty() && !user->registration_id.empty());
        CHECK(!user->registration_id.contains('/'));
    }
    const auto topic = parse_provisioning_topic(text);
    if (topic) {
        const auto rid = std::visit([](const auto& request) { return request.rid; }, *topic);
        CHECK(!rid.empty() && rid.size() <= rid_bytes_max && !rid.contains('$'));
    }
}

void check_hub(std::string_view text) {
    if (const auto user = parse_hub_user(text)) {
        CHECK(!user->host.empty() && !user->device_id.empty());
        CHECK(!user->device_id.contains('/') && !user->module_id.contains('/'));
    }
    if (const auto topic = parse_hub_topic(text)) {
        if (const auto* telemetry = std::get_if<Telemetry>(&*topic)) {
            CHECK(!telemetry->device_id.empty() && !telemetry->device_id.contains('/'));
        }
    }
    CHECK(!parse_hub_filter(text, "a", "") || !text.contains("devices/b/"));
    (void)parse_hub_filter(text, "a", "m");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_bag(text);
    check_provisioning(text);
    check_hub(text);
    return 0;
}
