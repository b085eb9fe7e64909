#include "provisioning/attestation/symmetric_key.h"

#include "base/text.h"
#include "crypto/keys.h"
#include "provisioning/refusals.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace muster::provisioning {

namespace {

std::string resource_for(const IdScope& scope, const RegistrationId& id) {
    return scope.text() + "/registrations/" + id.text();
}

bool names_registration(std::string_view resource, const IdScope& scope, const RegistrationId& id) {
    const std::vector<std::string_view> parts = split(resource, '/');
    return parts.size() == 3 && parts[0] == scope.text() && parts[1] == "registrations" &&
           equal_ignoring_case(parts[2], id.text());
}

bool signs(const Secret& key, const crypto::SasToken& token) {
    // HMAC takes an empty key without complaint, and anybody can sign with that.
    return !key.empty() && crypto::signed_by(token, key);
}

bool either_signs(const SymmetricKeys& keys, const crypto::SasToken& token) {
    return signs(keys.primary, token) || signs(keys.secondary, token);
}

Secret derive(const Secret& group_key, std::string_view id) {
    return group_key.empty() ? Secret() : crypto::derive_device_key(group_key, id);
}

// ---- the usual mistakes ----

struct KeySlotName {
    const Secret& key;
    std::string_view name;
};

std::array<KeySlotName, 2> slots_of(const SymmetricKeys& keys) {
    return {{{keys.primary, "primary"}, {keys.secondary, "secondary"}}};
}

std::string to_upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

/// Spellings of the id that are not tried when verifying: the token's own, and upper case.
std::set<std::string> other_spellings(const crypto::SasToken& token, const RegistrationId& id) {
    const std::string resource = token.resource();
    std::set<std::string> spellings{std::string(split(resource, '/').back()), to_upper(id.text())};
    spellings.erase(id.text());
    spellings.erase(id.folded());
    return spellings;
}

Finding plain_mismatch(const SymmetricKeys& keys, std::string_view what) {
    std::string detail = "signed with " + std::string(what);
    for (const KeySlotName& slot : slots_of(keys)) {
        if (slot.key.empty()) {
            detail += "; the " + std::string(slot.name) + " key is empty";
        }
    }
    return {.code = FindingCode::key_mismatch, .detail = std::move(detail)};
}

Finding explain_own_keys(const crypto::SasToken& token, const SymmetricKeys& keys,
                         const RegistrationId& id) {
    for (const KeySlotName& slot : slots_of(keys)) {
        const std::string name = std::string(slot.name) + " key";
        if (signs(derive(slot.key, id.text()), token)) {
            return {.code = FindingCode::key_derived_needlessly,
                    .detail = "signed with a key derived from the " + name};
        }
        if (signs(Secret(crypto::encode_key(slot.key)), token)) {
            return {.code = FindingCode::key_not_decoded,
                    .detail = "signed with the base64 text of the " + name};
        }
    }
    return plain_mismatch(keys, "neither the primary nor the secondary key");
}

} // namespace

Verdict<crypto::SasToken> read_token(const TokenFacts& facts) {
    Result<crypto::SasToken> token = crypto::parse_sas(facts.text);
    if (!token) {
        const Error& error = token.error();
        return unproven(FindingCode::token_unreadable,
                        error.cause.empty() ? error.detail : error.cause);
    }
    if (!names_registration(token->resource(), facts.scope, facts.id)) {
        return unproven(FindingCode::token_for_another_resource,
                        "made for " + in_quotes(token->resource()) + ", not for " +
                            in_quotes(resource_for(facts.scope, facts.id)));
    }
    if (!crypto::is_current(*token, facts.now)) {
        return unproven(FindingCode::token_expired,
                        "expired at " +
                            format_time_seconds(from_unix_seconds(token->expiry_unix_seconds)) +
                            ", now is " + format_time_seconds(facts.now));
    }
    return *std::move(token);
}

Verdict<> verify_symmetric_key(const crypto::SasToken& token, const SymmetricKeys& keys,
                               const RegistrationId& id) {
    if (either_signs(keys, token)) {
        return {};
    }
    return std::unexpected(explain_own_keys(token, keys, id));
}

std::optional<SymmetricKeys> find_derived_keys(const crypto::SasToken& token,
                                               const SymmetricKeys& group_keys,
                                               const RegistrationId& id) {
    for (const std::string& spelling : {id.text(), id.folded()}) {
        SymmetricKeys derived{.primary = derive(group_keys.primary, spelling),
                              .secondary = derive(group_keys.secondary, spelling)};
        if (either_signs(derived, token)) {
            return derived;
        }
        if (id.text() == id.folded()) {
            break;
        }
    }
    return std::nullopt;
}

Finding explain_mismatch(const crypto::SasToken& token, const SymmetricKeys& group_keys,
                         const RegistrationId& id) {
    for (const KeySlotName& slot : slots_of(group_keys)) {
        const std::string name = std::string(slot.name) + " key";
        if (signs(slot.key, token)) {
            return {.code = FindingCode::key_not_derived,
                    .detail = "signed with the group's " + name + " itself"};
        }
        for (const std::string& spelling : other_spellings(token, id)) {
            if (signs(derive(slot.key, spelling), token)) {
                return {.code = FindingCode::key_of_other_spelling,
                        .detail = "derived from the " + name + " for " + in_quotes(spelling) +
                                  ", but the device registers as " + in_quotes(id.text())};
            }
        }
        if (signs(Secret(crypto::encode_key(derive(slot.key, id.text()))), token)) {
            return {.code = FindingCode::key_not_decoded,
                    .detail = "signed with the base64 text of the key derived from the " + name};
        }
    }
    return plain_mismatch(group_keys, "no key derived from the primary or the secondary key");
}

} // namespace muster::provisioning
