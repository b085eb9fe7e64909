#pragma once
// A server of provisioning: the real use cases over the stores that all servers share. When it
// crashes, everything but the stores is lost.

#include "provisioning/allocating/function.h"
#include "provisioning/device_registration.h"
#include "provisioning/enrollments.h"
#include "provisioning/fleet/fleets.h"
#include "provisioning/instances.h"
#include "provisioning/moving/moves.h"
#include "store/stores.h"
#include "tests/simulation/hub_port.h"
#include "tests/simulation/rules.h"
#include "tests/simulation/stage.h"

#include <functional>
#include <memory>
#include <string>

namespace muster::simulation {

/// What a server does, for requests that reach it.
struct Services {
    provisioning::CurrentInstance& instance;
    provisioning::Instances& instances;
    provisioning::Enrollments& enrollments;
    provisioning::DeviceRegistration& registration;
    provisioning::Moves& moves;
    provisioning::Fleets& fleets;
    provisioning::RegistrationStore& registrations;
};

class ProvisioningSite {
  public:
    struct World {
        Stage& stage;
        Rules& rules;
        HubSites& hubs;
        store::Stores& stores;
        HubPort::Company company;
        /// An instance was changed here: the other servers hear of it some time.
        std::function<void(const provisioning::Instance&)> changed;
    };

    ProvisioningSite(World world, std::string name);
    ~ProvisioningSite();

    [[nodiscard]] const std::string& name() const { return name_; }

    /// It takes requests.
    [[nodiscard]] bool is_up() const;

    void start();
    /// Comes back by itself after a while, unless told not to.
    void crash();

    void never_come_back() { comes_back_ = false; }

    void stall(Duration time);
    void hear(const provisioning::Instance& instance);

    using Request = std::function<void(Services&)>;
    /// False if nobody listens. The request may die half-way with the server.
    bool call(Request request);

  private:
    struct Life;

    World world_;
    std::string name_;
    int lives_ = 0;
    bool comes_back_ = true;
    std::shared_ptr<Life> life_;
};

} // namespace muster::simulation
