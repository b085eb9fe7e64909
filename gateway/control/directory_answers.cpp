// What is asked of no instance in particular (reference: dps-service 10.1).

#include "base/encoding.h"
#include "base/text.h"
#include "gateway/control/control_call.h"
#include "gateway/problem.h"
#include "provisioning/documents/members.h"
#include "provisioning/grammar.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace muster::gateway {

namespace {

using provisioning::InstancePtr;
using session::HttpResponse;

constexpr std::size_t page_size = 100;
constexpr std::string_view page_parameter = "$skipToken";

// ---- lists, in pages by name ----

/// All that the caller may see in the path's group, or in every group if it names none, after a
/// name; by name.
std::vector<InstancePtr> visible(const ControlCall& call, std::string_view after) {
    auto instances = call.instances.all();
    const auto name = [](const InstancePtr& one) { return to_lower(one->name); };
    const auto& group = call.route.group;
    std::erase_if(instances, [&](const InstancePtr& one) {
        return !call.administrator.reach.covers(*one) ||
               (!group.empty() && !equal_ignoring_case(one->tenant, group)) || name(one) <= after;
    });
    std::ranges::sort(instances, {}, name);
    return instances;
}

std::string next_link(const ControlCall& call, const InstancePtr& last) {
    const auto& target = call.exchange.request.target;
    return call.url(target.substr(0, target.find('?')) +
                    "?api-version=" + std::string(call.exchange.target.parameter("api-version")) +
                    '&' + std::string(page_parameter) + '=' + percent_encode(to_lower(last->name)));
}

HttpResponse list(const ControlCall& call) {
    auto instances = visible(call, call.exchange.target.parameter(page_parameter));
    JsonObject document;
    if (instances.size() > page_size) {
        instances.resize(page_size);
        document["nextLink"] = next_link(call, instances.back());
    }
    JsonArray resources;
    for (const auto& instance : instances) {
        resources.emplace_back(to_resource(*instance, call.view()));
    }
    document["value"] = std::move(resources);
    return json_response(200, to_text(document));
}

// ---- free names ----

JsonObject unavailable(std::string_view reason, std::string_view message) {
    return {{"nameAvailable", false}, {"reason", reason}, {"message", message}};
}

Result<HttpResponse> check_name(const ControlCall& call) {
    const auto document = parse_json_object(call.exchange.request.body);
    if (!document) {
        return std::unexpected(document.error());
    }
    provisioning::MemberReader reader(*document);
    const auto name = reader.required_text("name");
    if (const auto verdict = reader.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    JsonObject verdict{{"nameAvailable", true}};
    if (!provisioning::is_instance_name(name)) {
        verdict = unavailable("Invalid", "a name is 3 to 50 letters, digits and '-', not only "
                                         "digits, without '-' at an end");
    } else if (call.instances.find(name) != nullptr) { // one name space for the whole server
        verdict = unavailable("AlreadyExists", "the name is taken");
    }
    return json_response(200, to_text(verdict));
}

// ---- operations ----

struct Operation {
    std::string_view name;
    std::string_view resource;
    std::string_view does;
};

constexpr Operation operations[] = {
    {"provisioningServices/Read", "IoT DPS", "Read instances"},
    {"provisioningServices/Write", "IoT DPS", "Create and change instances"},
    {"provisioningServices/Delete", "IoT DPS", "Delete instances"},
    {"provisioningServices/listkeys/Action", "IoT DPS", "Read the keys of policies"},
    {"provisioningServices/keys/listkeys/Action", "IoT DPS", "Read the keys of one policy"},
    {"provisioningServices/operationResults/Read", "IoT DPS", "Follow a deletion"},
    {"provisioningServices/skus/Read", "IoT DPS", "Read the SKUs"},
    {"provisioningServices/Certificates/Read", "Certificates", "Read CA certificates"},
    {"provisioningServices/Certificates/Write", "Certificates", "Upload CA certificates"},
    {"provisioningServices/Certificates/Delete", "Certificates", "Delete CA certificates"},
    {"provisioningServices/Certificates/generateVerificationCode/Action", "Certificates",
     "Begin a proof of possession"},
    {"provisioningServices/Certificates/verify/Action", "Certificates",
     "Finish a proof of possession"},
    {"checkProvisioningServiceNameAvailability/Action", "IoT DPS", "Check whether a name is free"},
};

HttpResponse list_operations() {
    JsonArray entries;
    for (const auto& operation : operations) {
        entries.emplace_back(
            JsonObject{{"name", "Microsoft.Devices/" + std::string(operation.name)},
                       {"display",
                        {{"provider", "Microsoft Devices"},
                         {"resource", operation.resource},
                         {"operation", operation.does}}}});
    }
    return json_response(200, to_text(JsonObject{{"value", std::move(entries)}}));
}

} // namespace

Result<HttpResponse> answer_directory(const ControlCall& call) {
    switch (call.route.action) {
    case ControlAction::list_operations: return list_operations();
    case ControlAction::check_name: return check_name(call);
    default: return list(call);
    }
}

} // namespace muster::gateway
