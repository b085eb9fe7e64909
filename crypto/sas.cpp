#include "crypto/sas.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/keys.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

namespace muster::crypto {

namespace {

constexpr std::string_view scheme_word = "SharedAccessSignature";
constexpr std::size_t token_bytes_max = 4096;
constexpr std::size_t signature_bytes = 32;
constexpr std::chrono::minutes expiry_tolerance{5};

std::unexpected<Error> unusable(std::string reason) {
    return fail(Code::unauthenticated, "unusable shared access signature: " + std::move(reason));
}

struct Fields {
    std::optional<std::string_view> sr, sig, se, skn;

    /// Null for a name that means nothing to us.
    std::optional<std::string_view>* find(std::string_view name) {
        const std::array<std::pair<std::string_view, std::optional<std::string_view>*>, 4> known = {
            {{"sr", &sr}, {"sig", &sig}, {"se", &se}, {"skn", &skn}}};
        const auto* found = std::ranges::find(known, name, [](const auto& f) { return f.first; });
        return found == known.end() ? nullptr : found->second;
    }
};

Result<Fields> parse_fields(std::string_view text) {
    Fields fields;
    for (const std::string_view part : split(text, '&')) {
        const auto pair = split_once(part, '=');
        if (!pair) {
            return unusable("a field without '='");
        }
        auto* field = fields.find(pair->first);
        if (field == nullptr) {
            continue;
        }
        if (field->has_value()) {
            return unusable("a field occurs twice");
        }
        *field = pair->second;
    }
    return fields;
}

/// The text behind the scheme word, nothing if it is missing.
std::optional<std::string_view> without_scheme_word(std::string_view text) {
    text = trim(text);
    if (!starts_with_ignoring_case(text, scheme_word)) {
        return std::nullopt;
    }
    text.remove_prefix(scheme_word.size());
    const std::string_view fields = trim(text);
    // At least one space stood between.
    return fields.size() == text.size() ? std::nullopt : std::optional(fields);
}

Result<std::string> decode_signature(std::string_view raw) {
    const auto base64 = percent_decode(raw);
    if (!base64) {
        return unusable("sig is not percent-encoded");
    }
    auto bytes = base64_decode(*base64);
    if (!bytes || bytes->size() != signature_bytes) {
        return unusable("sig is not the base64 of 32 bytes");
    }
    return std::move(*bytes);
}

std::optional<long long> parse_expiry(std::string_view raw) {
    const auto seconds = parse_decimal(raw);
    if (!seconds || *seconds > std::numeric_limits<long long>::max()) {
        return std::nullopt;
    }
    return static_cast<long long>(*seconds);
}

/// A resource as its segments: the host without scheme and port, then the path.
std::vector<std::string_view> segments(std::string_view resource) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (starts_with_ignoring_case(resource, scheme)) {
            resource.remove_prefix(scheme.size());
            break;
        }
    }
    if (resource.ends_with('/')) {
        resource.remove_suffix(1);
    }
    auto parts = split(resource, '/');
    std::string_view& host = parts.front();
    const auto colon = host.rfind(':');
    // A lone colon or one behind an IPv6 literal's bracket starts a port.
    if (colon != std::string_view::npos && parse_decimal(host.substr(colon + 1)) &&
        (host.find(':') == colon || host[colon - 1] == ']')) {
        host = host.substr(0, colon);
    }
    return parts;
}

/// Samples in the documentation sign one segment more than the resource (iothub A.4.1).
void drop_api_version(std::vector<std::string_view>& parts) {
    if (parts.size() > 1 && starts_with_ignoring_case(parts.back(), "api-version=")) {
        parts.pop_back();
    }
}

bool is_prefix(const std::vector<std::string_view>& prefix,
               const std::vector<std::string_view>& whole) {
    return prefix.size() <= whole.size() && equal_ignoring_case(prefix.front(), whole.front()) &&
           std::equal(prefix.begin() + 1, prefix.end(), whole.begin() + 1);
}

} // namespace

std::string SasToken::resource() const {
    return percent_decode(resource_raw).value_or("");
}

std::string SasToken::policy() const {
    return percent_decode(policy_raw).value_or(policy_raw); // some clients do not encode it
}

Result<SasToken> parse_sas(std::string_view text) {
    if (text.size() > token_bytes_max) {
        return unusable("too long");
    }
    const auto content = without_scheme_word(text);
    if (!content) {
        return unusable("it does not start with the word SharedAccessSignature");
    }
    const auto fields = parse_fields(*content);
    if (!fields) {
        return std::unexpected(fields.error());
    }
    if (!fields->sr || !fields->sig || !fields->se) {
        return unusable("sr, sig and se are required");
    }
    const auto resource = percent_decode(*fields->sr);
    if (!resource || resource->empty()) {
        return unusable("sr is not a resource");
    }
    const auto expiry = parse_expiry(*fields->se);
    if (!expiry) {
        return unusable("se is not a number of seconds");
    }
    auto signature = decode_signature(*fields->sig);
    if (!signature) {
        return std::unexpected(std::move(signature.error()));
    }
    return SasToken{.resource_raw = std::string(*fields->sr),
                    .expiry_raw = std::string(*fields->se),
                    .signature = std::move(*signature),
                    .policy_raw = std::string(fields->skn.value_or("")),
                    .expiry_unix_seconds = *expiry};
}

bool signed_by(const SasToken& token, const Secret& key) {
    const std::string expected =
        hmac_sha256(key.reveal(), token.resource_raw + '\n' + token.expiry_raw);
    return equal_in_constant_time(expected, token.signature);
}

bool is_current(const SasToken& token, WallTime now) {
    return from_unix_seconds(token.expiry_unix_seconds) >= now - expiry_tolerance;
}

bool covers(const SasToken& token, std::string_view resource) {
    const std::string decoded = token.resource();
    auto granted = segments(decoded);
    const auto wanted = segments(resource);
    drop_api_version(granted);
    if (is_prefix(granted, wanted)) {
        return true;
    }
    // Some C# clients encode the device id and then the whole (iothub A.4.1).
    std::vector<std::string> decoded_twice;
    decoded_twice.reserve(granted.size());
    for (std::string_view& segment : granted) {
        const auto again = percent_decode(segment);
        if (!again) {
            return false;
        }
        segment = decoded_twice.emplace_back(*again);
    }
    return is_prefix(granted, wanted);
}

std::string make_sas(std::string_view resource, const Secret& key, WallTime expiry,
                     std::string_view policy) {
    const std::string sr = percent_encode(resource);
    const std::string se = std::to_string(unix_seconds(expiry));
    const std::string signature = base64_encode(hmac_sha256(key.reveal(), sr + '\n' + se));
    std::string token =
        std::string(scheme_word) + " sr=" + sr + "&sig=" + percent_encode(signature) + "&se=" + se;
    if (!policy.empty()) {
        token += "&skn=" + percent_encode(policy);
    }
    return token;
}

} // namespace muster::crypto
