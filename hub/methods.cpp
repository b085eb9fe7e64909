#include "hub/methods.h"

#include "hub/method_payload.h"

#include <fmt/format.h>

#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace muster::hub {

namespace {

/// Where a call is on its way.
enum class Phase : std::uint8_t { waiting, sending, sent };

struct Call {
    IdentityId who;
    MethodRequest request;
    std::chrono::seconds response_timeout{};
    Methods::Done done;
    Phase phase = Phase::waiting;
    bool connect_expired = false; // waiting for the device is over, or was never asked for
    std::optional<Scheduler::Ticket> timer;
    std::uint64_t wait = 0; // of Live::when_takes_methods, 0 if none
};

std::unexpected<Error> not_online() {
    return fail(Code::unavailable, "timed out waiting for device to connect"); // 404103
}

std::unexpected<Error> no_answer() {
    return fail(Code::deadline_exceeded,
                "timed out waiting for the response from device"); // 504101
}

std::unexpected<Error> cut_off() {
    return fail(Code::unavailable, "the device was cut off"); // 404103
}

} // namespace

// Callbacks of timers and of Live hold the state weakly and name a call by its request id; a call
// that has ended is no longer found. Whoever takes it out of the map calls `done`: exactly once.
// The mutex is never held while anything else is called.
struct Methods::State : std::enable_shared_from_this<State> {
    State(Live& connections, Scheduler& scheduler, const Limits& bounds, std::uint64_t first)
        : live(connections), timers(scheduler), limits(bounds), next_request(first) {}

    Result<std::string> admit(const IdentityId& who, const MethodCall& call, std::string payload,
                              Done& done);
    void set_timer(const std::string& request_id, std::chrono::seconds delay,
                   void (State::*expired)(const std::string&));
    void send(const std::string& request_id);
    void not_sent(const std::string& request_id);
    void wait_for_device(const std::string& request_id, const IdentityId& who);
    void connect_expired(const std::string& request_id);

    void response_expired(const std::string& request_id) { finish(request_id, no_answer()); }

    void finish(const std::string& request_id, Result<MethodReply> result);
    std::optional<Call> take(const std::string& request_id);
    /// Of the device and its modules, or of one of them.
    void cut(const DeviceId& device, const std::optional<IdentityId>& only);

    Live& live;
    Scheduler& timers;
    const Limits limits;
    std::mutex mutex;
    std::unordered_map<std::string, Call> calls;
    std::unordered_map<IdentityId, std::size_t> calls_of_device;
    std::unordered_map<DeviceId, std::vector<std::string>> family_calls; // modules included
    std::uint64_t next_request;
};

/// Counts the call in and gives it a request id; takes `done` only on success.
Result<std::string> Methods::State::admit(const IdentityId& who, const MethodCall& call,
                                          std::string payload, Done& done) {
    const std::lock_guard lock(mutex);
    if (calls.size() >= limits.in_flight_max) {
        return fail(Code::rate_limited, "too many methods in flight");
    }
    const auto of_device = calls_of_device.find(who);
    if (of_device != calls_of_device.end() &&
        of_device->second >= limits.in_flight_per_device_max) {
        return fail(Code::rate_limited, "too many methods in flight for this device");
    }
    std::string request_id = fmt::format("{:x}", next_request++); // unreserved only (A.11)
    Call entry;
    entry.who = who;
    entry.request = {call.name, request_id, std::move(payload)};
    entry.response_timeout = call.response_timeout;
    entry.done = std::move(done);
    entry.connect_expired = call.connect_timeout == std::chrono::seconds(0);
    calls.emplace(request_id, std::move(entry));
    ++calls_of_device[who];
    family_calls[who.device].push_back(request_id);
    return request_id;
}

void Methods::State::set_timer(const std::string& request_id, std::chrono::seconds delay,
                               void (State::*expired)(const std::string&)) {
    const auto timer = timers.after(delay, [weak = weak_from_this(), request_id, expired] {
        if (const auto self = weak.lock()) {
            (*self.*expired)(request_id);
        }
    });
    std::optional<Scheduler::Ticket> obsolete = timer;
    {
        const std::lock_guard lock(mutex);
        if (const auto at = calls.find(request_id); at != calls.end()) {
            obsolete = std::exchange(at->second.timer, timer);
        }
    }
    if (obsolete) {
        timers.cancel(*obsolete);
    }
}

/// Hands the request to the device's connection, or goes on waiting for one.
void Methods::State::send(const std::string& request_id) {
    IdentityId who;
    MethodRequest request;
    std::chrono::seconds response_timeout{};
    {
        const std::lock_guard lock(mutex);
        const auto at = calls.find(request_id);
        if (at == calls.end() || at->second.phase != Phase::waiting) {
            return;
        }
        at->second.phase = Phase::sending;
        at->second.wait = 0;
        who = at->second.who;
        request = at->second.request;
        response_timeout = at->second.response_timeout;
    }
    if (!live.send_method(who, request)) {
        not_sent(request_id);
        return;
    }
    {
        const std::lock_guard lock(mutex);
        if (const auto at = calls.find(request_id); at != calls.end()) {
            at->second.phase = Phase::sent;
            std::string().swap(at->second.request.payload); // delivered, and may be large
        }
    }
    set_timer(request_id, response_timeout, &State::response_expired);
}

