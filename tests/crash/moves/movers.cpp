#include "tests/crash/moves/movers.h"

#include "app/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <thread>

namespace muster::crash {

namespace {

using std::chrono::milliseconds;

constexpr int polls_max = 4000;
constexpr milliseconds poll_pause{5};
constexpr milliseconds direction_pause{40};
constexpr int rest_rounds_max = 600; // of rest_pause
constexpr milliseconds rest_pause{100};

} // namespace

Movers::Movers(Cluster& cluster, const Clock& clock, std::size_t count)
    : cluster_(cluster), clock_(clock), movers_(count), last_told_(count) {
    for (std::size_t i = 0; i < count; ++i) {
        movers_[i].id = fmt::format("mover-{}", i);
    }
}

Result<std::optional<std::size_t>> Movers::register_one(Mover& mover) {
    Device device(cluster_.fleet(), mover.id, clock_);
    auto answer = device.register_once();
    for (int poll = 0; answer && poll < polls_max; ++poll) {
        const std::string status = app::cell(*answer, "status");
        if (status == "assigned") {
            const std::string told = app::cell(*answer, "registrationState.assignedHub");
            const auto hub = std::ranges::find(cluster_.hubs(), told, &app::ReadyHub::host_name);
            return static_cast<std::size_t>(hub - cluster_.hubs().begin());
        }
        if (status == "failed") { // a hub was down for too long: the device comes again
            return std::nullopt;
        }
        if (status != "assigning") {
            return fail(Code::internal, fmt::format("{}: {}", mover.id, to_text(*answer)));
        }
        std::this_thread::sleep_for(poll_pause);
        answer = device.poll(app::cell(*answer, "operationId"));
    }
    if (answer) {
        return fail(Code::internal, mover.id + " stayed assigning");
    }
    return is_the_crash(answer.error()) ? Result<std::optional<std::size_t>>(std::nullopt)
                                        : std::unexpected(answer.error());
}

/// Whatever is not a yes may have happened or not.
void Movers::change_twin(Mover& mover, std::size_t hub) {
    auto api = cluster_.connect(hub);
    if (!api) {
        return report(api.error().detail);
    }
    const std::int64_t value = ++mover.sent;
    const auto changed = api->send_json(
        {.method = "PATCH",
         .path = "/twins/" + mover.id,
         .headers = {{"If-Match", "*"}},
         .body = to_text(JsonObject{{"properties", {{"desired", {{"n", value}}}}}})});
    if (changed) {
        mover.acknowledged = value;
    }
}

void Movers::work(const std::stop_token& stop, std::size_t part, std::size_t parts) {
    for (std::size_t i = part; !stop.stop_requested();
         i = i + parts < movers_.size() ? i + parts : part) {
        const auto hub = register_one(movers_[i]);
        if (!hub) {
            return report(hub.error().detail);
        }
        if (*hub) {
            moves_seen_ += last_told_[i] && *last_told_[i] != **hub ? 1 : 0;
            last_told_[i] = *hub;
            change_twin(movers_[i], **hub);
        } else {
            std::this_thread::sleep_for(poll_pause);
        }
    }
}

void Movers::direct(const std::stop_token& stop, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<std::size_t> any_hub(0, cluster_.hubs().size() - 1);
    while (!stop.stop_requested()) {
        const auto directed = cluster_.direct_to(any_hub(random));
        if (!directed && !is_the_crash(directed.error())) {
            return report(directed.error().detail);
        }
        std::this_thread::sleep_for(direction_pause);
    }
}

/// A server may have just died, and be on its way back.
std::optional<std::size_t> Movers::home_of(Mover& mover) {
    for (int round = 0; round < rest_rounds_max; ++round) {
        const auto home = register_one(mover);
        if (!home) {
            report(home.error().detail);
            return std::nullopt;
        }
        if (*home) {
            return *home;
        }
        std::this_thread::sleep_for(rest_pause);
    }
    report(mover.id + " does not get a hub");
    return std::nullopt;
}

void Movers::wait_for_moves() {
    std::string problem = "never asked";
    for (int round = 0; round < rest_rounds_max; ++round) {
        const auto under_way = cluster_.hurry_moves();
        if (under_way && *under_way == 0) {
            return;
        }
        problem = under_way ? fmt::format("{} left", *under_way) : under_way.error().detail;
        std::this_thread::sleep_for(rest_pause);
    }
    report("moves did not come to an end: " + problem);
}

std::vector<std::string> Movers::come_to_rest() {
    std::vector<std::string> complaints;
    wait_for_moves();
    for (Mover& mover : movers_) { // those that were told another hub meanwhile come again
        home_of(mover);
    }
    wait_for_moves();
    for (Mover& mover : movers_) {
        if (const auto home = home_of(mover)) {
            check(mover, *home, complaints);
        }
    }
    return complaints;
}

void Movers::check(const Mover& mover, std::size_t home, std::vector<std::string>& complaints) {
    const auto complain = [&](const std::string& what) {
        complaints.push_back(mover.id + " " + what);
    };
    for (std::size_t i = 0; i < cluster_.hubs().size(); ++i) {
        const std::string& name = cluster_.hubs()[i].name;
        auto api = cluster_.connect(i);
        const auto device = api ? api->send_json({.method = "GET", .path = "/devices/" + mover.id})
                                : Result<Json>(std::unexpected(api.error()));
        if (i != home) {
            if (device || device.error().code != Code::not_found) {
                complain("is still known at " + name);
            }
            continue;
        }
        if (!device || app::cell(*device, "status") != "enabled" ||
            !app::cell(*device, "statusReason").empty()) {
            complain("is not at work at " + name);
        }
        const auto twin = api->send_json({.method = "GET", .path = "/twins/" + mover.id});
        const std::int64_t value =
            twin ? std::strtoll(app::cell(*twin, "properties.desired.n").c_str(), nullptr, 10) : -1;
        if (value < mover.acknowledged || value > mover.sent) {
            complain(fmt::format("has {} in its twin at {}; {} was acknowledged, {} sent", value,
                                 name, mover.acknowledged, mover.sent));
        }
        if (!twin || app::cell(*twin, "tags.fleet") != "movers") {
            complain("lost its tags at " + name);
        }
    }
}

void Movers::report(std::string problem) {
    const std::lock_guard lock(mutex_);
    problems_.push_back(std::move(problem));
}

std::vector<std::string> Movers::problems() const {
    const std::lock_guard lock(mutex_);
    return problems_;
}

} // namespace muster::crash
