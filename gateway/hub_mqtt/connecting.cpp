// From CONNECT to CONNACK (reference: iothub A.3 to A.6).

#include "base/log.h"
#include "base/text.h"
#include "gateway/api_version.h"
#include "gateway/hub_mqtt/connection.h"
#include "gateway/hub_mqtt/properties.h"

#include <utility>

namespace muster::gateway {

namespace {

/// iothub A.5: 5 for everything that is wrong with the device or its proof, 3 for what passes by
/// itself, never 4. A client that is told 3 tries again, one that is told 5 asks provisioning.
mqtt::ConnectCode connect_code_of(Code code) {
    switch (code) {
    case Code::unavailable:
    case Code::rate_limited:
    case Code::quota_exceeded:
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

/// When a token ends the connection. What is further away than anybody lives has no moment on the
/// steady clock.
std::optional<SteadyTime> end_of_life(const std::optional<WallTime>& expiry, const Clock& clock) {
    constexpr std::chrono::hours longest(24 * 365 * 10);
    if (!expiry || *expiry - clock.wall() > longest) {
        return std::nullopt;
    }
    return clock.steady() + (*expiry - clock.wall());
}

} // namespace

/// iothub A.6: a will is telemetry of the device itself, nothing else.
Result<HubMqtt::Will> HubMqtt::read_will(const mqtt::Will& will) const {
    auto topic = topics::parse_hub_topic(will.topic);
    auto* telemetry = topic ? std::get_if<topics::Telemetry>(&*topic) : nullptr;
    if (telemetry == nullptr || !is_own(*telemetry)) {
        return fail(Code::malformed, "the will's topic is not the device's own telemetry");
    }
    Will own{std::move(telemetry->properties), will.payload};
    if (will.retain) {
        mark_retained(own.properties);
    }
    set_property(own.properties, "iothub-MessageType", "Will");
    return own;
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
    if (!user->api_version.empty()) {
        if (auto fine = check_api_version(user->api_version); !fine) {
            return std::unexpected(fine.error());
        }
    }
    const std::string name =
        user->module_id.empty() ? user->device_id : user->device_id + '/' + user->module_id;
    if (connect.client_id != name) {
        return fail(Code::malformed, "client id and user name name different devices");
    }
    auto who = hub::parse_identity_id(name);
    if (!who) {
        return std::unexpected(who.error());
    }
    who_ = std::move(*who);
    if (connect.will) {
        auto will = read_will(*connect.will);
        if (!will) {
            return std::unexpected(will.error());
        }
        will_ = std::move(*will);
    }
    return Claim{{who_, connect.password.value_or(""), peer_.certificates},
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
    submit_claim(*std::move(claim));
}

void HubMqtt::submit_claim_after(std::chrono::milliseconds wait, Claim claim) {
    context_.timers.after(wait, [this, post = post_, claim = std::move(claim)]() mutable {
        post([this, claim = std::move(claim)]() mutable { submit_claim(std::move(claim)); });
    });
}

void HubMqtt::submit_claim(Claim claim) {
    if (over_ || session_.wants_close()) {
        return;
    }
    const bool queued = context_.workers.submit(
        [this, post = post_, hub = hub_, link = link_, claim = std::move(claim)]() mutable {
            auto admission = admit(*hub, claim, *link);
            post([this, claim = std::move(claim), admission = std::move(admission)]() mutable {
                if (admission && admission->wait.count() > 0) {
                    claim.has_turn = true;
                    return submit_claim_after(admission->wait, std::move(claim));
                }
                admitted(std::move(admission));
            });
        });
    if (!queued) {
        refuse_connect({.code = Code::unavailable, .detail = "the server is busy"});
    }
}

/// On a worker. Only who has proved itself takes a turn: nobody else keeps devices waiting. Who had
/// to wait for it proves itself again.
Result<HubMqtt::Admission> HubMqtt::admit(hub::Service& hub, const Claim& claim, HubLink& link) {
    const hub::IdentityId& who = claim.credentials.identity;
    auto session = hub.authenticate(claim.credentials);
    if (!session) {
        return std::unexpected(session.error());
    }
    if (!claim.has_turn) {
        const auto wait = hub.limiter().admit(hub::Operation::connection);
        if (!wait) {
            return std::unexpected(wait.error());
        }
        if (wait->count() > 0) {
            return Admission{.session = {}, .subscriptions = {}, .wait = *wait};
        }
    }
    auto stored = hub.load_session(who);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    Admission admission{.session = std::move(*session), .subscriptions = std::move(*stored)};
    if (claim.clean_session && !admission.subscriptions.empty()) {
        if (auto cleared = hub.save_session(who, {}); !cleared) {
            return std::unexpected(cleared.error());
        }
        admission.subscriptions.clear();
    }
    if (!claim.model_id.empty()) {
        if (auto kept = hub.set_model_id(who, claim.model_id); !kept) {
            return std::unexpected(kept.error());
        }
    }
    if (!link.attach(hub.live(), who, admission.session.admission)) {
        return fail(Code::conflict, "the identity changed while the device connected");
    }
    return admission;
}

void HubMqtt::admitted(Result<Admission> admission) {
    if (!admission) {
        refuse_connect(admission.error());
        return;
    }
    if (stopping_) {
        refuse_connect({.code = Code::unavailable, .detail = "the server is stopping"});
        return;
    }
    if (over_) {
        return; // it took too long, or the device is gone
    }
    identity_ = std::move(admission->session);
    identity_.device.authentication = {}; // has done its part; as long as many are connected
    subscriptions_ = Subscriptions(who_, admission->subscriptions);
    expires_ = end_of_life(identity_.sas_expiry, context_.clock);
    // iothub A.6, G.6: present exactly when a stored subscription was restored.
    session_.connack(mqtt::ConnectCode::accepted, !subscriptions_.empty(), context_.clock.steady());
    busy_ = false;
    apply_subscriptions();
    pump();
}

void HubMqtt::refuse_connect(const Error& error) {
    if (session_.wants_close()) {
        return; // already refused, or gone
    }
    busy_ = false;
    will_.reset();
    log::info("hub connection refused", {{"device", who_.text()},
                                         {"detail", error.detail},
                                         {"cause", error.cause},
                                         {"peer", peer_.address}});
    session_.connack(connect_code_of(error.code), false, context_.clock.steady());
}

} // namespace muster::gateway
