#pragma once
// Allocation functions over the network (provisioning/allocating/function.h).

#include "app/guarded_outgoing.h"
#include "provisioning/allocating/function.h"

namespace muster::app {

/// Thread safe; waits.
class WebFunctions final : public provisioning::WebCaller {
  public:
    explicit WebFunctions(GuardedOutgoing& outgoing) : outgoing_(outgoing) {}

    Result<provisioning::WebReply> post(const provisioning::WebCall& call) override;

  private:
    GuardedOutgoing& outgoing_;
};

} // namespace muster::app
