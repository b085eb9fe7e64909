#include "crypto/keys.h"

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>

namespace muster::crypto {

namespace {

constexpr std::size_t key_bytes_min = 16;
constexpr std::size_t key_bytes_max = 64;

// OpenSSL 3.0 looks an algorithm up anew at every use of EVP_sha256() or HMAC(), which costs more
// than hashing a token. Each is fetched once; the objects live until the process ends.
const EVP_MD* fetched(const char* name) {
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
    CHECK(algorithm != nullptr);
    return algorithm;
}

EVP_MAC_CTX* make_hmac_sha256() {
    EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    CHECK(algorithm != nullptr);
    EVP_MAC_CTX* context = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm); // the context holds it
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    CHECK(context != nullptr && EVP_MAC_CTX_set_params(context, parameters) == 1);
    return context;
}

std::string digest(std::string_view bytes, const EVP_MD* algorithm) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    CHECK(EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, algorithm, nullptr) == 1);
    return {reinterpret_cast<const char*>(out.data()), size};
}

} // namespace

std::string hmac_sha256(std::string_view key, std::string_view text) {
    static EVP_MAC_CTX* const prepared = make_hmac_sha256();
    // A copy for each use: OpenSSL wipes the key with it, and threads do not meet.
    const MacContextPtr context(EVP_MAC_CTX_dup(prepared));
    std::array<unsigned char, 32> out{};
    std::size_t size = 0;
    // A null key would mean "the key set before": an empty one still needs an address.
    const auto* key_bytes = reinterpret_cast<const unsigned char*>(key.empty() ? "" : key.data());
    const auto* text_bytes = reinterpret_cast<const unsigned char*>(text.data());
    CHECK(context && EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1);
    CHECK(EVP_MAC_update(context.get(), text_bytes, text.size()) == 1);
    CHECK(EVP_MAC_final(context.get(), out.data(), &size, out.size()) == 1);
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string sha256(std::string_view bytes) {
    static const EVP_MD* const algorithm = fetched("SHA256");
    return digest(bytes, algorithm);
}

std::string sha1(std::string_view bytes) {
    static const EVP_MD* const algorithm = fetched("SHA1");
    return digest(bytes, algorithm);
}

Result<Secret> decode_key(std::string_view base64) {
    auto bytes = base64_decode(base64);
    if (!bytes) {
        return fail(Code::malformed, "a symmetric key must be base64");
    }
    Secret key(std::move(*bytes));
    if (key.reveal().size() < key_bytes_min || key.reveal().size() > key_bytes_max) {
        return fail(Code::malformed, "a symmetric key must have 16 to 64 bytes");
    }
    return key;
}

std::string encode_key(const Secret& key) {
    return base64_encode(key.reveal());
}

Secret new_key(Random& random, std::size_t bytes) {
    return Secret(random.bytes(bytes));
}

Secret derive_device_key(const Secret& group_key, std::string_view registration_id) {
    return Secret(hmac_sha256(group_key.reveal(), registration_id));
}

} // namespace muster::crypto
