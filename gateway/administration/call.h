#pragma once
// One request to the administration API (docs/administration-api.md) on its way to an answer, and
// what all of its families share: reach, bodies, answers. Runs on a worker; may wait for storage.

#include "base/json.h"
#include "base/result.h"
#include "gateway/context.h"
#include "gateway/http_handler.h"
#include "provisioning/administration/tokens.h"
#include "provisioning/enrollments.h"
#include "provisioning/instances.h"
#include "session/http_session.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::gateway {

/// A caller who has proved who he is and whose role suffices for the route. How far he reaches is
/// for the answer to ask.
struct AdminCall {
    const Context& context;
    const Control& control;
    const HttpExchange& exchange;
    const provisioning::Administrator& administrator;
    const std::vector<std::string>& names; // what stands for each `{..}` of the route, in order

    [[nodiscard]] std::string_view parameter(std::string_view name) const {
        return exchange.target.parameter(name);
    }

    [[nodiscard]] provisioning::IfMatch if_match() const {
        return provisioning::IfMatch::from_header(exchange.request.header("If-Match"));
    }

    [[nodiscard]] const provisioning::Principal& by() const { return administrator.principal; }
};

using AdminAnswer = Result<session::HttpResponse>;

/// For an answer that others have to wait for; called once, from any thread.
using AdminDone = std::move_only_function<void(AdminAnswer)>;

/// An instance and the use cases that serve it.
struct ReachedSite {
    provisioning::InstancePtr instance;
    SitePtr site;
};

/// Error: not_found, in the same words whether it does not exist or is beyond the caller's reach.
Result<provisioning::InstancePtr> reach_instance(const AdminCall& call, std::string_view name);

/// The instance that the path names.
Result<provisioning::InstancePtr> reach_instance(const AdminCall& call);

/// The same; an instance that is being deleted is served no more: not_found.
Result<ReachedSite> reach_site(const AdminCall& call);

/// What the path names last, of an instance that is served.
template <class Id>
struct ReachedNamed {
    ReachedSite reached;
    Id id;
};

/// Errors: as of reach_site(), and what `parse` says of the name.
template <class Id>
Result<ReachedNamed<Id>> reach_named(const AdminCall& call, Result<Id> (*parse)(std::string_view)) {
    auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(std::move(reached).error());
    }
    auto id = parse(call.names.back());
    if (!id) {
        return std::unexpected(std::move(id).error());
    }
    return ReachedNamed<Id>{.reached = *std::move(reached), .id = *std::move(id)};
}

/// `true` or `false`; absent is false. Error: malformed.
Result<bool> flag_parameter(const AdminCall& call, std::string_view name);

/// `?keys=true`: secrets are wanted, and the caller is a contributor. Errors: malformed, forbidden.
Result<bool> wants_keys(const AdminCall& call);

/// The body, which must be a JSON object. Errors: malformed, too_large.
Result<JsonObject> body_of(const AdminCall& call);

session::HttpResponse answer_with(unsigned status, const JsonObject& document);
session::HttpResponse answer_no_content();

} // namespace muster::gateway
