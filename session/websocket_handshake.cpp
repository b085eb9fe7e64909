// The opening handshake, seen from the server (RFC 6455 4.2).

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/keys.h"
#include "session/http_text.h"
#include "session/websocket.h"

#include <algorithm>

namespace muster::session {

namespace {

// RFC 6455 1.3.
constexpr std::string_view accept_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_bytes = 16;

bool is_websocket_request(const HttpRequest& request) {
    const auto& headers = request.headers;
    return request.method == "GET" && header_lists(headers, "connection", "upgrade") &&
           header_lists(headers, "upgrade", "websocket") &&
           request.header("sec-websocket-version") == "13" &&
           count_headers(headers, "sec-websocket-key") == 1;
}

} // namespace

Result<WebSocketOffer> read_websocket_offer(const HttpRequest& request, std::string_view wanted) {
    if (!is_websocket_request(request)) {
        return fail(Code::malformed, "not a WebSocket request of version 13");
    }
    const std::string_view key = request.header("sec-websocket-key");
    const Result<std::string> nonce = base64_decode(key);
    if (!nonce || nonce->size() != key_bytes) {
        return fail(Code::malformed, "Sec-WebSocket-Key is not the base64 of 16 bytes");
    }
    const auto offered = header_list(request.headers, "sec-websocket-protocol");
    const auto chosen = std::ranges::find_if(
        offered, [&](std::string_view name) { return equal_ignoring_case(name, wanted); });
    if (chosen == offered.end()) {
        return fail(Code::unsupported, "no subprotocol is offered that is spoken here");
    }
    WebSocketOffer offer;
    offer.accept_key = base64_encode(crypto::sha1(std::string(key).append(accept_guid)));
    offer.subprotocol = *chosen;
    return offer;
}

} // namespace muster::session
