#pragma once
// Events into JetStream: the same documents that webhooks get (hub/routing/cloud_event.h), one
// message each, with the event's id as Nats-Msg-Id.

#include "app/endpoints/nats_subject.h"
#include "base/ids.h"
#include "hub/routing/endpoint.h"
#include "net/nats_publisher.h"

#include <functional>
#include <span>
#include <string>

namespace muster::app {

class NatsEndpoint final : public hub::Endpoint {
  public:
    struct Options {
        HubName hub;
        std::string hub_name; // of the configuration
        NatsSubject subject;
    };

    using Messages = std::span<const net::NatsPublisher::Message>;
    /// net::NatsPublisher::publish; a script in tests.
    using Publish = std::function<Result<void>(Messages)>;

    NatsEndpoint(Options options, Publish publish, std::function<void()> interrupt)
        : options_(std::move(options)), publish_(std::move(publish)),
          interrupt_(std::move(interrupt)) {}

    Result<void> deliver(std::span<const hub::Event> events) override;

    void interrupt() override { interrupt_(); }

  private:
    [[nodiscard]] net::NatsPublisher::Message message_of(const hub::Event& event) const;

    Options options_;
    Publish publish_;
    std::function<void()> interrupt_;
};

} // namespace muster::app
