#include "gateway/hub_mqtt/subscriptions.h"

#include <algorithm>

namespace muster::gateway {

namespace {

constexpr std::size_t filters_max = 5;
constexpr std::uint8_t granted_max = 1; // QoS 2 is granted as 1

} // namespace

Subscriptions::Subscriptions(const hub::IdentityId& who,
                             const std::vector<hub::StoredSubscription>& stored)
    : who_(who) {
    for (const hub::StoredSubscription& subscription : stored) {
        add({subscription.filter, static_cast<mqtt::QoS>(subscription.qos)});
    }
}

std::uint8_t Subscriptions::add(const mqtt::Subscription& wanted) {
    const auto kind =
        topics::parse_hub_filter(wanted.filter, who_.device.text(), who_.module.text());
    if (!kind) {
        return mqtt::Suback::failure;
    }
    const std::uint8_t granted = std::min(static_cast<std::uint8_t>(wanted.qos), granted_max);
    const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.subscription.filter == wanted.filter;
    });
    if (known != entries_.end()) {
        known->subscription.qos = granted;
        return granted;
    }
    if (entries_.size() >= filters_max) {
        return mqtt::Suback::failure;
    }
    entries_.push_back({{wanted.filter, granted}, *kind});
    return granted;
}

void Subscriptions::remove(const std::string& filter) {
    std::erase_if(entries_,
                  [&](const Entry& entry) { return entry.subscription.filter == filter; });
}

bool Subscriptions::has(topics::HubFilter kind) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return entry.kind == kind; });
}

mqtt::QoS Subscriptions::qos_of(topics::HubFilter kind) const {
    const bool only_once = has(kind) && std::ranges::none_of(entries_, [&](const Entry& entry) {
                               return entry.kind == kind && entry.subscription.qos != 0;
                           });
    return only_once ? mqtt::QoS::at_most_once : mqtt::QoS::at_least_once;
}

std::vector<hub::StoredSubscription> Subscriptions::stored() const {
    std::vector<hub::StoredSubscription> stored;
    for (const Entry& entry : entries_) {
        stored.push_back(entry.subscription);
    }
    return stored;
}

} // namespace muster::gateway
