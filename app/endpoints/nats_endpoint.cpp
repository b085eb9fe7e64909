#include "app/endpoints/nats_endpoint.h"

#include "hub/routing/cloud_event.h"

#include <unordered_map>
#include <vector>

namespace muster::app {

namespace {

/// Rounds of events in which no device occurs twice: a server may refuse one message and take the
/// next, and what is sent again would then come behind it.
std::vector<std::vector<const hub::Event*>> rounds_of(std::span<const hub::Event> events) {
    std::vector<std::vector<const hub::Event*>> rounds;
    std::unordered_map<std::string_view, std::size_t> next_round;
    for (const hub::Event& event : events) {
        const std::size_t round = next_round[event.identity.device.text()]++;
        if (round == rounds.size()) {
            rounds.emplace_back();
        }
        rounds[round].push_back(&event);
    }
    return rounds;
}

} // namespace

net::NatsPublisher::Message NatsEndpoint::message_of(const hub::Event& event) const {
    return {.subject = options_.subject.of(options_.hub_name, event),
            .id = hub::event_id(options_.hub, event),
            .content_type = std::string(hub::cloud_event_media_type),
            .data = hub::to_cloud_event(options_.hub, event)};
}

Result<void> NatsEndpoint::deliver(std::span<const hub::Event> events) {
    for (const auto& round : rounds_of(events)) {
        std::vector<net::NatsPublisher::Message> messages;
        messages.reserve(round.size());
        for (const hub::Event* event : round) {
            messages.push_back(message_of(*event));
        }
        if (auto published = publish_(messages); !published) {
            return published;
        }
    }
    return {};
}

} // namespace muster::app
