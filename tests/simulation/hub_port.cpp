#include "tests/simulation/hub_port.h"

#include <fmt/format.h>

#include <utility>

namespace muster::simulation {

using provisioning::HubDevice;
using provisioning::HubModule;
using provisioning::HubTwin;

namespace {

constexpr std::chrono::seconds answer_max{10};
constexpr Duration latency_min{500};

std::string state_of(const HubDevice& device) {
    return (device.enabled ? "enabled" : "disabled") +
           (device.status_reason.empty() ? "" : ", \"" + device.status_reason.substr(0, 16) + "\"");
}

std::unexpected<Error> refusal(Dice& dice) {
    const std::vector<Code> codes{Code::unavailable, Code::rate_limited, Code::deadline_exceeded};
    return fail(dice.pick(codes), "the hub is not well");
}

} // namespace

/// One call on its way. It outlives its caller.
template <class T>
struct HubPort::Exchange {
    Request request;
    Act<T> act;
    Signal answered;
    std::optional<Result<T>> outcome;
    bool is_over = false; // the caller has stopped waiting
    // What the exchange needs of the process that may be gone when the request arrives.
    Stage& stage;
    HubSite& site;
    Rules& rules;
    std::string caller;
};

// ---- the port ----

Result<std::optional<HubDevice>> HubPort::find_device(const HubName& hub, const DeviceId& id) {
    return call<std::optional<HubDevice>>(
        {.hub = hub, .device = id, .what = "find"},
        [=](provisioning::Hubs& hubs) { return hubs.find_device(hub, id); });
}

Result<void> HubPort::create_device(const HubName& hub, const HubDevice& device,
                                    const HubTwin& twin) {
    return call<void>(
        {.hub = hub, .device = device.id, .what = "create " + state_of(device), .creates = true},
        [=](provisioning::Hubs& hubs) { return hubs.create_device(hub, device, twin); });
}

Result<void> HubPort::update_device(const HubName& hub, const HubDevice& device) {
    return call<void>({.hub = hub, .device = device.id, .what = "update to " + state_of(device)},
                      [=](provisioning::Hubs& hubs) { return hubs.update_device(hub, device); });
}

Result<void> HubPort::delete_device(const HubName& hub, const DeviceId& id, const ETag& etag) {
    return call<void>({.hub = hub, .device = id, .what = "delete"},
                      [=](provisioning::Hubs& hubs) { return hubs.delete_device(hub, id, etag); });
}

Result<std::optional<HubTwin>> HubPort::find_twin(const HubName& hub, const DeviceId& id) {
    return call<std::optional<HubTwin>>(
        {.hub = hub, .device = id, .what = "find twin"},
        [=](provisioning::Hubs& hubs) { return hubs.find_twin(hub, id); });
}

Result<std::vector<HubModule>> HubPort::modules(const HubName& hub, const DeviceId& id) {
    return call<std::vector<HubModule>>(
        {.hub = hub, .device = id, .what = "list modules"},
        [=](provisioning::Hubs& hubs) { return hubs.modules(hub, id); });
}

Result<void> HubPort::put_module(const HubName& hub, const DeviceId& id, const HubModule& module) {
    return call<void>({.hub = hub, .device = id, .what = "put module"},
                      [=](provisioning::Hubs& hubs) { return hubs.put_module(hub, id, module); });
}

bool HubPort::may_act_late(const HubName& hub) const {
    const auto site = sites_.find(hub);
    return company_ == Company::several || site == sites_.end() || !is_here(*site->second);
}

Result<HubName> HubPort::check_link(const Secret& connection_string) {
    constexpr std::string_view start = "HostName=";
    const std::string_view text = connection_string.reveal();
    const HubName hub(text.substr(start.size(), text.find(';') - start.size()));
    if (!sites_.contains(hub)) {
        return fail(Code::not_found, "no such hub");
    }
    return hub;
}

bool HubPort::is_known(const HubName& hub) const {
    const auto instance = instance_.get();
    const auto* former = instance->find_former_hub(hub);
    return instance->find_hub(hub) != nullptr || (former != nullptr && !former->lost);
}

// ---- a call ----

template <class T>
Result<T> HubPort::call(const Request& request, Act<T> act) {
    if (!steps_.may_step()) {
        return fail(Code::unavailable, "the process is ending");
    }
    const auto found = sites_.find(request.hub);
    if (found == sites_.end() || !is_known(request.hub)) {
        return fail(Code::not_found, std::string(provisioning::hub_unknown));
    }
    HubSite& site = *found->second;
    steps_.pass();
    Result<T> outcome =
        is_here(site) ? call_here(site, request, act) : call_there(site, request, std::move(act));
    steps_.pass();
    return outcome;
}

template <class T>
Result<T> HubPort::call_here(HubSite& site, const Request& request, const Act<T>& act) {
    Stage& stage = steps_.stage();
    if (stage.weather.store_failures_one_in != 0 &&
        stage.dice.one_in(stage.weather.store_failures_one_in)) {
        return fail(Code::unavailable, "the hub's database is not there");
    }
    if (!site.is_up()) {
        return fail(Code::unavailable, "the hub is starting");
    }
    rules_.acts(Hand::provisioning);
    Result<T> outcome = act(site.registry());
    site.check_connections();
    tell(request, outcome ? nullptr : &outcome.error());
    return outcome;
}

template <class T>
Result<T> HubPort::call_there(HubSite& site, const Request& request, Act<T> act) {
    Stage& stage = steps_.stage();
    if (!site.is_up() && stage.dice.one_in(2)) {
        stage.engine.sleep(std::chrono::milliseconds(2));
        tell(request, nullptr, "refused, nobody listens");
        return fail(Code::unavailable, "connection refused");
    }
    const auto exchange = std::make_shared<Exchange<T>>(Exchange<T>{.request = request,
                                                                    .act = std::move(act),
                                                                    .answered = {},
                                                                    .outcome = {},
                                                                    .is_over = false,
                                                                    .stage = stage,
                                                                    .site = site,
                                                                    .rules = rules_,
                                                                    .caller = steps_.name()});
    const auto& weather = stage.weather;
    if (stage.dice.percent(weather.requests_lost)) {
        stage.tell(steps_.name(), request.device.text() + ": a request is lost");
    } else if (stage.dice.percent(weather.late)) {
        send(exchange, stage.dice.between(Duration(0), weather.late_max));
    } else {
        send(exchange, stage.dice.between(latency_min, weather.latency_max));
    }
    if (stage.dice.percent(weather.duplicates)) {
        send(exchange,
             stage.dice.between(latency_min, std::max(weather.latency_max * 4, weather.late_max)));
    }

    struct Over { // also when the caller dies
        std::shared_ptr<Exchange<T>> exchange;

        ~Over() { exchange->is_over = true; }
    } const over{exchange};

    stage.engine.wait(exchange->answered, answer_max);
    if (!exchange->outcome) {
        tell(request, nullptr, "no answer");
        return fail(Code::deadline_exceeded, "the hub did not answer in time");
    }
    return *exchange->outcome;
}

template <class T>
void HubPort::send(const std::shared_ptr<Exchange<T>>& exchange, Duration delay) {
    exchange->stage.engine.at(delay, [exchange] {
        if (exchange->site.is_up()) {
            arrive(exchange);
        }
    });
}

template <class T>
void HubPort::arrive(const std::shared_ptr<Exchange<T>>& exchange) {
    Stage& stage = exchange->stage;
    HubSite& site = exchange->site;
    const Request& request = exchange->request;
    const bool refuses =
        site.manner == Manner::refusing || (site.manner == Manner::silent && stage.dice.one_in(2));
    exchange->rules.acts(Hand::provisioning);
    Result<T> outcome = refuses ? Result<T>(refusal(stage.dice)) : exchange->act(site.registry());
    const bool is_late = exchange->is_over || exchange->outcome;
    if (outcome && request.creates && is_late) {
        exchange->rules.came_late({.hub = request.hub, .device_id = request.device});
    }
    site.check_connections();
    stage.tell(exchange->caller,
               fmt::format("{} at {}: {}: {}{}", request.device.text(), request.hub.text(),
                           request.what, outcome ? "ok" : to_string(outcome.error().code),
                           is_late ? " (late)" : ""));
    answer(exchange, std::move(outcome));
}

template <class T>
void HubPort::answer(const std::shared_ptr<Exchange<T>>& exchange, Result<T> outcome) {
    Stage& stage = exchange->stage;
    const Manner manner = exchange->site.manner;
    if (manner == Manner::silent || stage.dice.percent(stage.weather.answers_lost)) {
        stage.tell(exchange->caller, exchange->request.device.text() + ": the answer is lost");
        return;
    }
    const Duration thinking = manner == Manner::slow ? stage.dice.between(std::chrono::seconds(1),
                                                                          std::chrono::seconds(15))
                                                     : Duration(0);
    stage.engine.at(thinking + stage.dice.between(latency_min, stage.weather.latency_max),
                    [exchange, answered = std::move(outcome)] {
                        if (!exchange->outcome) {
                            exchange->outcome = answered;
                            exchange->stage.engine.fire(exchange->answered);
                        }
                    });
}

void HubPort::tell(const Request& request, const Error* error, std::string_view note) {
    steps_.stage().tell(steps_.name(), fmt::format("{} at {}: {}: {}", request.device.text(),
                                                   request.hub.text(), request.what,
                                                   !note.empty()      ? note
                                                   : error != nullptr ? to_string(error->code)
                                                                      : "ok"));
}

} // namespace muster::simulation
