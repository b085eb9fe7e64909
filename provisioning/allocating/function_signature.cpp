#include "base/encoding.h"
#include "crypto/keys.h"
#include "provisioning/allocating/function.h"

namespace muster::provisioning {

std::string function_signature(const Secret& key, std::string_view body, WallTime now) {
    const std::string seconds = std::to_string(unix_seconds(now));
    std::string signed_text = seconds + '.';
    signed_text += body;
    return "t=" + seconds +
           ",v1=" + hex_encode_lower(crypto::hmac_sha256(key.reveal(), signed_text));
}

} // namespace muster::provisioning
