#pragma once
// Symmetric keys: bytes, their base64 form, and the derived keys of enrollment groups.

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

#include <string>
#include <string_view>

namespace muster::crypto {

/// The bytes of HMAC-SHA256.
std::string hmac_sha256(std::string_view key, std::string_view text);

std::string sha256(std::string_view bytes);
std::string sha1(std::string_view bytes);

/// Base64 of 16 to 64 bytes (dps-service 7). Error: malformed, without echoing the text.
Result<Secret> decode_key(std::string_view base64);
std::string encode_key(const Secret& key);

/// A new key of so many bytes.
Secret new_key(Random& random, std::size_t bytes);

/// HMAC-SHA256(group key, registration id as the device spells it) (dps-device 5.2).
Secret derive_device_key(const Secret& group_key, std::string_view registration_id);

} // namespace muster::crypto
