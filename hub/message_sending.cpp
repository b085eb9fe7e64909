// What back ends send to devices (iothub A.9, B.13, B.14).

#include "hub/service.h"

#include <span>
#include <utility>

namespace muster::hub {

Result<Messages::Sent> Service::send_message(const IdentityId& to, SendRequest request) {
    const auto device = load_device(to);
    if (!device) {
        return std::unexpected(device.error());
    }
    return messages_.send(to, device->generation_id, std::move(request));
}

Result<std::int64_t> Service::purge_messages(const IdentityId& id) {
    const auto device = load_device(id);
    if (!device) {
        return std::unexpected(device.error());
    }
    return messages_.purge(id);
}

// ---- how many wait ----

Result<std::vector<DeviceView>> Service::with_counts(std::vector<DeviceView> views) {
    std::vector<IdentityId> ids;
    ids.reserve(views.size());
    for (const DeviceView& view : views) {
        ids.push_back(view.device.identity());
    }
    const auto counts = messages_.counts(ids);
    if (!counts) {
        return std::unexpected(counts.error());
    }
    for (std::size_t at = 0; at < views.size(); ++at) {
        views[at].messages_waiting = (*counts)[at];
    }
    return views;
}

Result<DeviceView> Service::with_count(DeviceView view) {
    const IdentityId id = view.device.identity();
    const auto counts = messages_.counts(std::span(&id, 1));
    if (!counts) {
        return std::unexpected(counts.error());
    }
    view.messages_waiting = counts->front();
    return view;
}

Result<TwinView> Service::with_count(Result<TwinView> view) {
    if (!view) {
        return view;
    }
    const IdentityId id = view->device.identity();
    const auto counts = messages_.counts(std::span(&id, 1));
    if (!counts) {
        return std::unexpected(counts.error());
    }
    view->messages_waiting = counts->front();
    return view;
}

} // namespace muster::hub
