// From CONNECT to CONNACK (reference: iothub A.3 to A.6).

#include "base/log.h"
#include "base/text.h"
#include "gateway/hub_mqtt/connection.h"

#include <fmt/format.h>

namespace muster::gateway {

namespace {

/// iothub A.5: 5 for everything that is wrong with the device or its proof, 3 for what passes by
/// itself, never 4. A client that is told 3 tries again, one that is told 5 asks provisioning.
mqtt::ConnectCode connect_code_of(Code code) {
    switch (code) {
    case Code::unavailable:
    case Code::rate_limited:
    case Code::deadline_exceeded:
    case Code::conflict:
    case Code::internal: return mqtt::ConnectCode::server_unavailable;
    case Code::malformed:
    case Code::unauthenticated:
    case Code::forbidden:
    case Code::not_found:
    case Code::already_exists:
    case Code::precondition:
    case Code::too_large:
    case Code::attestation_failed:
    case Code::no_hub_available:
    case Code::unsupported: return mqtt::ConnectCode::not_authorized;
    }
    return mqtt::ConnectCode::not_authorized;
}

std::string own_events_topic(const DeviceId& device) {
    return fmt::format("devices/{}/messages/events/", device.text());
}

} // namespace

Result<void> HubMqtt::accept_will(const mqtt::Will& will) {
    // iothub A.6: a will is telemetry of the device itself, nothing else.
    if (!will.topic.starts_with(own_events_topic(device_)) || will.qos == mqtt::QoS::exactly_once) {
        return fail(Code::malformed, "the will's topic is not the device's own telemetry");
    }
    will_ = will;
    return {};
}

Result<HubMqtt::Claim> HubMqtt::read_claim(const mqtt::Connect& connect) {
    auto user = topics::parse_hub_user(connect.user_name.value_or(""));
    if (!user) {
        return std::unexpected(user.error());
    }
    hub_ = context_.sites.hub_at(user->host);
    if (hub_ == nullptr) {
        return fail(Code::not_found, "no such hub here", user->host);
    }
    if (!user->module_id.empty()) {
        return fail(Code::unsupported, "modules are not offered yet");
    }
    if (connect.client_id != user->device_id) {
        return fail(Code::malformed, "client id and user name name different devices");
    }
    auto device = parse_device_id(user->device_id);
    if (!device) {
        return std::unexpected(device.error());
    }
    device_ = *device;
    if (connect.will) {
        if (auto accepted = accept_will(*connect.will); !accepted) {
            return std::unexpected(accepted.error());
        }
    }
    return Claim{{device_, connect.password.value_or(""), peer_.certificates},
                 connect.clean_session,
                 std::move(user->model_id)};
}

void HubMqtt::connect(const mqtt::Connect& connect, SteadyTime now) {
    touched_ = now;
    auto claim = read_claim(connect);
    if (!claim) {
        refuse_connect(claim.error());
        return;
    }
    clean_session_ = claim->clean_session;
    model_id_ = claim->model_id;
    link_ = std::make_shared<HubLink>(*this, post_);
    busy_ = true;
    const bool queued = context_.workers.submit(
        [this, post = post_, hub = hub_, link = link_, claim = std::move(*claim)] {
            post([this, admission = admit(*hub, claim, *link)]() mutable {
                admitted(std::move(admission));
            });
        });
    if (!queued) {
        refuse_connect({.code = Code::unavailable, .detail = "the server is busy"});
    }
}

/// On a worker.
Result<HubMqtt::Admission> HubMqtt::admit(hub::Service& hub, const Claim& claim, HubLink& link) {
    const DeviceId& device = claim.credentials.device;
    auto session = hub.authenticate(claim.credentials);
    if (!session) {
        return std::unexpected(session.error());
    }
    Admission admission{std::move(*session), {}};
    if (claim.clean_session) {
        if (auto cleared = hub.save_session(device, {}); !cleared) {
            return std::unexpected(cleared.error());
        }
    } else {
        auto stored = hub.load_session(device);
        if (!stored) {
            return std::unexpected(stored.error());
        }
        admission.subscriptions = std::move(*stored);
    }
    if (!claim.model_id.empty()) {
        if (auto kept = hub.set_model_id(device, claim.model_id); !kept) {
            return std::unexpected(kept.error());
        }
    }
    link.attach(hub.live(), device);
    // Whoever changed the identity since it was read could not cut a link that was not there yet.
    auto current = hub.get_device(device);
    if (!current || current->device.version != admission.session.device.version ||
        current->device.generation_id != admission.session.device.generation_id) {
        link.gone(hub.live(), device);
        return fail(Code::unauthenticated, "the device changed while it connected");
    }
    return admission;
}

void HubMqtt::admitted(Result<Admission> admission) {
    if (!admission) {
        refuse_connect(admission.error());
        return;
    }
    identity_ = std::move(admission->session);
    subscriptions_ = Subscriptions(device_, admission->subscriptions);
    if (identity_.sas_expiry) {
        expires_ = context_.clock.steady() + (*identity_.sas_expiry - context_.clock.wall());
    }
    // iothub A.6, G.6: present exactly when a stored subscription was restored.
    session_.connack(mqtt::ConnectCode::accepted, !subscriptions_.empty(), context_.clock.steady());
    busy_ = false;
    apply_subscriptions();
    pump();
}

void HubMqtt::refuse_connect(const Error& error) {
    busy_ = false;
    will_.reset();
    log::info("hub connection refused", {{"device", device_.text()},
                                         {"detail", error.detail},
                                         {"cause", error.cause},
                                         {"peer", peer_.address}});
    session_.connack(connect_code_of(error.code), false, context_.clock.steady());
}

} // namespace muster::gateway
