#pragma once
// Allocation functions over the network (provisioning/allocating/function.h).

#include "app/guarded_outgoing.h"
#include "app/hubs/remote_hub.h"
#include "provisioning/allocating/function.h"

namespace muster::app {

/// Thread safe, if what sends is; waits.
class WebFunctions final : public provisioning::WebCaller {
  public:
    explicit WebFunctions(GuardedOutgoing& outgoing)
        : send_([&outgoing](const auto& request) { return outgoing.send(request); }) {}

    explicit WebFunctions(SendRequest send) : send_(std::move(send)) {}

    Result<provisioning::WebReply> post(const provisioning::WebCall& call) override;

  private:
    SendRequest send_;
};

} // namespace muster::app
