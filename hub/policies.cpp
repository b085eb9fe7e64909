#include "hub/policies.h"

#include "crypto/sas.h"
#include "hub/policy_token.h"

#include <algorithm>

namespace muster::hub {

bool AccessPolicy::allows(Right right) const {
    const auto has = [this](Right one) { return std::ranges::find(rights, one) != rights.end(); };
    return has(right) || (right == Right::registry_read && has(Right::registry_write));
}

bool signed_by_either(const crypto::SasToken& token, const Secret& primary,
                      const Secret& secondary) {
    // Anybody can sign with an empty key.
    return (!primary.empty() && crypto::signed_by(token, primary)) ||
           (!secondary.empty() && crypto::signed_by(token, secondary));
}

const AccessPolicy* policy_behind(const crypto::SasToken& token,
                                  const std::vector<AccessPolicy>& policies) {
    const std::string name = token.policy();
    const auto named = std::ranges::find(policies, name, &AccessPolicy::name);
    if (name.empty() || named == policies.end()) {
        return nullptr;
    }
    return signed_by_either(token, named->primary_key, named->secondary_key) ? &*named : nullptr;
}

namespace {

std::unexpected<Error> refuse(std::string cause) {
    return fail(Code::unauthenticated, "the authorization is not valid", std::move(cause));
}

Result<const AccessPolicy*> proven_policy(const HubName& hub,
                                          const std::vector<AccessPolicy>& policies,
                                          std::string_view authorization, WallTime now) {
    if (authorization.empty()) {
        return fail(Code::unauthenticated, "no authorization");
    }
    const auto token = crypto::parse_sas(authorization);
    if (!token) {
        return refuse(token.error().detail);
    }
    if (!crypto::covers(*token, hub.text())) {
        return refuse("the token is for another resource");
    }
    const AccessPolicy* policy = policy_behind(*token, policies);
    if (policy == nullptr) {
        return refuse("no policy of that name signed the token");
    }
    if (!crypto::is_current(*token, now)) {
        return refuse("the token has expired");
    }
    return policy;
}

} // namespace

Result<std::string> signing_policy(const HubName& hub, const std::vector<AccessPolicy>& policies,
                                   std::string_view authorization, WallTime now) {
    const auto policy = proven_policy(hub, policies, authorization, now);
    return policy ? Result<std::string>((*policy)->name) : std::unexpected(policy.error());
}

Result<void> authorize(const HubName& hub, const std::vector<AccessPolicy>& policies,
                       std::string_view authorization, Right right, WallTime now) {
    return authorize_any(hub, policies, authorization, {right}, now);
}

Result<void> authorize_any(const HubName& hub, const std::vector<AccessPolicy>& policies,
                           std::string_view authorization, const std::vector<Right>& rights,
                           WallTime now) {
    const auto policy = proven_policy(hub, policies, authorization, now);
    if (!policy) {
        return std::unexpected(policy.error());
    }
    if (std::ranges::none_of(rights, [&](Right right) { return (*policy)->allows(right); })) {
        return fail(Code::forbidden, "the policy lacks the right", (*policy)->name);
    }
    return {};
}

} // namespace muster::hub
