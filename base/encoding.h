#pragma once
// Text encodings of bytes: base64 and base64url (RFC 4648 sections 4 and 5), hex, percent-encoding
// (RFC 3986 2.1).

#include "base/result.h"

#include <string>
#include <string_view>

namespace muster {

std::string base64_encode(std::string_view bytes);

/// Strict: the standard alphabet, padding required, no white space.
Result<std::string> base64_decode(std::string_view text);

/// Without padding, in both directions.
std::string base64url_encode(std::string_view bytes);
Result<std::string> base64url_decode(std::string_view text);

std::string hex_encode_upper(std::string_view bytes);
std::string hex_encode_lower(std::string_view bytes);

/// Either hex case; a '+' stays a '+'. A '%' that starts no escape is an error.
Result<std::string> percent_decode(std::string_view text);

/// Encodes everything but the unreserved characters (letters, digits, "-._~"), upper-case hex.
std::string percent_encode(std::string_view text);

} // namespace muster
