#pragma once
// The whole world of one seed, its time of trouble and its end.

#include "tests/simulation/bystanders.h"
#include "tests/simulation/operators.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::simulation {

/// What came of it, for the summary of many seeds.
struct Count {
    std::size_t moves = 0; // to another hub, with a twin
    std::size_t late_copies = 0;
    std::size_t lines = 0;
};

class World {
  public:
    World(std::uint64_t seed, Threads& threads);
    ~World();

    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// False if a rule was broken, or the promises were not kept in time.
    bool run();

    [[nodiscard]] const Story& story() const { return stage_.story; }

    [[nodiscard]] Count count() const;

  private:
    void build_hubs();
    void build_servers();
    void build_devices();
    void build_instance();
    void publish(const provisioning::Instance& instance);

    bool begin();
    bool trouble();
    bool calm();
    bool end();
    bool run_for(Duration time);
    /// Again and again, while there is trouble.
    void every(std::size_t seconds, std::function<void()> happens);
    void trouble_hub();
    void trouble_device();

    // promises.cpp
    /// What is not yet as it must be in the end; nothing: all is well.
    [[nodiscard]] std::optional<std::string> unkept();
    [[nodiscard]] std::optional<std::string> unkept_of(SimDevice& device);
    [[nodiscard]] std::optional<std::string> unkept_at(HubSite& hub);
    [[nodiscard]] std::optional<provisioning::RegistrationRecord>
    record_of(const std::string& device);
    [[nodiscard]] bool waits_for_lost_hub(const std::string& device);
    [[nodiscard]] bool is_known_half_way(const provisioning::Place& place);
    /// The terms that decide about it and that it can prove, if they let it in.
    [[nodiscard]] std::optional<provisioning::EnrollmentTerms> admitting(const SimDevice& device);

    Stage stage_;
    IdScope scope_{"0ne00S1MUL8"};
    std::unique_ptr<store::Stores> stores_;
    Rules rules_;
    HubSites hubs_;
    std::vector<std::unique_ptr<ProvisioningSite>> servers_;
    std::vector<std::unique_ptr<SimDevice>> devices_;
    Surroundings surroundings_;
    Operators operators_;
    Bystanders bystanders_;
    bool is_troubled_ = false;
    std::size_t late_copies_ = 0;
};

} // namespace muster::simulation
