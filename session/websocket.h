#pragma once
// The server side of RFC 6455 on a connection whose upgrade was accepted: a wrapper that gives the
// inner conversation a byte stream. Frame borders mean nothing to it, and extensions are never
// negotiated (reference: dps-device 1.5).

#include "session/conversation.h"
#include "session/http_session.h"

#include <memory>
#include <string>
#include <string_view>

namespace muster::session {

struct WebSocketOffer {
    std::string accept_key;  // the value of Sec-WebSocket-Accept
    std::string subprotocol; // exactly as offered
};

/// Checks an upgrade request and picks the first offered subprotocol that equals `wanted` without
/// regard to case. Errors: malformed (not a WebSocket request), unsupported (no such subprotocol).
Result<WebSocketOffer> read_websocket_offer(const HttpRequest& request, std::string_view wanted);

struct WebSocketLimits {
    std::size_t frame_bytes_max = 1024 * 1024;
    std::chrono::seconds close_time_max{5};
};

/// Text frames, unmasked frames, oversized frames and broken control frames end the connection with
/// the status RFC 6455 section 7.4 names. Pings are answered.
std::unique_ptr<Conversation> make_websocket(std::unique_ptr<Conversation> inner,
                                             const WebSocketLimits& limits = {});

} // namespace muster::session
