#pragma once
// Secrets at rest: documents sealed with AES-256-GCM under keys from a file that is kept apart from
// the database.
//
//     sealed = "s1:" key id (8 hex) ":" base64url( nonce (12 bytes), ciphertext, tag (16 bytes) )
//
// The context (table, tenant, id) is authenticated, so a sealed document cannot be moved to another
// row. What does not begin with "s1:" is in the clear: databases of before.

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::crypto {

/// Immutable but for add_key() and drop_old_keys(); sealing and opening are thread safe.
class KeyRing {
  public:
    /// With one new key.
    explicit KeyRing(Random& random);

    /// The text of a key file: comments (#) and lines `{key id} {base64 of 32 bytes}`, the current
    /// key first. Errors: malformed, never echoing a key.
    static Result<KeyRing> parse(std::string_view text);
    [[nodiscard]] Secret file_text() const;

    /// A new current key; the others still open what they sealed.
    void add_key(Random& random);
    void drop_old_keys();

    [[nodiscard]] std::string seal(std::string_view plain, std::string_view context) const;

    /// What is in the clear comes back as it is. Errors: internal, if the key is not in the ring,
    /// or the text was changed or belongs to another context (the detail does not say which key).
    [[nodiscard]] Result<std::string> open(std::string_view sealed, std::string_view context) const;

    [[nodiscard]] bool is_current(std::string_view sealed) const;

  private:
    KeyRing() = default;

    struct Key {
        std::string id;
        Secret bytes;
    };

    std::vector<Key> keys_; // the current one first, never empty
};

} // namespace muster::crypto
