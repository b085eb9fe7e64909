#include "app/simulation/work.h"

#include "device/hub_client.h"

#include <memory>

namespace muster::app {

namespace {

constexpr std::chrono::milliseconds handshake_time_max{20'000};
constexpr int method_ok = 200;

/// One device's round of work; lives as long as the callbacks of its client.
struct Shift {
    device::HubClient* client = nullptr; // set before the client is started
    std::atomic<std::size_t>* at_work = nullptr;
    std::condition_variable* changed = nullptr;
    bool working = false;

    void read_twin() {
        client->read_twin([this](Result<JsonObject> twin) {
            if (twin) {
                report(*twin);
            }
        });
    }

    void report(const JsonObject& twin) {
        const Json* desired = find_member(twin, "desired");
        JsonObject patch{{"firmware", "1.0.0"}};
        if (desired != nullptr && desired->is_object()) {
            if (const Json* every = find_member(desired->as_object(), "reportEverySeconds")) {
                patch["reportEverySeconds"] = *every;
            }
        }
        client->report(patch, [this](Result<std::int64_t> version) {
            if (version) {
                send();
            }
        });
    }

    void send() {
        client->send_telemetry(R"({"hello":"hub"})",
                               {{"$.ct", "application/json"}, {"$.ce", "utf-8"}},
                               [this](Result<void> stored) {
                                   if (stored) {
                                       working = true;
                                       ++*at_work;
                                       changed->notify_one();
                                   }
                               });
    }

    void confirm(JsonObject patch) {
        patch.erase("$version");
        client->report(patch, [](const Result<std::int64_t>&) {});
    }
};

} // namespace

Workforce::Workforce(WorkOptions options, net::Dialer& dialer, const Clock& clock)
    : options_(std::move(options)), dialer_(dialer), clock_(clock) {}

std::size_t Workforce::begin(const std::vector<Registration>& devices) {
    for (const Registration& device : devices) {
        connect(device);
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, options_.time_max, [&] { return at_work_ + ended_ >= devices.size(); });
    return at_work_;
}

void Workforce::connect(const Registration& device) {
    auto shift = std::make_shared<Shift>();
    shift->at_work = &at_work_;
    shift->changed = &changed_;
    const device::HubClientOptions asked{.hub = device.assigned.hub,
                                         .device_id = device.assigned.device_id,
                                         .symmetric_key = device.device.identity.symmetric_key};
    dialer_.dial(
        {.host = asked.hub, .address = options_.address, .port = options_.mqtt_port},
        device.device.tls,
        [this, asked, shift](const session::Peer&, Post) {
            device::HubCallbacks callbacks;
            callbacks.connected = [shift](const Result<void>& connected) {
                if (connected) {
                    shift->read_twin();
                }
            };
            callbacks.desired = [shift](const JsonObject& patch) { shift->confirm(patch); };
            callbacks.method = [](const std::string& method, const Json& payload) {
                return std::pair(method_ok,
                                 Json(JsonObject{{"method", method}, {"echo", payload}}));
            };
            auto client = device::HubClient::make(asked, std::move(callbacks), clock_);
            shift->client = client.get();
            return client;
        },
        handshake_time_max,
        [this, shift](Result<void> closed) {
            if (shift->working) {
                --at_work_;
            }
            note_end(closed ? "the hub closed the connection" : closed.error().detail);
        });
}

void Workforce::note_end(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    ++ended_;
    ++failures_[reason];
    changed_.notify_one();
}

std::map<std::string, std::size_t> Workforce::failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
}

} // namespace muster::app
