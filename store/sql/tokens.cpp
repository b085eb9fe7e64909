#include "store/outcomes.h"
#include "store/sql/audit_chain.h"
#include "store/sql/operator_ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using provisioning::AdminToken;
using provisioning::Change;

namespace {

constexpr Statement select_tokens{"SELECT document FROM admin_token ORDER BY id"};
constexpr Statement insert_token{
    "INSERT INTO admin_token (id, document) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING"};
constexpr Statement delete_token{"DELETE FROM admin_token WHERE id = $1"};

/// Not sealed: it holds a hash only.
JsonObject to_stored_document(const AdminToken& token) {
    JsonObject document{{"id", token.id},
                        {"name", token.name},
                        {"role", to_string(token.role)},
                        {"tenant", token.reach.tenant},
                        {"instance", token.reach.instance},
                        {"secretHash", token.secret_hash},
                        {"created", format_time(token.created)},
                        {"createdBy", token.created_by}};
    if (token.expires) {
        document["expires"] = format_time(*token.expires);
    }
    return document;
}

std::string text_of(const JsonObject& document, std::string_view key) {
    return string_member(document, key).value_or("");
}

Result<AdminToken> stored_token(const JsonObject& document) {
    const auto role = provisioning::parse_admin_role(text_of(document, "role"));
    if (!role) {
        return std::unexpected(role.error());
    }
    const auto created = parse_time(text_of(document, "created"));
    if (!created) {
        return std::unexpected(created.error());
    }
    AdminToken token{
        .id = text_of(document, "id"),
        .name = text_of(document, "name"),
        .role = *role,
        .reach = {.tenant = text_of(document, "tenant"), .instance = text_of(document, "instance")},
        .secret_hash = text_of(document, "secretHash"),
        .created = *created,
        .expires = {},
        .created_by = text_of(document, "createdBy")};
    if (find_member(document, "expires") != nullptr) {
        const auto expires = parse_time(text_of(document, "expires"));
        if (!expires) {
            return std::unexpected(expires.error()); // never a token that does not end
        }
        token.expires = *expires;
    }
    return token;
}

} // namespace

Result<std::vector<AdminToken>> Tokens::all() {
    return read_documents<AdminToken>(database_, select_tokens, {}, stored_token);
}

Result<void> Tokens::add(const AdminToken& token, const Change& change) {
    const std::string document = to_text(to_stored_document(token));
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto added =
            must_change(connection, insert_token, {token.id, document}, token_exists());
        return added ? append_to_chain(connection, provisioning::server_chain, change) : added;
    });
}

Result<void> Tokens::erase(const std::string& id, const Change& change) {
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto erased = must_change(connection, delete_token, {id}, no_such_token());
        return erased ? append_to_chain(connection, provisioning::server_chain, change) : erased;
    });
}

} // namespace muster::store::sql
