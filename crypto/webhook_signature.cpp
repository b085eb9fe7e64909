#include "crypto/webhook_signature.h"

#include "base/encoding.h"
#include "crypto/keys.h"

namespace muster::crypto {

std::string webhook_signature(const Secret& key, std::string_view body, WallTime now) {
    const std::string seconds = std::to_string(unix_seconds(now));
    std::string signed_text = seconds + '.';
    signed_text += body;
    return "t=" + seconds + ",v1=" + hex_encode_lower(hmac_sha256(key.reveal(), signed_text));
}

} // namespace muster::crypto
