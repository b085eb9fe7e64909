#include "provisioning/audit.h"

#include "base/encoding.h"
#include "crypto/keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr std::size_t hash_digits = 64;

bool is_hash(std::string_view text) {
    return text.size() == hash_digits && std::ranges::all_of(text, [](char digit) {
               return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
           });
}

/// How every text of this sequence begins; see audit_text().
std::string start_of_text(std::int64_t sequence) {
    return fmt::format(R"({{"sequence":{},)", sequence);
}

std::string missing(std::int64_t first, std::int64_t last) {
    return first == last ? fmt::format("entry {} is missing", first)
                         : fmt::format("entries {} to {} are missing", first, last);
}

std::unexpected<Error> broken(std::int64_t sequence, std::string_view how) {
    return fail(Code::precondition,
                fmt::format("the audit chain is broken at {}: {}", sequence, how));
}

} // namespace

const std::string audit_origin(hash_digits, '0');

std::string audit_text(std::int64_t sequence, const Change& change) {
    JsonObject text{{"sequence", sequence},
                    {"at", format_time(change.at)},
                    {"by", change.by.name},
                    {"action", change.action},
                    {"resource", change.resource}};
    if (change.before) {
        text["before"] = *change.before;
    }
    if (change.after) {
        text["after"] = *change.after;
    }
    return to_text(text);
}

std::string audit_hash(std::string_view previous_hash, std::string_view text) {
    return hex_encode_lower(crypto::sha256(fmt::format("{}\n{}", previous_hash, text)));
}

Result<void> AuditVerifier::check(const AuditEntry& entry) {
    const std::int64_t expected = sequence_ + 1;
    if (entry.sequence > expected) {
        return broken(expected, missing(expected, entry.sequence - 1));
    }
    if (entry.sequence < expected) {
        return broken(expected, fmt::format("entry {} stands in its place", entry.sequence));
    }
    if (!entry.text.starts_with(start_of_text(expected))) {
        return broken(expected, "the text is not that of this entry");
    }
    if (!is_hash(entry.hash)) {
        return broken(expected, "the hash was changed, it is not 64 lower-case hex digits");
    }
    if (entry.hash != audit_hash(hash_, entry.text)) {
        // Which of the three it was cannot be told from one entry.
        return broken(expected, "the text or the hash was changed, or it follows another entry");
    }
    sequence_ = expected;
    hash_ = entry.hash;
    return {};
}

} // namespace muster::provisioning
