#pragma once
// The hubs as one provisioning process reaches them. Those it hosts do a call at once or not at
// all. All others are behind a network that loses, delays, repeats and reorders requests and
// answers: a call that failed may have taken effect, may do so minutes later, or twice.

#include "provisioning/current_instance.h"
#include "provisioning/hubs.h"
#include "tests/simulation/hub_site.h"
#include "tests/simulation/port_steps.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace muster::simulation {

using HubSites = std::map<HubName, std::unique_ptr<HubSite>>;

class HubPort final : public provisioning::Hubs {
  public:
    enum class Company : std::uint8_t { alone, several }; // of processes on the same records

    HubPort(PortSteps& steps, HubSites& sites, Rules& rules,
            const provisioning::CurrentInstance& instance, Company company)
        : steps_(steps), sites_(sites), rules_(rules), instance_(instance), company_(company) {}

    Result<std::optional<provisioning::HubDevice>> find_device(const HubName& hub,
                                                               const DeviceId& id) override;
    Result<void> create_device(const HubName& hub, const provisioning::HubDevice& device,
                               const provisioning::HubTwin& twin) override;
    Result<void> update_device(const HubName& hub, const provisioning::HubDevice& device) override;
    Result<void> delete_device(const HubName& hub, const DeviceId& id, const ETag& etag) override;
    Result<std::optional<provisioning::HubTwin>> find_twin(const HubName& hub,
                                                           const DeviceId& id) override;
    Result<std::vector<provisioning::HubModule>> modules(const HubName& hub,
                                                         const DeviceId& id) override;
    Result<void> put_module(const HubName& hub, const DeviceId& id,
                            const provisioning::HubModule& module) override;
    [[nodiscard]] bool may_act_late(const HubName& hub) const override;
    Result<HubName> check_link(const Secret& connection_string) override;

  private:
    template <class T>
    using Act = std::function<Result<T>(provisioning::Hubs&)>;

    struct Request {
        HubName hub;
        DeviceId device;
        std::string what;
        bool creates = false;
    };

    template <class T>
    struct Exchange;

    template <class T>
    Result<T> call(const Request& request, Act<T> act);
    template <class T>
    Result<T> call_here(HubSite& site, const Request& request, const Act<T>& act);
    template <class T>
    Result<T> call_there(HubSite& site, const Request& request, Act<T> act);
    template <class T>
    static void send(const std::shared_ptr<Exchange<T>>& exchange, Duration delay);
    template <class T>
    static void arrive(const std::shared_ptr<Exchange<T>>& exchange);
    template <class T>
    static void answer(const std::shared_ptr<Exchange<T>>& exchange, Result<T> outcome);

    [[nodiscard]] bool is_here(const HubSite& site) const { return site.host() == steps_.name(); }

    [[nodiscard]] bool is_known(const HubName& hub) const;
    void tell(const Request& request, const Error* error, std::string_view note = {});

    PortSteps& steps_;
    HubSites& sites_;
    Rules& rules_;
    const provisioning::CurrentInstance& instance_;
    Company company_;
};

} // namespace muster::simulation
