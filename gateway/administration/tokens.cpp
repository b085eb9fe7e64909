// Administrators' tokens over the administration API: owners only, and none beyond their own reach.

#include "base/text.h"
#include "gateway/administration/families.h"
#include "gateway/administration/page.h"
#include "provisioning/documents/members.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::AdminReach;
using provisioning::AdminToken;
using provisioning::AdminTokens;

/// Never the hash of its secret: with it, guesses could be tried elsewhere.
JsonObject to_document(const AdminToken& token) {
    JsonObject document{
        {"id", token.id}, {"name", token.name}, {"role", provisioning::to_string(token.role)}};
    if (!token.reach.tenant.empty()) {
        document["tenant"] = token.reach.tenant;
    }
    if (!token.reach.instance.empty()) {
        document["instance"] = token.reach.instance;
    }
    document["createdDateTimeUtc"] = format_time(token.created);
    if (token.expires) {
        document["expiresDateTimeUtc"] = format_time(*token.expires);
    }
    document["createdBy"] = token.created_by;
    return document;
}

Result<AdminReach> reach_of_instance(const AdminCall& call, const AdminReach& wanted) {
    const auto instance = reach_instance(call, wanted.instance);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    if (!wanted.tenant.empty() && !equal_ignoring_case(wanted.tenant, (*instance)->tenant)) {
        return fail(Code::not_found, "no such instance");
    }
    return AdminReach{.tenant = (*instance)->tenant, .instance = (*instance)->name};
}

/// What is left open is as wide as the caller's own. Whether that is too wide, AdminTokens says.
Result<AdminReach> reach_of(const AdminCall& call, const AdminReach& wanted) {
    if (!wanted.instance.empty()) {
        return reach_of_instance(call, wanted);
    }
    return wanted.tenant.empty() ? call.administrator.reach : wanted;
}

Result<AdminTokens::Wanted> read_wanted(const AdminCall& call) {
    const auto body = body_of(call);
    if (!body) {
        return std::unexpected(body.error());
    }
    provisioning::MemberReader members(*body);
    AdminTokens::Wanted wanted;
    wanted.name = members.required_text("name");
    const auto role =
        members.take("role", provisioning::parse_admin_role(members.required_text("role")));
    wanted.role = role.value_or(wanted.role);
    wanted.reach = {.tenant = members.text("tenant").value_or(""),
                    .instance = members.text("instance").value_or("")};
    if (const auto expires = members.text("expiresDateTimeUtc")) {
        wanted.expires = members.take("expiresDateTimeUtc", parse_time(*expires));
    }
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    auto reach = reach_of(call, wanted.reach);
    if (!reach) {
        return std::unexpected(reach.error());
    }
    wanted.reach = *std::move(reach);
    return wanted;
}

} // namespace

AdminAnswer list_tokens(const AdminCall& call) {
    const auto count = read_count(call);
    if (!count) {
        return std::unexpected(count.error());
    }
    auto tokens = call.control.tokens.all();
    std::erase_if(tokens, [&](const AdminToken& token) {
        return !call.administrator.reach.covers(token.reach);
    });
    std::ranges::sort(tokens, {}, &AdminToken::id);
    ListPage page("tokens", *count);
    auto next = std::ranges::upper_bound(tokens, call.parameter("after"), {}, &AdminToken::id);
    while (next != tokens.end() && page.add(to_document(*next), next->id)) {
        ++next;
    }
    return std::move(page).finish();
}

AdminAnswer issue_token(const AdminCall& call) {
    const auto wanted = read_wanted(call);
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    const auto issued = call.control.tokens.issue(*wanted, call.administrator);
    if (!issued) {
        return std::unexpected(issued.error());
    }
    auto document = to_document(issued->token);
    document["token"] = issued->text.reveal();
    return answer_with(201, document);
}

AdminAnswer revoke_token(const AdminCall& call) {
    const auto revoked = call.control.tokens.revoke(call.names.front(), call.administrator);
    if (!revoked) {
        return std::unexpected(revoked.error());
    }
    return answer_no_content();
}

} // namespace muster::gateway
