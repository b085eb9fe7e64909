#pragma once
// A control plane over fakes, which can be started again. For tests.

#include "crypto/issuing.h"
#include "provisioning/fake_instances.h"
#include "provisioning/fakes.h"
#include "provisioning/instances.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

inline const WallTime control_time = from_unix_seconds(1'893'456'000); // 2030-01-01

inline std::string connection_string(std::string_view hub, std::string_view key = "a2V5") {
    return "HostName=" + std::string(hub) +
           ";SharedAccessKeyName=iothubowner;SharedAccessKey=" + std::string(key);
}

/// Serves what it is told to, and remembers the order.
class FakeSites final : public InstanceObserver {
  public:
    void serve(std::shared_ptr<CurrentInstance> instance) override {
        heard.push_back("serve " + instance->get()->name);
        EXPECT_TRUE(served.try_emplace(instance->scope().text(), instance).second);
    }

    void changed(const Instance& before, const Instance& after) override {
        heard.push_back("changed " + after.name);
        EXPECT_EQ(before.scope, after.scope);
        EXPECT_TRUE(served.contains(after.scope.text()));
    }

    void withdraw(const IdScope& scope) override {
        heard.push_back("withdraw " + served.at(scope.text())->get()->name);
        served.erase(scope.text());
    }

    std::map<std::string, std::shared_ptr<CurrentInstance>> served; // by scope
    std::vector<std::string> heard;
};

/// Says the same again when told to.
class RepeatingRandom final : public Random {
  public:
    std::string bytes(std::size_t count) override { return random_.bytes(count); }

    void repeat() { random_ = SeededRandom(seed); }

  private:
    static constexpr std::uint64_t seed = 5;
    SeededRandom random_{seed};
};

struct InstancesWorld {
    InstancesWorld() {
        hubs.offer(HubName("hub-1.example.net"), connection_string("hub-1.example.net"));
        hubs.offer(HubName("hub-2.example.net"), connection_string("hub-2.example.net"));
        restart();
    }

    /// Everything but the store and the hubs is lost.
    void restart() {
        workers.forget();
        timers.forget();
        instances.reset();
        sites = std::make_unique<FakeSites>();
        instances = std::make_unique<Instances>(Instances::Ports{.store = store,
                                                                 .hubs = hubs,
                                                                 .workers = workers,
                                                                 .timers = timers,
                                                                 .clock = clock,
                                                                 .random = random,
                                                                 .domain = domain,
                                                                 .other_hosts = {"hub.local"}});
        const auto loaded = instances->load(*sites);
        EXPECT_TRUE(loaded) << loaded.error().detail;
    }

    void settle() {
        do {
            workers.run_all();
        } while (timers.run_next());
    }

    Result<Instances::Saved> try_put(const InstanceSettings& settings, const IfMatch& match = {}) {
        return instances->put(settings, match, by);
    }

    InstancePtr put(const InstanceSettings& settings) {
        const auto saved = try_put(settings);
        EXPECT_TRUE(saved) << saved.error().detail << ": " << saved.error().cause;
        return saved ? saved->instance : nullptr;
    }

    InstancePtr make(std::string name) { return put(named(std::move(name))); }

    static InstanceSettings named(std::string name) {
        InstanceSettings settings;
        settings.name = std::move(name);
        settings.tenant = "acme";
        return settings;
    }

    std::string domain = "example.net";
    Faults faults;
    FakeInstanceStore store;
    FakeHubs hubs{faults};
    ManualWorkers workers;
    ManualTimers timers;
    ManualClock clock{control_time};
    RepeatingRandom random;
    Principal by{"token:ci"};
    std::unique_ptr<FakeSites> sites;
    std::unique_ptr<Instances> instances;
};

/// What a refused call said; "accepted" if it was not refused.
template <class T>
std::string detail_of(const Result<T>& outcome) {
    return outcome ? "accepted" : outcome.error().detail;
}

template <class T>
std::optional<Code> code_of(const Result<T>& outcome) {
    return outcome ? std::nullopt : std::optional(outcome.error().code);
}

inline IfMatch exactly(const ETag& etag) {
    return {.kind = IfMatch::Kind::exactly, .etag = etag};
}

inline LinkedHub hub_link(std::string_view name, const std::string& text = {}) {
    LinkedHub link;
    link.name = HubName(name);
    link.connection_string = Secret(std::string(text));
    return link;
}

inline LinkedHub linked(std::string_view name) {
    return hub_link("", connection_string(name));
}

inline PolicySettings policy(std::string name,
                             std::vector<Right> rights = {Right::enrollment_read}) {
    return {.name = std::move(name), .rights = std::move(rights), .primary = {}, .secondary = {}};
}

inline const IfMatch if_any{.kind = IfMatch::Kind::any, .etag = {}};

} // namespace muster::provisioning
