#pragma once
// The audit trail: every administrative change and every change of an assignment, with who, what,
// before and after. One chain per ID scope, so that tenants verify theirs without seeing others';
// the empty scope is the server's own chain (tokens, instances coming and going).
//
// An entry's text is a JSON object; its hash is
//
//     SHA-256(previous entry's hash as 64 hex digits, LF, text)        in lower-case hex
//
// and the first entry's previous hash is 64 zeros. An entry is written in the transaction of its
// change, so neither exists without the other.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "provisioning/principal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::provisioning {

/// What is to be written. `before` and `after` are documents without secrets (View::read).
struct Change {
    WallTime at;
    Principal by;
    std::string action;   // "enrollment.create", "policy.rotate", "registration.assign"
    std::string resource; // "enrollment/dev-1"
    std::optional<JsonObject> before;
    std::optional<JsonObject> after;
};

struct AuditEntry {
    std::int64_t sequence = 0; // 1, 2, 3, ... within its scope
    std::string text;          // of the entry, exactly as hashed
    std::string hash;
};

/// The scope of the server's own chain.
inline const IdScope server_chain;

/// The previous hash of a chain's first entry.
extern const std::string audit_origin;

/// `{"sequence":..,"at":..,"by":..,"action":..,"resource":..,"before":..,"after":..}`, the last two
/// only if the change has them.
std::string audit_text(std::int64_t sequence, const Change& change);
std::string audit_hash(std::string_view previous_hash, std::string_view text);

/// Checks a chain entry by entry, from any source.
class AuditVerifier {
  public:
    /// Continues after an entry that is known to be good; from the start by default.
    explicit AuditVerifier(std::int64_t sequence = 0, std::string hash = audit_origin)
        : sequence_(sequence), hash_(std::move(hash)) {}

    /// Error: precondition, saying at which sequence the chain is broken and how (a gap, a changed
    /// text, a changed hash). The verifier stays at the last good entry.
    Result<void> check(const AuditEntry& entry);

    [[nodiscard]] std::int64_t sequence() const { return sequence_; }

    [[nodiscard]] const std::string& hash() const { return hash_; }

  private:
    std::int64_t sequence_;
    std::string hash_;
};

/// Thread safe. Entries are added by the writes that they belong to (ports.h, Write).
class AuditStore {
  public:
    virtual ~AuditStore() = default;

    /// In order, after `after`; the empty scope is the server's chain.
    virtual Result<std::vector<AuditEntry>> read(const IdScope& scope, std::int64_t after,
                                                 std::size_t count_max) = 0;

    /// For a change that has no write of its own. The latest first has the highest sequence.
    virtual Result<void> append(const IdScope& scope, const Change& change) = 0;
};

} // namespace muster::provisioning
