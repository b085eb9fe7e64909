#pragma once
// One request to a hub's service API on its way to its one answer: what every operation of it asks
// first, and how it ends (reference: iothub B.1, B.17). Shared by the callbacks of the calls that
// do not wait on a thread.

#include "gateway/http_handler.h"
#include "gateway/hub_http/problem.h"
#include "hub/service.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

namespace muster::gateway {

class HubCall : public std::enable_shared_from_this<HubCall> {
  public:
    HubCall(const Context& context, hub::Service& hub, HttpExchange exchange, Respond respond)
        : context_(context), hub_(hub), exchange_(std::move(exchange)),
          respond_(std::move(respond)) {}

    // ---- the request ----

    [[nodiscard]] hub::Service& hub() const { return hub_; }

    [[nodiscard]] const Context& context() const { return context_; }

    [[nodiscard]] Executor& workers() const { return context_.workers; }

    [[nodiscard]] Scheduler& timers() const { return context_.timers; }

    /// The first header of that name, or empty.
    [[nodiscard]] std::string_view header(std::string_view name) const {
        return exchange_.request.header(name);
    }

    [[nodiscard]] const Target& target() const { return exchange_.target; }

    [[nodiscard]] bool method_is(std::string_view method) const {
        return exchange_.request.method == method;
    }

    /// The path has so many segments, and the first is this word in any case.
    [[nodiscard]] bool is(std::size_t segments, std::string_view first) const;
    /// The path has segments, and the first is this word in any case.
    [[nodiscard]] bool is_below(std::string_view first) const;
    /// That segment, counted from 0, is this word in any case. There is such a segment.
    [[nodiscard]] bool segment_is(std::size_t at, std::string_view word) const;

    [[nodiscard]] std::size_t segments() const { return exchange_.target.segments.size(); }

    [[nodiscard]] const session::HttpRequest& request() const { return exchange_.request; }

    [[nodiscard]] std::size_t body_size() const { return exchange_.request.body.size(); }

    /// The name of the policy that signed the request. Error: unauthenticated.
    [[nodiscard]] Result<std::string> policy() const;
    [[nodiscard]] Result<void> allow(hub::Right right) const;
    /// Either of them will do.
    [[nodiscard]] Result<void> allow_either(hub::Right one, hub::Right other) const;
    /// What the caller shows if it is that device or module itself.
    [[nodiscard]] hub::Credentials credentials_of(hub::IdentityId identity) const;
    [[nodiscard]] Result<DeviceId> device_id() const; // the second segment
    /// The same, and the module that the fourth segment names behind "modules", if there is one.
    [[nodiscard]] Result<hub::IdentityId> identity_id() const;
    [[nodiscard]] hub::IfMatch if_match() const;

    [[nodiscard]] std::string_view body_text() const { return exchange_.request.body; }

    [[nodiscard]] Result<JsonObject> body(std::size_t bytes_max) const;
    [[nodiscard]] Result<JsonArray> array_body(std::size_t bytes_max) const;

    struct NumberRule {
        std::string_view name;
        unsigned long long max;
    };

    /// A parameter of the query, nothing if it is not there; larger values mean the largest.
    [[nodiscard]] Result<std::optional<unsigned long long>> number(const NumberRule& rule) const;

    // ---- its turn (throttling.h) ----

    [[nodiscard]] bool has_turn() const { return has_turn_; }

    void take_turn() { has_turn_ = true; }

    // ---- the answer ----

    void answer(const JsonObject& document, const ETag& etag = {}) {
        answer(to_text(document), etag);
    }

    void answer(std::string document, const ETag& etag);

    void answer(session::HttpResponse response) { respond_(std::move(response)); }

    void refuse(const Error& error);
    void refuse(const HubProblem& problem, const Error& error);
    /// 405, with the methods that would do.
    void refuse_method(std::string_view allowed);
    void refuse_unknown();

    /// One part of a request that is refused by itself. Logs it and tells what the caller may know.
    struct Part {
        std::string name; // "bulk entry dev-01"
        HubProblem problem;
        const Error& error;
    };

    [[nodiscard]] std::string note_refusal(const Part& part) const;

    /// For a method that found its device, or did not, but had no answer.
    void refuse_invocation(const Error& error);

  private:
    /// Logs it, too.
    [[nodiscard]] session::HttpResponse refusal(const HubProblem& problem,
                                                const Error& error) const;

    const Context& context_;
    hub::Service& hub_;
    HttpExchange exchange_;
    Respond respond_;
    bool has_turn_ = false;
};

} // namespace muster::gateway
