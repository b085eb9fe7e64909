#pragma once
// Messages as HTTP headers carry them (reference: iothub A.12): `iothub-app-{name}` for an
// application property, and a header for every system property.

#include "codec/topics.h"
#include "session/http_session.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::gateway {

/// The property that a header, or a member of a batch's `properties`, stands for; nothing for a
/// header that has nothing to do with the message.
std::optional<topics::Property> property_from(std::string_view header, std::string_view value);

/// What a request's headers say of the message in its body.
topics::Properties properties_from(const session::HttpRequest& request);

/// The headers of a message that a device receives, spelled as clients look for them.
std::vector<session::HttpHeader> headers_of(const topics::Properties& properties);

} // namespace muster::gateway
