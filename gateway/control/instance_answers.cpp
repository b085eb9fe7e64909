// One instance through the control plane: read, create, change, show its keys.

#include "gateway/control/control_call.h"
#include "gateway/control/instance_request.h"
#include "gateway/problem.h"

#include <utility>

namespace muster::gateway {

namespace {

using provisioning::IfMatch;
using provisioning::Instance;
using provisioning::InstancePtr;
using provisioning::Instances;
using provisioning::InstanceSettings;
using session::HttpResponse;

/// A thousand hubs with their connection strings are more than other documents may have.
constexpr std::size_t body_bytes_max = session::HttpLimits().body_bytes_max;

HttpResponse ok(const JsonObject& document) {
    return json_response(200, to_text(document));
}

// ---- create and change ----

/// The rest of what a PUT needs, beside its body.
Result<void> permit(const ControlCall& call, const InstancePtr& stored) {
    if (stored != nullptr) {
        if (call.header("If-None-Match") == "*") {
            return fail(Code::precondition, "the provisioning service exists already");
        }
        return {};
    }
    if (!call.administrator.reach.covers_tenant(call.route.group)) {
        return fail(Code::forbidden, "the token may not create provisioning services");
    }
    return {};
}

/// What a PUT answers: the instance, and of its policies an echo if they were in the request.
JsonObject saved_resource(const ControlCall& call, const Instance& instance, bool with_policies) {
    auto resource = to_resource(instance, call.view());
    if (with_policies) {
        JsonArray policies;
        for (const auto& policy : instance.policies) {
            policies.emplace_back(to_policy_resource(policy));
        }
        resource["properties"].as_object()["authorizationPolicies"] = std::move(policies);
    }
    return resource;
}

Result<HttpResponse> put_instance(const ControlCall& call) {
    const auto stored = call.find();
    if (auto permitted = permit(call, stored); !permitted) {
        return std::unexpected(std::move(permitted).error());
    }
    const auto document =
        parse_json_object(call.exchange.request.body, {.bytes_max = body_bytes_max});
    if (!document) {
        return std::unexpected(document.error());
    }
    auto settings = read_instance(*document, stored.get());
    if (!settings) {
        return std::unexpected(std::move(settings).error());
    }
    settings->name = stored != nullptr ? stored->name : call.route.instance;
    settings->tenant = stored != nullptr ? stored->tenant : call.route.group;
    const auto saved = call.instances.put(*settings, call.if_match(), call.administrator.principal);
    if (!saved) {
        return std::unexpected(saved.error());
    }
    const auto resource = saved_resource(call, *saved->instance, settings->policies.has_value());
    return json_response(saved->created ? 201 : 200, to_text(resource));
}

/// PATCH: nothing but the tags, and never a creation.
Result<HttpResponse> put_tags(const ControlCall& call) {
    const auto stored = call.require();
    if (!stored) {
        return std::unexpected(stored.error());
    }
    const auto document = parse_json_object(call.exchange.request.body);
    if (!document) {
        return std::unexpected(document.error());
    }
    auto tags = read_tags(*document);
    if (!tags) {
        return std::unexpected(std::move(tags).error());
    }
    InstanceSettings settings;
    settings.name = (*stored)->name;
    settings.tenant = (*stored)->tenant;
    settings.tags = *std::move(tags);
    auto if_match = call.if_match();
    if (if_match.kind == IfMatch::Kind::absent) {
        if_match.kind = IfMatch::Kind::any;
    }
    const auto saved = call.instances.put(settings, if_match, call.administrator.principal);
    if (!saved) {
        return std::unexpected(saved.error());
    }
    return ok(to_resource(*saved->instance, call.view()));
}

// ---- what is read of it ----

JsonObject keys_of(const Instance& instance) {
    JsonArray policies;
    for (const auto& policy : instance.policies) {
        policies.emplace_back(to_policy_resource(policy));
    }
    return {{"value", std::move(policies)}};
}

Result<HttpResponse> keys_of_policy(const Instance& instance, std::string_view name) {
    const auto* policy = instance.find_policy(name);
    if (policy == nullptr) {
        return fail(Code::not_found, "there is no such policy");
    }
    return ok(to_policy_resource(*policy));
}

Result<HttpResponse> show(const ControlCall& call, const Instance& instance) {
    switch (call.route.action) {
    case ControlAction::list_keys: return ok(keys_of(instance));
    case ControlAction::keys_of_policy: return keys_of_policy(instance, call.route.item);
    case ControlAction::list_skus: return ok({{"value", JsonArray{{{"name", "S1"}}}}});
    // Addresses are the operator's own network here; there is nothing to link privately.
    case ControlAction::list_private_links: return ok({{"value", JsonArray()}});
    case ControlAction::list_private_endpoints: return json_response(200, "[]");
    case ControlAction::private_item:
        return fail(Code::not_found, "there are no private links and endpoints here");
    default: return ok(to_resource(instance, call.view()));
    }
}

} // namespace

Result<HttpResponse> answer_instance(const ControlCall& call) {
    if (call.route.action == ControlAction::put_instance) {
        return put_instance(call);
    }
    if (call.route.action == ControlAction::put_tags) {
        return put_tags(call);
    }
    const auto instance = call.require();
    if (!instance) {
        return std::unexpected(instance.error());
    }
    return show(call, **instance);
}

} // namespace muster::gateway
