#include "gateway/control/linked_hub.h"

#include "base/text.h"
#include "gateway/control/connection_string.h"
#include "provisioning/documents/members.h"

#include <utility>

namespace muster::gateway {

namespace {

using provisioning::Instance;
using provisioning::LinkedHub;
using provisioning::MemberReader;

/// Is it linked already, and the connection string, if there is one, as it was shown?
bool was_shown(const Instance* stored, const HubName& name, std::string_view text) {
    const auto* hub = stored == nullptr ? nullptr : stored->find_hub(name);
    return hub != nullptr && (text.empty() || text == masked_connection_string(*hub));
}

/// Azure knows no such limit, so its shape leaves it as it is.
void keep_limit(const Instance* stored, const HubName& name, LinkedHub& hub) {
    const auto* linked = stored == nullptr ? nullptr : stored->find_hub(name);
    hub.devices_max = linked == nullptr ? hub.devices_max : linked->devices_max;
}

/// A connection string in full says itself which hub it is for; else the hub is named.
void read_link(MemberReader& reader, const Instance* stored, LinkedHub& hub) {
    auto text = reader.text("connectionString").value_or("");
    const auto parsed = parse_connection_string(text);
    if (!parsed.key.empty() && !parsed.is_masked()) {
        keep_limit(stored, HubName(parsed.host_name), hub);
        hub.connection_string = Secret(std::move(text));
        return;
    }
    const auto host_name = reader.text("hostName");
    const auto name = reader.text("name");
    hub.name = HubName(!parsed.host_name.empty() ? parsed.host_name
                                                 : host_name.value_or(name.value_or("")));
    if (!was_shown(stored, hub.name, text)) {
        reader.refuse("connectionString", "is needed in full to link a hub");
    }
    keep_limit(stored, hub.name, hub);
}

} // namespace

JsonObject to_hub_resource(const LinkedHub& hub) {
    return {{"name", hub.name.text()},
            {"hostName", hub.name.text()},
            {"connectionString", masked_connection_string(hub)},
            {"location", hub.location},
            {"applyAllocationPolicy", hub.apply_allocation_policy},
            {"allocationWeight", hub.weight},
            {"authenticationType", "KeyBased"}};
}

std::string masked_connection_string(const LinkedHub& hub) {
    // Put together from what is known to be no secret; nothing else of it gets through.
    const auto policy = parse_connection_string(hub.connection_string.reveal()).policy;
    std::string text = "HostName=" + hub.name.text();
    if (!policy.empty()) { // a hub of the configuration is linked without a connection string
        text += ";SharedAccessKeyName=" + std::string(policy);
    }
    return text + ";SharedAccessKey=" + std::string(masked_key);
}

Result<LinkedHub> read_linked_hub(const JsonObject& document, const std::string& path,
                                  const Instance* stored) {
    MemberReader reader(document, path);
    LinkedHub hub;
    read_link(reader, stored, hub);
    hub.location = reader.text("location").value_or("");
    hub.apply_allocation_policy = reader.flag("applyAllocationPolicy").value_or(true);
    const auto weight = reader.number("allocationWeight").value_or(1);
    if (weight < 1 || weight > 1000) {
        reader.refuse("allocationWeight", "is from 1 to 1000");
    } else {
        hub.weight = static_cast<int>(weight);
    }
    if (!equal_ignoring_case(reader.text("authenticationType").value_or("KeyBased"), "KeyBased")) {
        reader.refuse("authenticationType", "is KeyBased here; there are no managed identities");
    }
    if (const auto verdict = reader.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return hub;
}

} // namespace muster::gateway