void Methods::State::not_sent(const std::string& request_id) {
    IdentityId who;
    bool goes_on = false;
    {
        const std::lock_guard lock(mutex);
        const auto at = calls.find(request_id);
        if (at == calls.end()) {
            return;
        }
        at->second.phase = Phase::waiting;
        goes_on = !at->second.connect_expired;
        who = at->second.who;
    }
    goes_on ? wait_for_device(request_id, who) : finish(request_id, not_online());
}

void Methods::State::wait_for_device(const std::string& request_id, const IdentityId& who) {
    const std::uint64_t wait = live.when_takes_methods(who, [weak = weak_from_this(), request_id] {
        if (const auto self = weak.lock()) {
            self->send(request_id);
        }
    });
    if (wait == 0) {
        return; // called back already
    }
    {
        const std::lock_guard lock(mutex);
        const auto at = calls.find(request_id);
        if (at != calls.end() && at->second.phase == Phase::waiting && at->second.wait < wait) {
            at->second.wait = wait;
            return;
        }
    }
    live.stop_waiting(who, wait); // the call ended or moved on in between
}

void Methods::State::connect_expired(const std::string& request_id) {
    {
        const std::lock_guard lock(mutex);
        const auto at = calls.find(request_id);
        if (at == calls.end() || at->second.phase == Phase::sent) {
            return;
        }
        at->second.connect_expired = true;
        if (at->second.phase == Phase::sending) {
            return; // not_sent() decides
        }
    }
    finish(request_id, not_online());
}

std::optional<Call> Methods::State::take(const std::string& request_id) {
    const std::lock_guard lock(mutex);
    auto node = calls.extract(request_id);
    if (node.empty()) {
        return std::nullopt;
    }
    const auto of_device = calls_of_device.find(node.mapped().who);
    if (--of_device->second == 0) {
        calls_of_device.erase(of_device);
    }
    const auto family = family_calls.find(node.mapped().who.device);
    std::erase(family->second, request_id);
    if (family->second.empty()) {
        family_calls.erase(family);
    }
    return std::move(node.mapped());
}

void Methods::State::finish(const std::string& request_id, Result<MethodReply> result) {
    auto call = take(request_id);
    if (!call) {
        return;
    }
    if (call->timer) {
        timers.cancel(*call->timer);
    }
    if (call->wait != 0) {
        live.stop_waiting(call->who, call->wait);
    }
    call->done(std::move(result));
}

void Methods::State::cut(const DeviceId& device, const std::optional<IdentityId>& only) {
    std::vector<std::string> ended;
    {
        const std::lock_guard lock(mutex);
        const auto family = family_calls.find(device);
        if (family == family_calls.end()) {
            return;
        }
        ended = family->second;
        std::erase_if(ended,
                      [&](const std::string& id) { return only && calls.at(id).who != *only; });
    }
    for (const std::string& request_id : ended) {
        finish(request_id, cut_off());
    }
}

Methods::Methods(Live& live, Scheduler& timers, const Limits& limits, std::uint64_t first_request)
    : state_(std::make_shared<State>(live, timers, limits, first_request)) {}

Methods::~Methods() = default;

void Methods::invoke(const IdentityId& who, const MethodCall& call, Done done) {
    std::string payload = payload_text(call);
    if (payload.size() > state_->limits.payload_bytes_max) {
        done(fail(Code::too_large,
                  fmt::format("the payload is over {} bytes", state_->limits.payload_bytes_max)));
        return;
    }
    const auto request_id = state_->admit(who, call, std::move(payload), done);
    if (!request_id) {
        done(std::unexpected(request_id.error()));
        return;
    }
    if (call.connect_timeout > std::chrono::seconds(0)) {
        state_->set_timer(*request_id, call.connect_timeout, &State::connect_expired);
    }
    state_->send(*request_id);
}

void Methods::answered(const IdentityId& who, const std::string& request_id, int status,
                       std::string_view payload) {
    {
        const std::lock_guard lock(state_->mutex);
        const auto at = state_->calls.find(request_id);
        if (at == state_->calls.end() || at->second.who != who ||
            at->second.phase == Phase::waiting) {
            return;
        }
    }
    if (payload.size() > state_->limits.payload_bytes_max) {
        state_->finish(request_id,
                       fail(Code::too_large, fmt::format("the device's answer is over {} bytes",
                                                         state_->limits.payload_bytes_max)));
        return;
    }
    state_->finish(request_id, MethodReply{.status = status,
                                           .payload = method_reply_payload(
                                               payload, state_->limits.payload_bytes_max)});
}

void Methods::cut(const IdentityId& who) {
    state_->cut(who.device, who);
}

void Methods::cut_with_modules(const DeviceId& device) {
    state_->cut(device, std::nullopt);
}

std::size_t Methods::in_flight() const {
    const std::lock_guard lock(state_->mutex);
    return state_->calls.size();
}

} // namespace muster::hub
