// Instances as such: list, show, put, delete, and the rotation of a policy's key.

#include "base/text.h"
#include "gateway/administration/families.h"
#include "gateway/administration/page.h"
#include "provisioning/documents/instance_document.h"
#include "provisioning/documents/members.h"
#include "provisioning/preconditions.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::Instance;
using provisioning::InstancePtr;
using provisioning::InstanceSettings;
using provisioning::KeySlot;
using provisioning::View;

View view_of(bool with_keys) {
    return with_keys ? View::written : View::read;
}

/// Those within the caller's reach, by name.
std::vector<InstancePtr> reached_instances(const AdminCall& call) {
    auto instances = call.control.instances.all();
    std::erase_if(instances, [&](const InstancePtr& instance) {
        return !call.administrator.reach.covers(*instance);
    });
    return instances;
}

std::string folded_name(const InstancePtr& instance) {
    return to_lower(instance->name);
}

// ---- put ----

Result<InstanceSettings> read_settings(const AdminCall& call) {
    auto body = body_of(call);
    if (!body) {
        return std::unexpected(body.error());
    }
    const auto named = string_member(*body, "name", call.names.front());
    if (!named || !equal_ignoring_case(*named, call.names.front())) {
        return fail(Code::malformed, "the name in the path is not the one in the body");
    }
    (*body)["name"] = call.names.front();
    return provisioning::instance_settings(*body);
}

/// Beyond the caller's reach nothing exists, but names are unique in the whole server.
Result<void> permit_creation(const AdminCall& call, const InstanceSettings& wanted,
                             bool is_name_taken) {
    if (!call.administrator.reach.covers_tenant(wanted.tenant)) {
        return fail(Code::forbidden, "your token does not reach so far");
    }
    if (const auto allowed = provisioning::permit_put(nullptr, call.if_match(), "instance");
        !allowed) {
        return std::unexpected(allowed.error());
    }
    if (is_name_taken) {
        return fail(Code::already_exists, "the instance name is taken");
    }
    return {};
}

/// The tenant is always said in the end: a put never reaches into another one, whatever happens to
/// the name meanwhile (Instances::put moves no instance between tenants).
Result<void> permit(const AdminCall& call, InstanceSettings& wanted) {
    const auto existing = call.control.instances.find(wanted.name);
    const auto& reach = call.administrator.reach;
    const auto is_reached = existing && reach.covers(*existing);
    if (wanted.tenant.empty()) {
        wanted.tenant = is_reached ? existing->tenant : reach.tenant;
    }
    if (is_reached && call.exchange.request.header("If-None-Match") == "*") {
        return fail(Code::precondition, "the instance exists already");
    }
    return is_reached ? Result<void>() : permit_creation(call, wanted, existing != nullptr);
}

// ---- rotate ----

Result<KeySlot> read_slot(const AdminCall& call) {
    const auto body = body_of(call);
    if (!body) {
        return std::unexpected(body.error());
    }
    const auto slot = string_member(*body, "slot");
    if (slot && *slot == "primary") {
        return KeySlot::primary;
    }
    if (slot && *slot == "secondary") {
        return KeySlot::secondary;
    }
    return fail(Code::malformed, "slot must be primary or secondary");
}

/// With its keys, as the instance document shows it.
JsonObject policy_document(const Instance& instance, std::string_view name) {
    const auto document = to_document(instance, View::written);
    for (const auto& policy : document.at("policies").as_array()) {
        if (equal_ignoring_case(std::string_view(policy.at("name").as_string()), name)) {
            return policy.as_object();
        }
    }
    return {};
}

} // namespace

AdminAnswer list_instances(const AdminCall& call) {
    const auto count = read_count(call);
    if (!count) {
        return std::unexpected(count.error());
    }
    auto instances = reached_instances(call);
    std::ranges::sort(instances, {}, folded_name);
    ListPage page("instances", *count);
    auto next =
        std::ranges::upper_bound(instances, to_lower(call.parameter("after")), {}, folded_name);
    while (next != instances.end() &&
           page.add(to_document(**next, View::read), folded_name(*next))) {
        ++next;
    }
    return std::move(page).finish();
}

AdminAnswer show_instance(const AdminCall& call) {
    const auto with_keys = wants_keys(call);
    if (!with_keys) {
        return std::unexpected(with_keys.error());
    }
    const auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    return answer_with(200, to_document(**instance, view_of(*with_keys)));
}

AdminAnswer put_instance(const AdminCall& call) {
    const auto with_keys = wants_keys(call);
    if (!with_keys) {
        return std::unexpected(with_keys.error());
    }
    auto wanted = read_settings(call);
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    if (const auto permitted = permit(call, *wanted); !permitted) {
        return std::unexpected(permitted.error());
    }
    const auto saved = call.control.instances.put(*wanted, call.if_match(), call.by());
    if (!saved) {
        return std::unexpected(saved.error());
    }
    return answer_with(saved->created ? 201 : 200,
                       to_document(*saved->instance, view_of(*with_keys)));
}

AdminAnswer erase_instance(const AdminCall& call) {
    const auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const auto erased = call.control.instances.erase((*instance)->name, call.if_match(), call.by());
    if (!erased) {
        return std::unexpected(erased.error());
    }
    return answer_with(202, {{"name", (*instance)->name}, {"state", "deleting"}});
}

AdminAnswer rotate_policy_key(const AdminCall& call) {
    const auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const auto slot = read_slot(call);
    if (!slot) {
        return std::unexpected(slot.error());
    }
    const auto& policy = call.names.back();
    const auto changed =
        call.control.instances.rotate_key((*instance)->name, policy, *slot, call.by());
    if (!changed) {
        return std::unexpected(changed.error());
    }
    return answer_with(200, policy_document(**changed, policy));
}

} // namespace muster::gateway
