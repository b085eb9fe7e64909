#pragma once
// How whoever is behind a webhook checks who calls, and when.

#include "base/clock.h"
#include "base/secret.h"

#include <string>
#include <string_view>

namespace muster::crypto {

inline constexpr std::string_view webhook_signature_header = "X-Muster-Signature";

/// `t=1893456000,v1=<hex>`: HMAC-SHA-256 over "<unix seconds>.<body>".
std::string webhook_signature(const Secret& key, std::string_view body, WallTime now);

} // namespace muster::crypto
