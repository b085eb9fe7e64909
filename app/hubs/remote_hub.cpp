#include "app/hubs/remote_hub.h"

#include "app/hubs/hub_answer.h"
#include "app/hubs/hub_connection.h"
#include "app/hubs/hub_refusal.h"
#include "app/hubs/hub_request.h"
#include "app/hubs/hub_token.h"
#include "base/encoding.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::app {

using provisioning::HubDevice;
using provisioning::HubModule;
using provisioning::HubTwin;

namespace {

constexpr std::chrono::seconds answer_time_max{20};

struct Ask {
    std::string method;
    std::string path;
    std::string body = {};
    std::optional<ETag> if_match = {};
};

std::string device_path(const DeviceId& id) {
    return "/devices/" + percent_encode(id.text());
}

std::string twin_path(const DeviceId& id) {
    return "/twins/" + percent_encode(id.text());
}

std::string module_twin_path(const DeviceId& id, const std::string& module) {
    return fmt::format("{}/modules/{}", twin_path(id), percent_encode(module));
}

/// Those segments mean another path, however they are encoded.
bool climbs(std::string_view path) {
    const auto segments = split(path, '/');
    return std::ranges::any_of(segments,
                               [](std::string_view one) { return one == "." || one == ".."; });
}

bool is_success(const net::HttpReply& reply) {
    return reply.status == 200 || reply.status == 201 || reply.status == 204;
}

std::unexpected<Error> no_such_device() {
    return fail(Code::not_found, "the hub has no such device");
}

} // namespace

struct RemoteHub::Parts {
    Parts(HubConnection given, SendRequest sender, const Clock& clock)
        : connection(std::move(given)), send(std::move(sender)), token(connection, clock) {}

    Result<net::HttpReply> ask(const Ask& ask);
    /// For answers without content.
    Result<void> tell(const Ask& ask);
    /// Nothing if the hub has no such device or module.
    Result<std::optional<std::string>> find(const std::string& path);
    Result<void> bulk(const JsonObject& entry);
    Result<std::optional<HubTwin>> find_twin(const std::string& path, const TwinOf& asked);
    Result<std::vector<HubModule>> list_modules(const DeviceId& id);
    Result<void> check_right(const Ask& harmless);

    HubConnection connection;
    SendRequest send;
    HubToken token;
};

Result<net::HttpReply> RemoteHub::Parts::ask(const Ask& ask) {
    if (climbs(ask.path)) {
        return fail(Code::malformed, "a device of this id cannot be named in a URL");
    }
    net::Outgoing::Request request{
        .method = ask.method,
        .url = fmt::format("https://{}{}?api-version=2021-04-12", connection.host, ask.path),
        .headers = {{"Authorization", token.get()}, {"Accept", "application/json"}},
        .body = ask.body,
        .time_max = answer_time_max,
        .answer_bytes_max = hub_answer_bytes_max};
    if (!ask.body.empty()) {
        request.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
    }
    if (ask.if_match) {
        request.headers.emplace_back("If-Match", fmt::format("\"{}\"", ask.if_match->text()));
    }
    auto reply = send(request);
    if (!reply && reply.error().code == Code::forbidden) {
        // Rules of this server's operator, who may change them.
        return fail(Code::unavailable, std::move(reply.error().detail));
    }
    return reply;
}

Result<void> RemoteHub::Parts::tell(const Ask& asked) {
    if (asked.if_match && asked.if_match->empty()) {
        return fail(Code::precondition, "no etag of the identity is known");
    }
    const auto reply = ask(asked);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    return is_success(*reply) ? Result<void>() : std::unexpected(refusal_of(*reply));
}

Result<std::optional<std::string>> RemoteHub::Parts::find(const std::string& path) {
    auto reply = ask({.method = "GET", .path = path});
    if (!reply) {
        return std::unexpected(std::move(reply.error()));
    }
    if (reply->status == 200) {
        return std::move(reply->body);
    }
    Error error = refusal_of(*reply);
    if (error.code == Code::not_found && error.detail != provisioning::hub_unknown) {
        return std::nullopt;
    }
    return std::unexpected(std::move(error));
}

Result<void> RemoteHub::Parts::bulk(const JsonObject& entry) {
    const auto reply =
        ask({.method = "POST", .path = "/devices", .body = to_text(Json(JsonArray{Json(entry)}))});
    return reply ? bulk_outcome(*reply) : std::unexpected(reply.error());
}

Result<std::optional<HubTwin>> RemoteHub::Parts::find_twin(const std::string& path,
                                                           const TwinOf& asked) {
    const auto text = find(path);
    if (!text) {
        return std::unexpected(text.error());
    }
    if (!*text) {
        return std::nullopt;
    }
    auto twin = read_hub_twin(**text, asked);
    if (!twin) {
        return std::unexpected(std::move(twin.error()));
    }
    return std::move(*twin);
}

