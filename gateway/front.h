#pragma once
// The two front doors that net/ is given: port 443 (HTTPS, and MQTT over WebSocket) and port 8883
// (MQTT). Both dispatch to the service that the request names.

#include "gateway/context.h"
#include "session/conversation.h"

namespace muster::gateway {

/// The context must outlive every conversation made.
session::ConversationFactory make_https_front(const Context& context);
session::ConversationFactory make_mqtt_front(const Context& context);

} // namespace muster::gateway
