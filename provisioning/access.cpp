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
const AccessPolicy* policy_of(const Instance& instance, const crypto::SasToken& token) {
    const AccessPolicy* policy = instance.find_policy(token.policy());
    return policy != nullptr ? policy : instance.find_policy(token.policy_raw);
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

bool only_reads(Right right) {
    return right == Right::enrollment_read || right == Right::registration_read;
}

/// A token that proves, for this resource and now, to know a key of this policy.
Result<void> check_proof(const Instance& instance, const AccessPolicy& policy,
                         const crypto::SasToken& token, const AccessRequest& request,
                         WallTime now) {
    if (!is_signed_by(token, policy.keys)) {
        return refuse("neither key of the policy made the signature");
    }
    if (!is_current(token, now)) {
        return refuse("the token has expired");
    }
    if (!covers_any_host(token, instance, request.path)) {
        return refuse("the token is for another resource");
    }
    return {};
}

} // namespace

Result<Principal> authorize(const Instance& instance, const AccessRequest& request, WallTime now) {
    if (request.authorization.empty()) {
        return refuse("no authorization header");
    }
    if (!instance.shared_key_access) {
        return refuse("shared keys are switched off for this instance");
    }
    const auto token = crypto::parse_sas(request.authorization);
    if (!token) {
        return refuse("unusable token: " + token.error().detail);
    }
    if (token->policy_raw.empty()) {
        return refuse("the token names no policy");
    }
    const AccessPolicy* policy = policy_of(instance, *token);
    if (policy == nullptr) {
        return refuse("no such policy");
    }
    if (auto proven = check_proof(instance, *policy, *token, request, now); !proven) {
        return std::unexpected(std::move(proven).error());
    }
    if (!policy->allows(request.right)) {
        return fail(Code::forbidden, "unauthorized", "the policy lacks the right");
    }
    return Principal{"policy:" + policy->name};
}

Result<Principal> authorize(const Instance& instance, const Administrator& administrator,
                            Right right) {
    if (!administrator.reach.covers(instance)) {
        return refuse("the administrator's token does not reach this instance");
    }
    if (!only_reads(right) && administrator.role < AdminRole::contributor) {
        return fail(Code::forbidden, "unauthorized", "the administrator may only read");
    }
    return administrator.principal;
}

} // namespace muster::provisioning
