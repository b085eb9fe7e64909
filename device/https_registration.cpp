// Registration over HTTPS (reference: dps-device 2): PUT register, then GET the operation as often
// as the service says, all on one connection.

#include "base/encoding.h"
#include "base/text.h"
#include "device/provisioning_client.h"
#include "device/registration.h"
#include "session/http_client_session.h"

#include <algorithm>
#include <utility>

namespace muster::device {

namespace {

ServiceAnswer read_answer(session::HttpResponse response) {
    ServiceAnswer answer{.status = response.status, .retry_after = {}, .body = {}};
    answer.body = std::move(response.body);
    for (const session::HttpHeader& header : response.headers) {
        if (equal_ignoring_case(header.name, "retry-after")) {
            constexpr unsigned long long day = 86'400; // no sane hint is longer
            if (const auto seconds = parse_decimal(header.value)) {
                answer.retry_after = std::chrono::seconds(std::min(*seconds, day));
            }
        }
    }
    return answer;
}

class HttpsRegistration final : public session::Conversation {
  public:
    HttpsRegistration(RegisterOptions options, const Clock& clock, Registered done)
        : registration_(std::move(options), clock, std::move(done)) {}

    void start(SteadyTime now) override {
        registration_.begin(now);
        ask();
    }

    void feed(std::string_view bytes, SteadyTime now) override {
        http_.feed(bytes);
        take_response(now);
    }

    void lost(SteadyTime now) override {
        http_.lost();
        take_response(now);
        registration_.fail(Code::unavailable, "the connection was lost");
    }

    void deadline(SteadyTime now) override {
        if (registration_.deadline(now)) {
            ask();
        }
    }

    void stop(SteadyTime) override {
        registration_.fail(Code::unavailable, "the device is stopping");
    }

    std::string take_output() override { return http_.take_output(); }

    [[nodiscard]] bool wants_close() const override { return registration_.is_over(); }

    [[nodiscard]] bool wants_input() const override { return !registration_.is_over(); }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override {
        return registration_.next_deadline();
    }

  private:
    void ask() {
        const RegisterOptions& options = registration_.options();
        const bool registering = registration_.operation_id().empty();
        session::HttpRequest request;
        request.method = registering ? "PUT" : "GET";
        request.target = target(registering);
        request.headers = {{"Host", options.host}, {"Accept", "application/json"}};
        if (const auto token = registration_.sas()) {
            request.headers.push_back({"Authorization", *token});
        }
        if (registering) {
            request.headers.push_back({"Content-Type", "application/json; charset=utf-8"});
            request.body = registration_.body();
        }
        http_.send(request);
    }

    [[nodiscard]] std::string target(bool registering) const {
        const RegisterOptions& options = registration_.options();
        std::string path = "/" + percent_encode(options.identity.scope.text()) + "/registrations/" +
                           percent_encode(options.identity.registration_id.text());
        if (registering) {
            path += "/register";
        } else {
            path += "/operations/" + percent_encode(registration_.operation_id());
        }
        return path + "?api-version=" + percent_encode(options.api_version);
    }

    void take_response(SteadyTime now) {
        if (registration_.is_over()) {
            return;
        }
        auto response = http_.next_response();
        if (!response) {
            registration_.fail(response.error());
            return;
        }
        if (!*response) {
            return;
        }
        const bool closes = (*response)->close;
        registration_.answered(read_answer(std::move(**response)), now);
        if (closes) {
            registration_.fail(Code::unavailable, "the server closed the connection");
        }
    }

    Registration registration_;
    session::HttpClientSession http_;
};

} // namespace

std::unique_ptr<session::Conversation> register_over_https(RegisterOptions options,
                                                           const Clock& clock, Registered done) {
    return std::make_unique<HttpsRegistration>(std::move(options), clock, std::move(done));
}

} // namespace muster::device
