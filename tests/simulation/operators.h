#pragma once
// People at provisioning: they change enrollments, hubs and weights, delete records, drain hubs,
// put devices into quarantine, and change their minds.

#include "tests/simulation/device.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::simulation {

inline constexpr const char* fleet_group = "fleet";

class Operators {
  public:
    Operators(Surroundings world, std::vector<std::unique_ptr<SimDevice>>& devices)
        : world_(world), devices_(devices) {}

    /// Something, now.
    void act();

    /// Before the first device: enrollments as they come from the factory.
    void enroll(Services& services);

    /// Leaves things so that each device has an answer: hubs that are linked, operations that end.
    /// True once all of it is done; to be repeated until then.
    bool put_in_order();
    /// What comes to light only when a device is back: it was held at a hub that burnt down.
    void look_after();

    [[nodiscard]] Secret group_key() const { return group_key_; }

  private:
    using Action = void (Operators::*)();

    // enrollments.cpp
    void change_terms();
    void change_status();
    void delete_enrollment();
    void create_enrollment();
    void rename_device();
    void roll_key();
    void roll_group_key();
    void delete_record();
    // hubs.cpp
    void change_weights();
    void change_default();
    void unlink_hub();
    void link_hub();
    void switch_hub();
    void lose_hub();
    // moves.cpp
    void drain();
    void rebalance();
    void steer_operation();
    void quarantine();
    void release();
    void quarantine_group();
    void cancel();
    void retry();

    SimDevice& some_device() { return *world_.stage.dice.pick(devices_); }

    HubName some_hub();

    ProvisioningSite& some_server() { return *world_.stage.dice.pick(world_.servers); }

    /// The one that changes instances.
    ProvisioningSite& first_server() { return *world_.servers.front(); }

    void edit_terms(provisioning::EnrollmentTerms& terms);
    void edit_allocation(provisioning::EnrollmentTerms& terms);
    void tidy_terms(provisioning::EnrollmentTerms& terms, const provisioning::Instance& instance);
    [[nodiscard]] JsonObject new_initial_twin();
    [[nodiscard]] Secret new_key();
    void tell(const std::string& what, const Result<void>& outcome);
    /// Changes the hubs of the instance as they are now.
    void change_hubs(const std::string& what,
                     std::function<void(std::vector<provisioning::LinkedHub>&)> change);
    void put_in_order(Services& services);
    bool put_hubs_in_order(Services& services);
    bool end_lost_quarantines(Services& services);

    Surroundings world_;
    std::vector<std::unique_ptr<SimDevice>>& devices_;
    Secret group_key_{std::string("the-key-of-the-whole-fleet-1....")};
    std::int64_t twins_ = 0;
    std::int64_t keys_ = 0;
    bool in_order_ = false;
};

/// How the operator reaches a hub; the key is the network's business.
provisioning::LinkedHub link_to(const HubName& hub);

/// Error or not, without the value.
template <class T>
Result<void> outcome_of(const Result<T>& result) {
    return result ? Result<void>() : Result<void>(std::unexpected(result.error()));
}

inline const provisioning::Principal operator_principal{"policy:simulation"};
inline const std::string instance_name = "simulated";

} // namespace muster::simulation
