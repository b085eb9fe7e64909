#include "device/registration.h"

#include "crypto/sas.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::device {

namespace {

constexpr std::chrono::hours token_lifetime{1};

} // namespace

Registration::Registration(RegisterOptions options, const Clock& clock, Registered done)
    : options_(std::move(options)), clock_(clock), done_(std::move(done)) {}

void Registration::begin(SteadyTime now) {
    limit_ = now + options_.time_max;
}

void Registration::answered(const ServiceAnswer& answer, SteadyTime now) {
    Verdict verdict = judge(answer);
    if (auto* later = std::get_if<AskLater>(&verdict)) {
        ask_at_ = now + later->wait;
        last_wait_ = later->wait;
        busy_reason_ = std::move(later->reason);
        if (!later->operation_id.empty()) {
            operation_id_ = std::move(later->operation_id);
        }
    } else if (auto* assigned = std::get_if<Assigned>(&verdict)) {
        end(std::move(*assigned));
    } else {
        fail(std::move(std::get<Error>(verdict)));
    }
}

bool Registration::deadline(SteadyTime now) {
    if (over_) {
        return false;
    }
    if (now >= limit_) {
        fail(Code::deadline_exceeded, fmt::format("the registration did not finish within {} s{}{}",
                                                  options_.time_max.count(),
                                                  busy_reason_.empty() ? "" : ": ", busy_reason_));
        return false;
    }
    if (!ask_at_ || now < *ask_at_) {
        return false;
    }
    ask_at_.reset();
    return true;
}

void Registration::fail(Code code, std::string detail) {
    fail(muster::fail(code, std::move(detail)).error());
}

void Registration::fail(Error error) {
    if (ask_at_ && error.code == Code::unavailable) {
        error.retry_after = last_wait_;
    }
    end(std::unexpected(std::move(error)));
}

void Registration::end(Result<Assigned> result) {
    if (!std::exchange(over_, true) && done_) {
        done_(std::move(result));
    }
}

std::optional<SteadyTime> Registration::next_deadline() const {
    if (over_) {
        return std::nullopt;
    }
    return std::min(limit_, ask_at_.value_or(limit_));
}

std::string Registration::body() const {
    JsonObject document{{"registrationId", options_.identity.registration_id.text()}};
    if (options_.payload) {
        document["payload"] = *options_.payload;
    }
    return to_text(document);
}

std::optional<std::string> Registration::sas() const {
    const Identity& identity = options_.identity;
    if (!identity.symmetric_key) {
        return std::nullopt;
    }
    return crypto::make_sas(
        identity.scope.text() + "/registrations/" + identity.registration_id.text(),
        *identity.symmetric_key, clock_.wall() + token_lifetime, "registration");
}

} // namespace muster::device
