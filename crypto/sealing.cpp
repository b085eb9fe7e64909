#include "crypto/sealing.h"

#include "base/check.h"
#include "base/encoding.h"
#include "base/text.h"
#include "crypto/keys.h"
#include "crypto/openssl.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace muster::crypto {

namespace {

constexpr std::string_view prefix = "s1:";
constexpr std::size_t id_digits = 8;
constexpr std::size_t key_bytes = 32;
// Random nonces: NIST SP 800-38D 8.3 allows 2^32 of them under one key.
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;

/// Fetched once, as the digests are (keys.cpp); lives until the process ends.
const EVP_CIPHER* cipher() {
    static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    CHECK(fetched != nullptr);
    return fetched;
}

const unsigned char* input(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* output(char* bytes) {
    return reinterpret_cast<unsigned char*>(bytes);
}

enum class Direction : int { decrypt = 0, encrypt = 1 };

/// Ready for the text: the key and nonce are set, the context of the document is authenticated.
CipherContextPtr prepared(Direction direction, const Secret& key, std::string_view nonce,
                          std::string_view context) {
    CipherContextPtr cipher_context(EVP_CIPHER_CTX_new());
    int size = 0;
    CHECK(cipher_context &&
          EVP_CipherInit_ex2(cipher_context.get(), cipher(), input(key.reveal()), input(nonce),
                             static_cast<int>(direction), nullptr) == 1);
    CHECK(EVP_CipherUpdate(cipher_context.get(), nullptr, &size, input(context),
                           static_cast<int>(context.size())) == 1);
    return cipher_context;
}

/// nonce, ciphertext, tag
std::string encrypt(const Secret& key, std::string_view plain, std::string_view context) {
    const std::string nonce = SystemRandom().bytes(nonce_bytes);
    const auto cipher_context = prepared(Direction::encrypt, key, nonce, context);
    std::string bytes(nonce_bytes + plain.size() + tag_bytes, '\0');
    std::ranges::copy(nonce, bytes.begin());
    char* const text = bytes.data() + nonce_bytes;
    char* const tag = text + plain.size();
    int size = 0;
    CHECK(EVP_CipherUpdate(cipher_context.get(), output(text), &size, input(plain),
                           static_cast<int>(plain.size())) == 1);
    CHECK(EVP_CipherFinal_ex(cipher_context.get(), output(tag), &size) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(cipher_context.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, tag) == 1);
    return bytes;
}

std::optional<std::string> decrypt(const Secret& key, std::string bytes, std::string_view context) {
    if (bytes.size() < nonce_bytes + tag_bytes) {
        return std::nullopt;
    }
    const ErrorScope errors;
    const std::size_t plain_size = bytes.size() - nonce_bytes - tag_bytes;
    const std::string_view nonce = std::string_view(bytes).substr(0, nonce_bytes);
    const auto cipher_context = prepared(Direction::decrypt, key, nonce, context);
    char* const text = bytes.data() + nonce_bytes;
    char* const tag = text + plain_size;
    std::string plain(plain_size, '\0');
    int size = 0;
    CHECK(EVP_CipherUpdate(cipher_context.get(), output(plain.data()), &size, output(text),
                           static_cast<int>(plain_size)) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(cipher_context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag) == 1);
    // Only now is it known whether the text is ours.
    const bool authentic = EVP_CipherFinal_ex(cipher_context.get(), output(tag), &size) == 1;
    return authentic ? std::optional(std::move(plain)) : std::nullopt;
}

/// A sealed text in its parts; nothing if it is not one.
struct Sealed {
    std::string_view key_id;
    std::string_view encoded;
};

std::optional<Sealed> parts_of(std::string_view sealed) {
    if (!sealed.starts_with(prefix)) {
        return std::nullopt;
    }
    const auto parts = split_once(sealed.substr(prefix.size()), ':');
    return parts ? Sealed{parts->first, parts->second} : Sealed{};
}

std::unexpected<Error> unreadable(std::string_view cause) {
    return fail(Code::internal, "stored data cannot be read", std::string(cause));
}

bool is_key_id(std::string_view text) {
    const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return text.size() == id_digits && std::ranges::all_of(text, is_digit);
}

struct Line {
    std::string id;
    Secret key;
};

/// Nothing if it does not hold a key.
std::optional<Line> parse_line(std::string_view line) {
    const auto parts = split_once(line, ' ');
    if (!parts || !is_key_id(parts->first)) {
        return std::nullopt;
    }
    auto key = decode_key(trim(parts->second));
    if (!key || key->reveal().size() != key_bytes) {
        return std::nullopt;
    }
    return Line{std::string(parts->first), std::move(*key)};
}

} // namespace

KeyRing::KeyRing(Random& random) {
    add_key(random);
}

Result<KeyRing> KeyRing::parse(std::string_view text) {
    KeyRing ring;
    std::size_t number = 0;
    for (const std::string_view untrimmed : split(text, '\n')) {
        ++number;
        const std::string_view line = trim(untrimmed);
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        auto parsed = parse_line(line);
        if (!parsed) {
            return fail(Code::malformed,
                        fmt::format("line {} of the key file: expected a key id of 8 hex digits "
                                    "and 32 bytes in base64",
                                    number));
        }
        if (std::ranges::find(ring.keys_, parsed->id, &Key::id) != ring.keys_.end()) {
            return fail(Code::malformed,
                        fmt::format("line {} of the key file: the key id is there twice", number));
        }
        ring.keys_.push_back({std::move(parsed->id), std::move(parsed->key)});
    }
    if (ring.keys_.empty()) {
        return fail(Code::malformed, "the key file holds no key");
    }
    return ring;
}

Secret KeyRing::file_text() const {
    std::string text = "# Keys of the secrets in the database, the current one first. Whoever has "
                       "this file and the\n# database has the secrets; without it they are lost.\n";
    for (const Key& key : keys_) {
        text += key.id + ' ' + encode_key(key.bytes) + '\n';
    }
    return Secret(std::move(text));
}

void KeyRing::add_key(Random& random) {
    std::string id;
    do {
        id = hex_encode_lower(random.bytes(id_digits / 2));
    } while (std::ranges::find(keys_, id, &Key::id) != keys_.end());
    keys_.insert(keys_.begin(), {std::move(id), new_key(random, key_bytes)});
}

void KeyRing::drop_old_keys() {
    keys_.resize(1);
}

std::string KeyRing::seal(std::string_view plain, std::string_view context) const {
    const Key& key = keys_.front();
    std::string sealed(prefix);
    sealed += key.id;
    sealed += ':';
    sealed += base64url_encode(encrypt(key.bytes, plain, context));
    return sealed;
}

Result<std::string> KeyRing::open(std::string_view sealed, std::string_view context) const {
    const auto parts = parts_of(sealed);
    if (!parts) {
        return std::string(sealed);
    }
    const auto key = std::ranges::find(keys_, parts->key_id, &Key::id);
    if (key == keys_.end()) {
        return unreadable("sealed under a key that is not in the key file");
    }
    auto bytes = base64url_decode(parts->encoded);
    if (!bytes) {
        return unreadable("a sealed text is damaged");
    }
    auto plain = decrypt(key->bytes, std::move(*bytes), context);
    if (!plain) {
        return unreadable("a sealed text was changed or belongs to another row");
    }
    return std::move(*plain);
}

bool KeyRing::is_current(std::string_view sealed) const {
    const auto parts = parts_of(sealed);
    return parts && parts->key_id == keys_.front().id;
}

} // namespace muster::crypto
