#include "provisioning/administration/tokens.h"

#include "base/check.h"
#include "base/encoding.h"
#include "base/text.h"
#include "crypto/keys.h"
#include "provisioning/grammar.h"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::provisioning {

namespace {

constexpr std::string_view scheme = "Bearer ";
constexpr std::string_view prefix = "mst_";
constexpr std::size_t id_bytes = 8;
constexpr std::size_t id_chars = 2 * id_bytes;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t secret_chars = 43;
constexpr std::size_t name_chars_max = 128;
constexpr std::size_t text_chars = prefix.size() + id_chars + 1 + secret_chars;

std::unexpected<Error> refuse(std::string cause) {
    return fail(Code::unauthenticated, "unauthorized", std::move(cause));
}

bool same_or_any(std::string_view wanted, std::string_view actual) {
    return wanted.empty() || equal_ignoring_case(wanted, actual);
}

bool is_expired(const AdminToken& token, WallTime now) {
    return token.expires && *token.expires <= now;
}

/// Could both work on the same instance, and so stand in the same audit trail?
bool overlap(const AdminReach& left, const AdminReach& right) {
    const auto meet = [](const std::string& one, const std::string& other) {
        return one.empty() || other.empty() || equal_ignoring_case(one, other);
    };
    return meet(left.tenant, right.tenant) && meet(left.instance, right.instance);
}

/// Only the hash is kept: whoever reads the store cannot use a token.
std::string hash_of(std::string_view text) {
    return hex_encode_lower(crypto::sha256(text));
}

JsonObject document_of(const AdminToken& token) {
    JsonObject document{{"id", token.id}, {"name", token.name}, {"role", to_string(token.role)}};
    if (!token.reach.tenant.empty()) {
        document["tenant"] = token.reach.tenant;
    }
    if (!token.reach.instance.empty()) {
        document["instance"] = token.reach.instance;
    }
    if (token.expires) {
        document["expiresDateTimeUtc"] = format_time(*token.expires);
    }
    return document;
}

Result<void> check_owner(const Administrator& by) {
    if (by.role != AdminRole::owner) {
        return fail(Code::forbidden, "only an owner issues and revokes tokens");
    }
    return {};
}

Result<void> check_reach(const AdminReach& reach) {
    if (!reach.tenant.empty() && !is_tenant_name(reach.tenant)) {
        return fail(Code::malformed, "tenant is not the name of a tenant");
    }
    if (!reach.instance.empty() && !is_instance_name(reach.instance)) {
        return fail(Code::malformed, "instance is not the name of an instance");
    }
    return {};
}

/// `mst_{id}_{secret}`; the id, or nothing for any other text.
std::optional<std::string_view> id_in(std::string_view text) {
    const bool has_shape = text.size() == text_chars && text.starts_with(prefix) &&
                           text[prefix.size() + id_chars] == '_';
    return has_shape ? std::optional(text.substr(prefix.size(), id_chars)) : std::nullopt;
}

} // namespace

std::string_view to_string(AdminRole role) {
    switch (role) {
    case AdminRole::reader: return "reader";
    case AdminRole::contributor: return "contributor";
    case AdminRole::owner: return "owner";
    }
    CHECK(false);
    return {};
}

Result<AdminRole> parse_admin_role(std::string_view text) {
    for (const AdminRole role : {AdminRole::reader, AdminRole::contributor, AdminRole::owner}) {
        if (equal_ignoring_case(text, to_string(role))) {
            return role;
        }
    }
    return fail(Code::malformed, "must be reader, contributor or owner");
}

bool AdminReach::covers(const Instance& of) const {
    return same_or_any(tenant, of.tenant) && same_or_any(instance, of.name);
}

bool AdminReach::covers_tenant(std::string_view name) const {
    return instance.empty() && same_or_any(tenant, name);
}

bool AdminReach::covers(const AdminReach& other) const {
    return same_or_any(tenant, other.tenant) && same_or_any(instance, other.instance);
}

Result<void> AdminTokens::load() {
    auto stored = store_.all();
    if (!stored) {
        return std::unexpected(std::move(stored).error());
    }
    const std::scoped_lock lock(mutex_);
    tokens_.clear();
    for (AdminToken& token : *stored) {
        const std::string id = token.id;
        tokens_.insert_or_assign(id, std::move(token));
    }
    return {};
}

