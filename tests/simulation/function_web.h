#pragma once
// The web as allocation functions live in it: they answer, are slow, down, or lie.

#include "provisioning/allocating/function.h"
#include "tests/simulation/port_steps.h"
#include "tests/simulation/rules.h"

#include <string>

namespace muster::simulation {

class FunctionWeb final : public provisioning::WebCaller {
  public:
    FunctionWeb(PortSteps& steps, Rules& rules) : steps_(steps), rules_(rules) {}

    Result<provisioning::WebReply> post(const provisioning::WebCall& call) override;

  private:
    Result<provisioning::WebReply> lie();
    provisioning::WebReply choose(const JsonObject& request);

    PortSteps& steps_;
    Rules& rules_;
};

} // namespace muster::simulation
