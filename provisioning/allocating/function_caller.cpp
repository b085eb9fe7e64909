#include "provisioning/allocating/circuits.h"
#include "provisioning/allocating/definition_views.h"
#include "provisioning/allocating/function.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr int attempts_max = 2;
constexpr std::chrono::milliseconds attempt_min{100}; // with less left there is no use in trying

// What devices of the real service have seen (dps-device 7.3).
constexpr std::string_view sending_failed = "An error occurred while sending the request.";
constexpr std::string_view answer_refused = "Custom allocation returned an unusable response.";

bool is_success(unsigned status) {
    return status >= 200 && status < 300;
}

bool is_passing(unsigned status) {
    return status == 408 || status == 429 || status >= 500;
}

bool is_refusal(unsigned status) {
    return status >= 400 && status < 500 && !is_passing(status);
}

/// The network's fault, as opposed to a call that is not allowed, or an answer too large.
bool is_passing(Code code) {
    return code == Code::unavailable || code == Code::deadline_exceeded;
}

bool is_passing(const Result<WebReply>& reply) {
    return reply ? is_passing(reply->status) : is_passing(reply.error().code);
}

std::chrono::milliseconds time_for_attempt(SteadyTime::duration left) {
    using std::chrono::milliseconds;
    return std::min<milliseconds>(function_attempt_max,
                                  std::chrono::duration_cast<milliseconds>(left));
}

std::unexpected<Error> unavailable(std::string_view detail, std::string cause) {
    return fail(Code::unavailable, std::string(detail), std::move(cause));
}

std::string in_full(const Error& error) {
    return error.cause.empty() ? error.detail : error.detail + " (" + error.cause + ")";
}

Result<FunctionAnswer> read_reply(const WebReply& reply) {
    if (!is_success(reply.status)) {
        const Code code = is_refusal(reply.status) ? Code::forbidden : Code::unavailable;
        return fail(code,
                    fmt::format("Custom allocation failed with status code: {}", reply.status),
                    is_refusal(reply.status) ? "the function refused the device" : "");
    }
    Result<FunctionAnswer> answer = read_function_answer(reply.body);
    if (!answer) {
        return unavailable(answer_refused, "the function's answer: " + answer.error().detail);
    }
    return answer;
}

WebCall call_of(const FunctionDefinition& definition, std::string body) {
    return {.url = *definition.url,
            .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
            .body = std::move(body),
            .time_max = {},
            .answer_bytes_max = function_answer_bytes_max};
}

/// Once more after a failure that may pass, all within function_time_max. Each attempt is signed
/// anew: a receiver may refuse old signatures.
Result<WebReply> post_patiently(WebCaller& web, const Clock& clock,
                                const FunctionDefinition& definition, std::string body) {
    const SteadyTime deadline = clock.steady() + function_time_max;
    WebCall call = call_of(definition, std::move(body));
    const auto headers = call.headers;
    for (int attempt = 1;; ++attempt) {
        call.time_max = time_for_attempt(deadline - clock.steady());
        if (definition.signing_key) {
            call.headers = headers;
            call.headers.emplace_back(
                signature_header,
                function_signature(*definition.signing_key, call.body, clock.wall()));
        }
        Result<WebReply> reply = web.post(call);
        const bool again = attempt < attempts_max && deadline - clock.steady() >= attempt_min;
        if (!again || !is_passing(reply)) {
            return reply;
        }
    }
}

} // namespace

struct FunctionCaller::Circuits {
    provisioning::Circuits by_url;
};

FunctionCaller::FunctionCaller(WebCaller& web, const Clock& clock)
    : web_(web), clock_(clock), circuits_(std::make_unique<Circuits>()) {}

FunctionCaller::~FunctionCaller() = default;

Result<FunctionAnswer> FunctionCaller::call(const FunctionRequest& request) {
    using Outcome = provisioning::Circuits::Outcome;
    if (!request.definition.url) {
        return unavailable(sending_failed, "the enrollment has no webhookUrl");
    }
    std::string body = to_text(request.body);
    if (body.size() > function_request_bytes_max) {
        return unavailable(sending_failed, "the request to the function would be too large");
    }
    const std::string shown = masked_url(request.definition.url->reveal());
    if (!circuits_->by_url.permit(shown, clock_.steady(), function_time_max)) {
        return unavailable(sending_failed, shown + " failed several times in a row and rests");
    }
    const Result<WebReply> reply =
        post_patiently(web_, clock_, request.definition, std::move(body));
    circuits_->by_url.note(shown, is_passing(reply) ? Outcome::failure : Outcome::success,
                           clock_.steady());
    if (!reply) {
        return unavailable(sending_failed, shown + ": " + in_full(reply.error()));
    }
    return read_reply(*reply);
}

} // namespace muster::provisioning