Result<void> AdminTokens::check(const Wanted& wanted, const Administrator& by) const {
    if (!is_label(wanted.name, name_chars_max)) {
        return fail(Code::malformed, "name must be 1 to 128 printable characters");
    }
    if (auto checked = check_reach(wanted.reach); !checked) {
        return checked;
    }
    if (auto checked = check_owner(by); !checked) {
        return checked;
    }
    if (!by.reach.covers(wanted.reach)) {
        return fail(Code::forbidden, "the token would reach further than its issuer's");
    }
    const WallTime now = clock_.wall();
    if (wanted.expires && *wanted.expires <= now) {
        return fail(Code::malformed, "the token would have expired already");
    }
    const std::scoped_lock lock(mutex_);
    const auto of_same_tenant = std::ranges::count_if(tokens_, [&](const auto& entry) {
        return equal_ignoring_case(entry.second.reach.tenant, wanted.reach.tenant);
    });
    if (std::cmp_greater_equal(of_same_tenant, tokens_max)) {
        return fail(Code::quota_exceeded, "there are too many tokens; revoke some");
    }
    const bool is_taken = std::ranges::any_of(tokens_, [&](const auto& entry) {
        const AdminToken& other = entry.second;
        return equal_ignoring_case(other.name, wanted.name) && !is_expired(other, now) &&
               overlap(other.reach, wanted.reach);
    });
    if (is_taken) {
        return fail(Code::already_exists, "another token has this name");
    }
    return {};
}

Result<AdminTokens::Issued> AdminTokens::issue(const Wanted& wanted, const Administrator& by) {
    const std::scoped_lock changing(changing_);
    if (auto checked = check(wanted, by); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    AdminToken token{.id = hex_encode_lower(random_.bytes(id_bytes)),
                     .name = wanted.name,
                     .role = wanted.role,
                     .reach = wanted.reach,
                     .secret_hash = {},
                     .created = clock_.wall(),
                     .expires = wanted.expires,
                     .created_by = by.principal.name};
    std::string text = std::string(prefix) + token.id + '_';
    text += base64url_encode(random_.bytes(secret_bytes));
    token.secret_hash = hash_of(text);
    const Change change{.at = token.created,
                        .by = by.principal,
                        .action = "token.issue",
                        .resource = "token/" + token.id,
                        .before = {},
                        .after = document_of(token)};
    if (auto added = store_.add(token, change); !added) {
        return std::unexpected(std::move(added).error());
    }
    const std::scoped_lock lock(mutex_);
    tokens_.insert_or_assign(token.id, token);
    return Issued{.token = std::move(token), .text = Secret(std::move(text))};
}

Result<void> AdminTokens::revoke(const std::string& id, const Administrator& by) {
    if (auto checked = check_owner(by); !checked) {
        return checked;
    }
    const std::scoped_lock changing(changing_);
    const std::optional<AdminToken> token = find(id);
    if (!token || !by.reach.covers(token->reach)) {
        return fail(Code::not_found, "token not found");
    }
    const Change change{.at = clock_.wall(),
                        .by = by.principal,
                        .action = "token.revoke",
                        .resource = "token/" + id,
                        .before = document_of(*token),
                        .after = {}};
    const auto erased = store_.erase(id, change);
    if (!erased && erased.error().code != Code::not_found) {
        return erased;
    }
    const std::scoped_lock lock(mutex_);
    tokens_.erase(id);
    return {};
}

std::vector<AdminToken> AdminTokens::all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<AdminToken> tokens;
    for (const auto& [id, token] : tokens_) {
        tokens.push_back(token);
    }
    return tokens;
}

Result<Administrator> AdminTokens::authenticate(std::string_view authorization) const {
    if (!starts_with_ignoring_case(authorization, scheme)) {
        return refuse("no bearer token");
    }
    const std::string_view text = trim(authorization.substr(scheme.size()));
    const auto id = id_in(text);
    if (!id) {
        return refuse("not a token of this server");
    }
    const std::optional<AdminToken> token = find(*id);
    if (!token) {
        return refuse("no such token");
    }
    if (!equal_in_constant_time(hash_of(text), token->secret_hash)) {
        return refuse("the token's secret is wrong");
    }
    if (is_expired(*token, clock_.wall())) {
        return refuse("the token '" + token->name + "' has expired");
    }
    return Administrator{
        .principal = {"token:" + token->name}, .role = token->role, .reach = token->reach};
}

std::optional<AdminToken> AdminTokens::find(std::string_view id) const {
    const std::scoped_lock lock(mutex_);
    const auto found = tokens_.find(std::string(id));
    return found == tokens_.end() ? std::nullopt : std::optional(found->second);
}

} // namespace muster::provisioning
