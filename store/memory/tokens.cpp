#include "store/memory/operator_ports.h"
#include "store/outcomes.h"

namespace muster::store::memory {

using provisioning::AdminToken;
using provisioning::Change;

Result<std::vector<AdminToken>> Tokens::all() {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<AdminToken> tokens;
    for (const auto& [id, token] : tables_.tokens) {
        tokens.push_back(token);
    }
    return tokens;
}

Result<void> Tokens::add(const AdminToken& token, const Change& change) {
    const std::scoped_lock lock(tables_.mutex);
    if (!tables_.tokens.emplace(token.id, token).second) {
        return token_exists();
    }
    append_to_chain(tables_.trails, provisioning::server_chain, change);
    return {};
}

Result<void> Tokens::erase(const std::string& id, const Change& change) {
    const std::scoped_lock lock(tables_.mutex);
    if (tables_.tokens.erase(id) == 0) {
        return no_such_token();
    }
    append_to_chain(tables_.trails, provisioning::server_chain, change);
    return {};
}

} // namespace muster::store::memory
