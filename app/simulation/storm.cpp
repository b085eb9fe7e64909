#include "app/simulation/storm.h"

#include "device/provisioning_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace muster::app {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds progress_interval{200};
constexpr milliseconds handshake_time_max{20'000};

milliseconds since(SteadyTime began, SteadyTime now) {
    return std::chrono::duration_cast<milliseconds>(now - began);
}

/// Exactly one of the conversation and the dialer reports the end first; the other is ignored.
class Once {
  public:
    explicit Once(device::Registered done) : done_(std::move(done)) {}

    void operator()(Result<device::Assigned> result) {
        std::unique_lock lock(mutex_);
        device::Registered done = std::exchange(done_, nullptr);
        lock.unlock();
        if (done) {
            done(std::move(result));
        }
    }

  private:
    std::mutex mutex_;
    device::Registered done_;
};

} // namespace

std::size_t StormResult::failed() const {
    std::size_t sum = 0;
    for (const auto& [reason, count] : failures) {
        sum += count;
    }
    return sum;
}

double StormResult::per_second() const {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    return seconds > 0 ? static_cast<double>(succeeded()) / seconds : 0;
}

milliseconds StormResult::percentile(double share) const {
    if (took.empty()) {
        return milliseconds(0);
    }
    const auto last = static_cast<double>(took.size() - 1);
    return took[static_cast<std::size_t>(share * last)];
}

Storm::Storm(StormOptions options, Fleet& fleet, net::Dialer& dialer, const Clock& clock)
    : options_(std::move(options)), fleet_(fleet), dialer_(dialer), clock_(clock) {}

SteadyTime Storm::due(std::size_t index, SteadyTime began) const {
    if (options_.devices_per_second <= 0) {
        return began;
    }
    const std::chrono::duration<double> offset(static_cast<double>(index) /
                                               options_.devices_per_second);
    return began + std::chrono::duration_cast<SteadyTime::duration>(offset);
}

StormResult Storm::run(bool keep, const Progress& progress) {
    const SteadyTime began = clock_.steady();
    SteadyTime shown = began;
    std::size_t launched = 0;
    std::unique_lock lock(mutex_);
    while (done_ < fleet_.size()) {
        const SteadyTime now = clock_.steady();
        if (now - shown >= progress_interval) {
            shown = now;
            if (!progress(done_, result_.failed())) {
                break;
            }
        }
        if (launched < fleet_.size() && in_flight_ < options_.concurrency &&
            now >= due(launched, began)) {
            ++in_flight_;
            lock.unlock();
            launch(launched++, keep);
            lock.lock();
            continue;
        }
        const SteadyTime next = launched < fleet_.size() && in_flight_ < options_.concurrency
                                    ? std::min(due(launched, began), now + progress_interval)
                                    : now + progress_interval;
        changed_.wait_until(lock, next);
    }
    static_cast<void>(progress(done_, result_.failed()));
    result_.asked = fleet_.size();
    result_.elapsed = since(began, clock_.steady());
    std::sort(result_.took.begin(), result_.took.end());
    return std::move(result_);
}

void Storm::launch(std::size_t index, bool keep) {
    const SteadyTime began = clock_.steady();
    auto device = fleet_.device(index);
    if (!device) {
        finished({}, began, std::unexpected(device.error()), keep);
        return;
    }
    auto once = std::make_shared<Once>(
        [this, device = *device, began, keep](Result<device::Assigned> result) {
            finished(device, began, std::move(result), keep);
        });
    const device::RegisterOptions asked{.identity = device->identity,
                                        .host = options_.host,
                                        .payload = {},
                                        .time_max = options_.time_max};
    const bool https = device->transport == Transport::https;
    const net::Destination destination{.host = options_.host,
                                       .address = options_.address,
                                       .port = https ? options_.https_port : options_.mqtt_port};
    dialer_.dial(
        destination, device->tls,
        [this, asked, https, once](const session::Peer&, Post) {
            const auto done = [once](Result<device::Assigned> result) {
                (*once)(std::move(result));
            };
            return https ? device::register_over_https(asked, clock_, done)
                         : device::register_over_mqtt(asked, clock_, done);
        },
        handshake_time_max,
        [once](Result<void> closed) {
            (*once)(closed ? fail(Code::unavailable, "the connection was closed")
                           : std::unexpected(closed.error()));
        });
}

void Storm::finished(const SimulatedDevice& device, SteadyTime began,
                     Result<device::Assigned> result, bool keep) {
    const std::lock_guard lock(mutex_);
    --in_flight_;
    ++done_;
    if (!result) {
        const Error& error = result.error();
        ++result_
              .failures[error.detail.empty() ? std::string(to_string(error.code)) : error.detail];
    } else {
        const milliseconds took = since(began, clock_.steady());
        if (took >= slowest_) {
            slowest_ = took;
            result_.slowest = device.identity.registration_id.text();
        }
        result_.took.push_back(took);
        ++result_.by_hub[result->hub];
        ++result_
              .by_kind[fmt::format("{} {}", to_string(device.transport), to_string(device.proof))];
        if (keep) {
            result_.registered.push_back({device, std::move(*result)});
        }
    }
    changed_.notify_one();
}

} // namespace muster::app
