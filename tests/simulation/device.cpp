#include "tests/simulation/device.h"

#include "crypto/sas.h"

#include <fmt/format.h>

#include <utility>

namespace muster::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int hub_failures_max = 3; // then it asks provisioning where to go

} // namespace

/// The hub's end of the device's connection.
class SimDevice::Link final : public hub::DeviceLink {
  public:
    Link(SimDevice& device, Connection to)
        : device_(device), session_(device.session_), to_(std::move(to)) {}

    void desired_changed(const JsonObject&, std::int64_t) override {}

    void invoke(const hub::MethodRequest&) override {}

    void messages_waiting() override {}

    void close(std::string reason) override {
        is_open = false;
        Stage& stage = device_.world_.stage;
        stage.engine.at(stage.dice.between(Duration(100), seconds(1)),
                        [&device = device_, session = session_, why = std::move(reason)] {
                            if (device.session_ == session && device.link_) {
                                device.disconnected(why);
                            }
                        });
    }

    [[nodiscard]] const Connection& to() const { return to_; }

    hub::LinkId attachment = 0;
    bool is_open = true;

  private:
    SimDevice& device_; // lives as long as the world
    std::uint64_t session_;
    Connection to_;
};

SimDevice::SimDevice(Surroundings world, Make make)
    : world_(world), make_(std::move(make)), clock_(world_.stage.engine) {}

SimDevice::~SimDevice() = default;

void SimDevice::in(Duration delay, void (SimDevice::*then)()) {
    world_.stage.engine.at(delay, [this, then, session = session_] {
        if (session == session_) {
            (this->*then)();
        }
    });
}

void SimDevice::interrupt() {
    ++session_;
    registration_.reset();
    registered_.reset();
    leave();
}

// ---- registering ----

void SimDevice::boot() {
    interrupt();
    hub_failures_ = 0;
    device::RegisterOptions options{.identity = {.scope = world_.scope,
                                                 .registration_id = RegistrationId(make_.name),
                                                 .symmetric_key = make_.key},
                                    .host = "provisioning",
                                    .payload = {},
                                    .api_version = make_.api_version};
    registration_ = std::make_unique<device::Registration>(
        std::move(options), clock_,
        [this](Result<device::Assigned> result) { registered_ = std::move(result); });
    registration_->begin(world_.stage.engine.now());
    ask();
}

void SimDevice::ask() {
    ++question_;
    Stage& stage = world_.stage;
    ask_at(*stage.dice.pick(world_.servers));
    if (stage.weather.concurrent_registrations && stage.dice.one_in(3)) {
        ask_at(*stage.dice.pick(world_.servers)); // the same once more, by another connection
    }
    const auto question = question_;
    stage.engine.at(seconds(20), [this, question, session = session_] {
        if (session == session_ && question == question_) {
            connection_lost();
        }
    });
}

void SimDevice::ask_at(ProvisioningSite& server) {
    Stage& stage = world_.stage;
    if (stage.dice.percent(stage.weather.requests_lost)) {
        return;
    }
    const Question asked{.id = RegistrationId(make_.name),
                         .sas = registration_->sas().value_or(std::string()),
                         .operation = registration_->operation_id(),
                         .api_version = make_.api_version};
    const auto respond = [this, question = question_,
                          session = session_](device::ServiceAnswer said) {
        Stage& on = world_.stage;
        if (on.dice.percent(on.weather.answers_lost)) {
            return;
        }
        on.engine.at(on.dice.between(Duration(200), on.weather.latency_max),
                     [this, question, session, answer = std::move(said)] {
                         if (session == session_ && question == question_) {
                             answered(answer);
                         }
                     });
    };
    stage.engine.at(stage.dice.between(Duration(200), stage.weather.latency_max),
                    [&server, asked, respond] {
                        server.call([asked, respond](Services& services) {
                            respond(answer_device(services, asked));
                        });
                    });
}

void SimDevice::connection_lost() {
    registration_->fail(Code::unavailable, "connection lost");
    go_on();
}

void SimDevice::answered(const device::ServiceAnswer& answer) {
    ++question_;
    registration_->answered(answer, world_.stage.engine.now());
    go_on();
}

void SimDevice::watch_deadline() {
    if (registration_->deadline(world_.stage.engine.now())) {
        ask();
    } else {
        go_on();
    }
}

