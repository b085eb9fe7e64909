#include "provisioning/access.h"

#include "crypto/sas.h"

#include <algorithm>
#include <string>

namespace muster::provisioning {

namespace {

/// Callers learn only that it did not work; whoever runs the service reads why in the log.
std::unexpected<Error> refuse(std::string cause) {
    return fail(Code::unauthenticated, "unauthorized", std::move(cause));
}

/// Some clients send the policy name percent-encoded, some do not.
const AccessPolicy* find_policy(const Instance& instance, const crypto::SasToken& token) {
    const auto found = std::ranges::find_if(instance.policies, [&](const AccessPolicy& policy) {
        return policy.name == token.policy() || policy.name == token.policy_raw;
    });
    return found == instance.policies.end() ? nullptr : &*found;
}

bool is_signed_by(const crypto::SasToken& token, const SymmetricKeys& keys) {
    const auto signs = [&](const Secret& key) { return !key.empty() && signed_by(token, key); };
    return signs(keys.primary) || signs(keys.secondary);
}

bool covers_any_host(const crypto::SasToken& token, const Instance& instance,
                     std::string_view path) {
    return std::ranges::any_of(instance.host_names, [&](const std::string& host) {
        return covers(token, host + std::string(path));
    });
}

} // namespace

Result<void> authorize(const Instance& instance, const AccessRequest& request, WallTime now) {
    if (request.authorization.empty()) {
        return refuse("no authorization header");
    }
    const auto token = crypto::parse_sas(request.authorization);
    if (!token) {
        return refuse("unusable token: " + token.error().detail);
    }
    if (token->policy_raw.empty()) {
        return refuse("the token names no policy");
    }
    const auto* policy = find_policy(instance, *token);
    if (policy == nullptr) {
        return refuse("no such policy");
    }
    if (!is_signed_by(*token, policy->keys)) {
        return refuse("neither key of the policy made the signature");
    }
    if (!is_current(*token, now)) {
        return refuse("the token has expired");
    }
    if (!covers_any_host(*token, instance, request.path)) {
        return refuse("the token is for another resource");
    }
    if (!policy->allows(request.right)) {
        return fail(Code::forbidden, "unauthorized", "the policy lacks the right");
    }
    return {};
}

} // namespace muster::provisioning
