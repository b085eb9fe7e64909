#pragma once
// A hub: the real service over stores that survive it. It is up or down, and has a manner.

#include "app/local_hubs.h"
#include "hub/service.h"
#include "store/stores.h"
#include "tests/simulation/rules.h"
#include "tests/simulation/stage.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace muster::simulation {

/// How it treats requests over the network.
enum class Manner : std::uint8_t {
    normal,
    slow,     // seconds for each answer
    refusing, // 503, 429 and 500 without doing anything
    silent,   // takes the request, does it or not, and never answers
};

std::string_view to_string(Manner manner);

class HubSite {
  public:
    struct Place {
        HubName name;
        /// The provisioning process that it is a part of; empty: it has a process of its own.
        std::string host;
    };

    HubSite(Stage& stage, Rules& rules, Place place);
    ~HubSite();

    [[nodiscard]] const HubName& name() const { return place_.name; }

    [[nodiscard]] const std::string& host() const { return place_.host; }

    [[nodiscard]] bool is_up() const { return life_ != nullptr; }

    void start();
    /// Everybody is disconnected; what was stored stays.
    void crash();
    /// It never comes back.
    void lose();

    [[nodiscard]] bool is_lost() const { return lost_; }

    Manner manner = Manner::normal;

    /// Only while it is up.
    [[nodiscard]] provisioning::Hubs& registry();
    [[nodiscard]] hub::Service& service();

    /// Rule 9: nobody is connected who may not be.
    void check_connections();

    /// What is stored, whether it is up or not.
    [[nodiscard]] std::optional<hub::DeviceWithTwin> stored(const DeviceId& id);
    [[nodiscard]] std::vector<hub::Device> everybody();

  private:
    struct Life;
    class Watched;

    Stage& stage_;
    Rules& rules_;
    Place place_;
    bool lost_ = false;
    std::unique_ptr<store::Stores> stores_;
    std::unique_ptr<Watched> devices_;
    StageClock clock_;
    DiceRandom random_;
    std::unique_ptr<Life> life_;
};

} // namespace muster::simulation