void SimDevice::go_on() {
    if (!registration_->is_over()) {
        const SteadyTime next = *registration_->next_deadline();
        in(std::chrono::duration_cast<Duration>(next - world_.stage.engine.now()),
           &SimDevice::watch_deadline);
        return;
    }
    ++question_;
    registration_.reset();
    if (*registered_) {
        refusal_.clear();
        assigned_ = **registered_;
        world_.stage.tell(name(), fmt::format("is sent to {} as {}, {}", assigned_->hub,
                                              assigned_->device_id, assigned_->substatus));
        connect();
    } else {
        const auto before = std::exchange(refusal_, registered_->error().detail);
        if (before != refusal_) {
            world_.stage.tell(name(), "is refused: " + refusal_);
        }
        in(world_.stage.dice.between(seconds(2), seconds(30)), &SimDevice::boot);
    }
}

// ---- connected ----

HubSite* SimDevice::site() {
    const auto found = world_.hubs.find(HubName(assigned_->hub));
    return found == world_.hubs.end() || !found->second->is_up() ? nullptr : found->second.get();
}

void SimDevice::connect() {
    HubSite* hub = site();
    if (hub == nullptr) {
        rejected("nobody listens");
        return;
    }
    const hub::Credentials credentials{
        .identity = DeviceId(assigned_->device_id),
        .sas = crypto::make_sas(assigned_->hub + "/devices/" + assigned_->device_id, make_.key,
                                clock_.wall() + std::chrono::hours(1)),
        .certificates = {}};
    auto session = hub->service().authenticate(credentials);
    if (!session) {
        hub_failures_ = hub_failures_max; // no 5xx: it is not wanted there (iothub C.4)
        rejected(session.error().cause);
        return;
    }
    // Between the check and the attachment the identity may change.
    Stage& stage = world_.stage;
    stage.engine.at(stage.dice.between(Duration(10), milliseconds(200)),
                    [this, number = session_, proven = *std::move(session)] {
                        if (number == session_) {
                            attach(proven);
                        }
                    });
}

void SimDevice::attach(const hub::Session& session) {
    HubSite* hub = site();
    if (hub == nullptr) {
        rejected("the hub went down");
        return;
    }
    link_ =
        std::make_shared<Link>(*this, Connection{.hub = hub->name(), .device = session.device.id});
    link_->attachment = hub->service().live().attach(session.device.id, link_, session.admission);
    hub->check_connections();
    if (link_->is_open) {
        hub_failures_ = 0;
        world_.stage.tell(name(), "is connected to " + hub->name().text());
        in(milliseconds(50), &SimDevice::report);
    }
}

void SimDevice::rejected(std::string_view why) {
    world_.stage.tell(name(), fmt::format("cannot connect to {}: {}", assigned_->hub, why));
    if (++hub_failures_ > hub_failures_max) {
        in(seconds(1), &SimDevice::boot);
    } else {
        in(seconds(5), &SimDevice::connect);
    }
}

void SimDevice::report() {
    HubSite* hub = site();
    if (hub == nullptr || !link_ || !link_->is_open) {
        return; // it hears of it in a moment
    }
    ++reports_;
    const auto key = fmt::format("r{}", reports_ % 3);
    const auto reported = hub->service().report(link_->to().device, JsonObject{{key, reports_}});
    if (reported) {
        world_.stage.tell(name(), fmt::format("reports {} {}", key, reports_));
    }
    in(world_.stage.dice.between(seconds(1), seconds(20)), &SimDevice::report);
}

void SimDevice::disconnected(std::string_view why) {
    world_.stage.tell(name(), fmt::format("is disconnected: {}", why));
    link_.reset();
    // A hub that is only away is tried again first.
    if (why == "the hub went down") {
        in(seconds(2), &SimDevice::connect);
    } else {
        in(world_.stage.dice.between(milliseconds(10), seconds(3)), &SimDevice::boot);
    }
}

void SimDevice::leave() {
    const auto left = std::exchange(link_, nullptr);
    if (left && left->is_open) {
        if (HubSite* hub = world_.hubs.at(left->to().hub).get(); hub->is_up()) {
            hub->service().live().detach(left->to().device, left->attachment);
        }
    }
}

void SimDevice::power_cycle(Duration off) {
    world_.stage.tell(name(), fmt::format("is off for {} s", off.count() / 1'000'000));
    interrupt();
    hub_failures_ = 0;
    const bool remembers = assigned_ && world_.stage.dice.one_in(3);
    in(off, remembers ? &SimDevice::connect : &SimDevice::boot);
}

std::optional<SimDevice::Connection> SimDevice::connection() const {
    return link_ && link_->is_open ? std::optional(link_->to()) : std::nullopt;
}

} // namespace muster::simulation
