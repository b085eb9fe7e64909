#include "gateway/hub_mqtt/link.h"

#include "gateway/hub_mqtt/connection.h"

namespace muster::gateway {

void HubLink::desired_changed(const JsonObject& notification, std::int64_t version) {
    post_([connection = &connection_, notification, version] {
        connection->deliver_desired(notification, version);
    });
}

void HubLink::invoke(const hub::MethodRequest& request) {
    post_([connection = &connection_, request] { connection->deliver_method(request); });
}

void HubLink::messages_waiting() {
    post_([connection = &connection_] { connection->deliver_messages(); });
}

void HubLink::close(std::string reason) {
    post_([connection = &connection_, reason = std::move(reason)] { connection->cut(reason); });
}

void HubLink::cut_off(std::string reason) {
    post_([connection = &connection_, reason = std::move(reason)] { connection->cut_off(reason); });
}

bool HubLink::attach(hub::Live& live, const hub::IdentityId& who, hub::Live::Admission admission) {
    const hub::LinkId id = live.attach(who, shared_from_this(), admission);
    id_.store(id);
    if (gone_.load()) {
        live.detach(who, id);
    }
    return id != 0;
}

void HubLink::gone(hub::Live& live, const hub::IdentityId& who) {
    gone_.store(true);
    if (const hub::LinkId id = id_.load(); id != 0) {
        live.detach(who, id);
    }
}

} // namespace muster::gateway
