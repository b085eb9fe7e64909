#include "provisioning/instances.h"
#include "tests/simulation/operators.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::simulation {

using provisioning::Instance;
using provisioning::InstanceSettings;
using provisioning::LinkedHub;

LinkedHub link_to(const HubName& hub) {
    return {.name = hub,
            .connection_string =
                Secret("HostName=" + hub.text() + ";SharedAccessKeyName=p;SharedAccessKey=a2V5")};
}

HubName Operators::some_hub() {
    std::vector<HubName> names;
    for (const auto& [name, hub] : world_.hubs) {
        names.push_back(name);
    }
    return world_.stage.dice.pick(names);
}

void Operators::change_hubs(const std::string& what,
                            std::function<void(std::vector<LinkedHub>&)> change) {
    first_server().call([this, what, change](Services& services) {
        InstanceSettings wanted{.name = instance_name, .tenant = "default"};
        wanted.hubs = services.instance.get()->hubs;
        change(*wanted.hubs);
        tell(what, outcome_of(services.instances.put(wanted, {}, operator_principal)));
    });
}

void Operators::change_weights() {
    Dice& dice = world_.stage.dice;
    const int weight = 1 + static_cast<int>(dice.below(10));
    const std::int64_t devices_max =
        dice.one_in(3) ? 1 + static_cast<std::int64_t>(dice.below(3)) : 1'000'000;
    const HubName hub = some_hub();
    change_hubs(fmt::format("gives {} weight {}, at most {}", hub.text(), weight, devices_max),
                [hub, weight, devices_max](std::vector<LinkedHub>& hubs) {
                    const auto found = std::ranges::find(hubs, hub, &LinkedHub::name);
                    if (found != hubs.end()) {
                        found->weight = weight;
                        found->devices_max = devices_max;
                    }
                });
}

void Operators::change_default() {
    const bool even = world_.stage.dice.one_in(2);
    first_server().call([this, even](Services& services) {
        InstanceSettings wanted{.name = instance_name, .tenant = "default"};
        wanted.even_load = even;
        tell(even ? "wants an even load" : "wants a load by hash",
             outcome_of(services.instances.put(wanted, {}, operator_principal)));
    });
}

void Operators::unlink_hub() {
    const HubName hub = some_hub();
    change_hubs("unlinks " + hub.text(), [hub](std::vector<LinkedHub>& hubs) {
        if (hubs.size() > 1) {
            std::erase_if(hubs, [&](const LinkedHub& linked) { return linked.name == hub; });
        }
    });
}

void Operators::link_hub() {
    const HubName hub = some_hub();
    if (world_.hubs.at(hub)->is_lost()) {
        return;
    }
    change_hubs("links " + hub.text(), [hub](std::vector<LinkedHub>& hubs) {
        if (std::ranges::find(hubs, hub, &LinkedHub::name) == hubs.end()) {
            hubs.push_back(link_to(hub));
        }
    });
}

void Operators::switch_hub() {
    const HubName hub = some_hub();
    const bool on = world_.stage.dice.one_in(2);
    first_server().call([this, hub, on](Services& services) {
        tell(fmt::format("switches {} {}", hub.text(), on ? "on" : "off"),
             outcome_of(
                 services.instances.set_apply_policy(instance_name, hub, on, operator_principal)));
    });
}

/// Once in a while a hub burns down. The operator says so, sooner or later (put_in_order()).
void Operators::lose_hub() {
    const bool has_lost =
        std::ranges::any_of(world_.hubs, [](const auto& hub) { return hub.second->is_lost(); });
    HubSite& hub = *world_.hubs.at(some_hub());
    if (has_lost || world_.hubs.size() < 3 || !hub.host().empty() || !world_.stage.dice.one_in(4)) {
        return;
    }
    world_.stage.tell(hub.name().text(), "IS LOST FOR GOOD");
    hub.lose();
}

void Operators::tell(const std::string& what, const Result<void>& outcome) {
    world_.stage.tell("operator",
                      outcome ? what
                              : fmt::format("{}: {}, {}", what, to_string(outcome.error().code),
                                            outcome.error().detail));
}

} // namespace muster::simulation
