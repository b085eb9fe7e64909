#include "base/encoding.h"
#include "crypto/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::crypto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// RFC 4231, test cases 1, 2 and 6 (a key longer than a block); RFC 2104 allows the empty key.
TEST(HmacSha256, KnownValues) {
    EXPECT_EQ(hex_encode_lower(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex_encode_lower(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        hex_encode_lower(hmac_sha256(std::string(131, '\xaa'),
                                     "Test Using Larger Than Block-Size Key - Hash Key First")),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(hex_encode_lower(hmac_sha256("", "")),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    EXPECT_EQ(hmac_sha256({}, "x"), hmac_sha256("", "x"));
}

// FIPS 180-4 examples.
TEST(Digests, KnownValues) {
    EXPECT_EQ(hex_encode_lower(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_encode_lower(sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex_encode_lower(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

// DPS-DEVICE-60: dps-device A.1, every line.
TEST(DerivedKeys, KnownValues) {
    constexpr std::string_view first =
        "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";
    constexpr std::string_view second =
        "oiK77Oy7rBw8YB6IS6ukRChAw+Yq6GC61RMrPLSTiOOtdI+XDu0LmLuNm11p+qv2I+adqGUdZHm46zXAQdZoOA==";

    const struct {
        std::string_view group_key, registration_id, device_key;
    } known[] = {
        {first, "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6",
         "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="},
        {second, "breakroom499-contoso-tstrsd-007", "JC8F96eayuQwwz+PkE7IzjH2lIAjCUnAa61tDigBnSs="},
        {second, "mainbuilding167-contoso-hpsd-088",
         "6uejA9PfkQgmYylj8Zerp3kcbeVrGZ172YLa7VSnJzg="},
        {"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "dev-1",
         "OMh199of2VbMZydm9WzziAMshZm/6i8BTTfCPw6adZM="},
    };

    for (const auto& line : known) {
        const Secret derived = derive_device_key(*decode_key(line.group_key), line.registration_id);
        EXPECT_EQ(encode_key(derived), line.device_key) << line.registration_id;
    }
}

TEST(DerivedKeys, DependOnTheSpelling) {
    const Secret group_key("0123456789abcdef");
    EXPECT_FALSE(derive_device_key(group_key, "Dev-1") == derive_device_key(group_key, "dev-1"));
}

// dps-service 7: base64 of 16 to 64 bytes.
TEST(KeyText, HasBounds) {
    EXPECT_TRUE(decode_key(base64_encode(std::string(16, 'k'))).has_value());
    EXPECT_TRUE(decode_key(base64_encode(std::string(64, 'k'))).has_value());
    EXPECT_FALSE(decode_key(base64_encode(std::string(15, 'k'))).has_value());
    EXPECT_FALSE(decode_key(base64_encode(std::string(65, 'k'))).has_value());
    EXPECT_FALSE(decode_key("").has_value());
}

TEST(KeyText, IsNotEchoedWhenItIsWrong) {
    const auto key = decode_key("my-secret-passphrase!");
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().code, Code::malformed);
    EXPECT_THAT(key.error().detail + key.error().cause, Not(HasSubstr("passphrase")));
}

TEST(NewKey, HasTheSizeAskedFor) {
    SystemRandom random;
    const Secret key = new_key(random, 64);
    EXPECT_EQ(key.reveal().size(), 64U);
    EXPECT_EQ(encode_key(key).size(), 88U);
    EXPECT_TRUE(*decode_key(encode_key(key)) == key);
    EXPECT_FALSE(new_key(random, 64) == key);
}

} // namespace
} // namespace muster::crypto
