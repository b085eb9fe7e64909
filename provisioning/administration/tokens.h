#pragma once
// Administrators' tokens: bearer tokens for people and pipelines, for the control plane and the
// service API. Only a hash of each is stored.
//
//     mst_{id: 16 hex}_{secret: 43 base64url characters, 32 bytes}

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "provisioning/audit.h"
#include "provisioning/instance.h"
#include "provisioning/principal.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::provisioning {

/// Each contains the ones before it.
enum class AdminRole : std::uint8_t {
    reader,      // sees everything but secrets
    contributor, // changes everything within its reach, sees keys, makes and deletes instances
    owner,       // and issues and revokes tokens within its reach
};

std::string_view to_string(AdminRole role);
Result<AdminRole> parse_admin_role(std::string_view text);

/// How far a token goes: the whole server, one tenant, or one instance.
struct AdminReach {
    std::string tenant;   // empty: every tenant
    std::string instance; // empty: every instance of the tenant

    [[nodiscard]] bool covers(const Instance& instance) const;
    [[nodiscard]] bool covers_tenant(std::string_view tenant) const; // to make an instance in it
    [[nodiscard]] bool covers(const AdminReach& other) const;
};

struct AdminToken {
    std::string id; // 16 lower-case hex digits
    std::string name;
    AdminRole role = AdminRole::reader;
    AdminReach reach;
    std::string secret_hash; // SHA-256, lower-case hex
    WallTime created;
    std::optional<WallTime> expires;
    std::string created_by;
};

/// Who a bearer token turned out to be.
struct Administrator {
    Principal principal; // "token:{name}"
    AdminRole role = AdminRole::reader;
    AdminReach reach;

    [[nodiscard]] bool may(AdminRole at_least, const Instance& instance) const {
        return role >= at_least && reach.covers(instance);
    }
};

/// Thread safe; the change goes into the server's audit chain in the same transaction.
class TokenStore {
  public:
    virtual ~TokenStore() = default;
    virtual Result<std::vector<AdminToken>> all() = 0;
    /// Error: already_exists.
    virtual Result<void> add(const AdminToken& token, const Change& change) = 0;
    /// Error: not_found.
    virtual Result<void> erase(const std::string& id, const Change& change) = 0;
};

/// Thread safe. Tokens are few and kept in memory: a revoked one ends with the call that revokes.
class AdminTokens {
  public:
    /// Of each tenant, and of those that reach beyond one: nobody uses up what others need.
    static constexpr std::size_t tokens_max = 10'000;

    AdminTokens(TokenStore& store, const Clock& clock, Random& random)
        : store_(store), clock_(clock), random_(random) {}

    Result<void> load(); // once, before use

    struct Wanted {
        std::string name; // 1 to 128 printable characters
        AdminRole role = AdminRole::reader;
        AdminReach reach;
        std::optional<WallTime> expires;
    };

    struct Issued {
        AdminToken token;
        Secret text; // shown once
    };

    /// Nobody gives more than he has: `by` must be an owner whose reach covers the wanted one
    /// (Code::forbidden). A name that could be taken for another's in an audit trail, because a
    /// current token with overlapping reach bears it, is already_exists. Also malformed and
    /// quota_exceeded.
    Result<Issued> issue(const Wanted& wanted, const Administrator& by);
    /// Beyond the reach of `by` there is nothing: not_found. Only owners: forbidden.
    Result<void> revoke(const std::string& id, const Administrator& by);
    [[nodiscard]] std::vector<AdminToken> all() const; // expired ones too

    /// The value of an Authorization header, `Bearer ...`. Error: unauthenticated.
    [[nodiscard]] Result<Administrator> authenticate(std::string_view authorization) const;

  private:
    [[nodiscard]] Result<void> check(const Wanted& wanted, const Administrator& by) const;
    [[nodiscard]] std::optional<AdminToken> find(std::string_view id) const;

    TokenStore& store_;
    const Clock& clock_;
    Random& random_;
    std::mutex changing_; // one change at a time, held while it is being stored
    mutable std::mutex mutex_;
    std::map<std::string, AdminToken> tokens_; // by id
};

} // namespace muster::provisioning
