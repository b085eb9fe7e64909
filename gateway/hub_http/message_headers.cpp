#include "gateway/hub_http/message_headers.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace muster::gateway {

namespace {

constexpr std::string_view application_prefix = "iothub-app-";

struct Name {
    std::string_view received; // in any case
    std::string_view property;
    std::string_view sent;
};

// Two clients read the content headers only without the hyphen.
constexpr std::array names{
    Name{"iothub-messageid", "$.mid", "iothub-messageid"},
    Name{"iothub-correlationid", "$.cid", "iothub-correlationid"},
    Name{"iothub-userid", "$.uid", "iothub-userid"},
    Name{"iothub-to", "$.to", "iothub-to"},
    Name{"iothub-expiry", "$.exp", "iothub-expiry"},
    Name{"iothub-ack", "iothub-ack", "iothub-ack"},
    Name{"iothub-creationtimeutc", "$.ctime", "iothub-creationtimeutc"},
    Name{"iothub-contenttype", "$.ct", "ContentType"},
    Name{"iothub-contentencoding", "$.ce", "ContentEncoding"},
    Name{"iothub-interface-id", "$.ifid", "iothub-interface-id"},
};

} // namespace

std::optional<topics::Property> property_from(std::string_view header, std::string_view value) {
    const auto known = std::ranges::find_if(
        names, [&](const Name& name) { return equal_ignoring_case(name.received, header); });
    if (known != names.end()) {
        return topics::Property{std::string(known->property), std::string(value)};
    }
    if (starts_with_ignoring_case(header, application_prefix) &&
        header.size() > application_prefix.size()) {
        header.remove_prefix(application_prefix.size());
        return topics::Property{std::string(header), std::string(value)};
    }
    return std::nullopt;
}

topics::Properties properties_from(const session::HttpRequest& request) {
    topics::Properties properties;
    for (const auto& [name, value] : request.headers) {
        if (auto property = property_from(name, value)) {
            properties.push_back(std::move(*property));
        }
    }
    return properties;
}

std::vector<session::HttpHeader> headers_of(const topics::Properties& properties) {
    std::vector<session::HttpHeader> headers;
    for (const auto& [name, value] : properties) {
        const auto known = std::ranges::find(names, name, &Name::property);
        headers.push_back({known == names.end() ? std::string(application_prefix) + name
                                                : std::string(known->sent),
                           value});
    }
    return headers;
}

} // namespace muster::gateway