RemoteHub::RemoteHub(HubConnection connection, SendRequest send, const Clock& clock)
    : parts_(std::make_unique<Parts>(std::move(connection), std::move(send), clock)) {}

RemoteHub::~RemoteHub() = default;

Result<std::optional<HubDevice>> RemoteHub::find_device(const DeviceId& id) {
    const auto text = parts_->find(device_path(id));
    if (!text) {
        return std::unexpected(text.error());
    }
    if (!*text) {
        return std::nullopt;
    }
    auto device = read_hub_device(**text, id);
    if (!device) {
        return std::unexpected(std::move(device.error()));
    }
    return std::move(*device);
}

Result<void> RemoteHub::create_device(const HubDevice& device, const HubTwin& twin) {
    return parts_->bulk(creation_entry(device, twin));
}

Result<void> RemoteHub::update_device(const HubDevice& device) {
    return parts_->tell({.method = "PUT",
                         .path = device_path(device.id),
                         .body = to_text(identity_document(device)),
                         .if_match = device.etag});
}

Result<void> RemoteHub::delete_device(const DeviceId& id, const ETag& etag) {
    return parts_->tell({.method = "DELETE", .path = device_path(id), .if_match = etag});
}

Result<std::optional<HubTwin>> RemoteHub::find_twin(const DeviceId& id) {
    return parts_->find_twin(twin_path(id), {.device = id});
}

Result<std::vector<HubModule>> RemoteHub::Parts::list_modules(const DeviceId& id) {
    auto text = find(device_path(id) + "/modules");
    if (!text && text.error().code == Code::unsupported) { // a hub without modules
        text = find(device_path(id));
        if (text && *text) {
            return {};
        }
    }
    if (!text) {
        return std::unexpected(text.error());
    }
    return *text ? read_hub_modules(**text, id) : no_such_device();
}

Result<std::vector<HubModule>> RemoteHub::modules(const DeviceId& id) {
    auto modules = parts_->list_modules(id);
    if (!modules) {
        return modules;
    }
    std::vector<HubModule> complete;
    for (HubModule& module : *modules) {
        auto twin =
            parts_->find_twin(module_twin_path(id, module.id), {.device = id, .module = module.id});
        if (!twin) {
            return std::unexpected(std::move(twin.error()));
        }
        if (*twin) { // else it was deleted meanwhile
            module.twin = std::move(**twin);
            complete.push_back(std::move(module));
        }
    }
    return complete;
}

Result<void> RemoteHub::put_module(const DeviceId& id, const HubModule& module) {
    if (is_system_module(module.id)) { // made by the hub, with the device
        return parts_->tell({.method = "PUT",
                             .path = module_twin_path(id, module.id),
                             .body = to_text(twin_document(module.twin))});
    }
    auto created = parts_->bulk(creation_entry(id, module));
    if (created || created.error().code != Code::already_exists) {
        return created;
    }
    // Is it the module that is there already? A hub that knows nothing of modules means the device,
    // whose twin must not be overwritten.
    const auto twin =
        parts_->find_twin(module_twin_path(id, module.id), {.device = id, .module = module.id});
    if (!twin) {
        return std::unexpected(twin.error());
    }
    if (!*twin) {
        return fail(Code::unsupported, "the hub has no modules");
    }
    return parts_->bulk(twin_entry(id, module));
}

Result<void> RemoteHub::Parts::check_right(const Ask& harmless) {
    const auto reply = ask(harmless);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    if (is_success(*reply)) { // nothing was there to be deleted
        return harmless.method == "GET" ? Result<void>()
                                        : unreadable("it deletes what is not there");
    }
    if (lacks_right(*reply)) {
        return fail(Code::malformed, "the hub's policy must hold RegistryWrite and ServiceConnect");
    }
    Error error = refusal_of(*reply);
    const bool got_in =
        error.code == Code::precondition ||
        (error.code == Code::not_found && error.detail != provisioning::hub_unknown);
    return got_in ? Result<void>() : std::unexpected(std::move(error));
}

Result<void> RemoteHub::check_rights() {
    // Nobody has such a device, and no identity has such an etag.
    const DeviceId nobody("muster-link-check");
    const ETag never("muster-changes-nothing");
    const Ask writing{.method = "DELETE", .path = device_path(nobody), .if_match = never};
    if (auto allowed = parts_->check_right(writing); !allowed) {
        return allowed;
    }
    return parts_->check_right({.method = "GET", .path = twin_path(nobody)});
}

} // namespace muster::app
