#include "base/encoding.h"
#include "crypto/keys.h"
#include "crypto/webhook_signature.h"

#include <gtest/gtest.h>

namespace muster::crypto {

TEST(WebhookSignature, IsWhatAReceiverComputes) {
    const WallTime start = from_unix_seconds(1'893'456'000);
    const Secret key("0123456789abcdef");
    const std::string by_hand =
        hex_encode_lower(hmac_sha256("0123456789abcdef", R"(1893456000.{"a":1})"));
    EXPECT_EQ(webhook_signature(key, R"({"a":1})", start), "t=1893456000,v1=" + by_hand);
    EXPECT_EQ(by_hand.size(), 64U);
    EXPECT_NE(webhook_signature(key, R"({"a":2})", start), "t=1893456000,v1=" + by_hand);
    EXPECT_NE(webhook_signature(key, R"({"a":1})", start + std::chrono::seconds(1)).substr(16),
              by_hand);
}

} // namespace muster::crypto
