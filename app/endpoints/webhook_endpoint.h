#pragma once
// Events by POST: a batch of CloudEvents (hub/routing/cloud_event.h), signed if there is a key
// (crypto/webhook_signature.h). Any status of 200 to 299 acknowledges all of them. Every other one
// means that they have to be sent again, 400 and 410 as well: a receiver that was set up wrongly is
// set right, and nothing was lost. Retry-After in seconds is heeded.

#include "app/hubs/remote_hub.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/secret.h"
#include "hub/routing/endpoint.h"

#include <chrono>
#include <optional>
#include <stop_token>

namespace muster::app {

inline constexpr std::chrono::seconds webhook_time_max{20};

class WebhookEndpoint final : public hub::Endpoint {
  public:
    struct Options {
        HubName hub;
        Secret url;
        std::optional<Secret> signing_key;
    };

    WebhookEndpoint(Options options, SendRequest send, const Clock& clock)
        : options_(std::move(options)), send_(std::move(send)), clock_(clock) {}

    Result<void> deliver(std::span<const hub::Event> events) override;

    void interrupt() override { stop_.request_stop(); }

  private:
    Options options_;
    SendRequest send_;
    const Clock& clock_;
    std::stop_source stop_;
};

} // namespace muster::app
