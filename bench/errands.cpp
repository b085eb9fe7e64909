#include "bench/errands.h"

#include "session/http_client_session.h"

#include <fmt/format.h>

#include <utility>

namespace muster::bench {

namespace {

/// How soon it asks again when the first question came too early: when the disk is slow, answering
/// questions shall not become the work that is measured.
constexpr std::chrono::milliseconds second_thoughts{3};

/// A device whose time jumps: when it would wait seconds before it asks, the moment has come.
class Impatient final : public session::Conversation {
  public:
    Impatient(std::unique_ptr<session::Conversation> device, std::chrono::seconds time_max,
              std::atomic<std::size_t>& polls)
        : device_(std::move(device)), time_max_(time_max), polls_(polls) {}

    void start(SteadyTime now) override {
        limit_ = now + time_max_;
        device_->start(now);
    }

    void feed(std::string_view bytes, SteadyTime now) override {
        device_->feed(bytes, now);
        if (!waits()) {
            return;
        }
        if (std::exchange(asked_, true)) {
            ask_at_ = now + second_thoughts;
        } else {
            ask();
        }
    }

    void lost(SteadyTime now) override { device_->lost(now); }

    void deadline(SteadyTime now) override {
        if (ask_at_ && waits()) {
            ask();
        } else {
            device_->deadline(now);
        }
    }

    void stop(SteadyTime now) override { device_->stop(now); }

    std::string take_output() override { return device_->take_output(); }

    [[nodiscard]] bool wants_close() const override { return device_->wants_close(); }

    [[nodiscard]] bool wants_input() const override { return device_->wants_input(); }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override {
        return ask_at_ ? ask_at_ : device_->next_deadline();
    }

  private:
    [[nodiscard]] bool waits() const {
        const auto next = device_->next_deadline();
        return next && *next < limit_;
    }

    void ask() {
        ask_at_.reset();
        ++polls_;
        device_->deadline(*device_->next_deadline());
    }

    std::unique_ptr<session::Conversation> device_;
    std::chrono::seconds time_max_;
    std::atomic<std::size_t>& polls_;
    SteadyTime limit_{};
    std::optional<SteadyTime> ask_at_;
    bool asked_ = false;
};

class Visit final : public session::Conversation {
  public:
    Visit(std::string host, Done done) : host_(std::move(host)), done_(std::move(done)) {}

    void start(SteadyTime now) override {
        constexpr std::chrono::seconds time_max{30};
        limit_ = now + time_max;
        session::HttpRequest request;
        request.method = "GET";
        request.target = "/";
        request.headers = {{"Host", host_}};
        http_.send(request);
    }

    void feed(std::string_view bytes, SteadyTime) override {
        http_.feed(bytes);
        const auto response = http_.next_response();
        if (!response) {
            end(std::unexpected(response.error()));
        } else if (*response) {
            const unsigned status = (*response)->status;
            end(status == 204 ? Result<void>()
                              : fail(Code::internal, fmt::format("status {}", status)));
        }
    }

    void lost(SteadyTime) override { end(fail(Code::unavailable, "the connection was lost")); }

    void deadline(SteadyTime) override { end(fail(Code::deadline_exceeded, "no answer")); }

    void stop(SteadyTime) override { end(fail(Code::unavailable, "stopped")); }

    std::string take_output() override { return http_.take_output(); }

    [[nodiscard]] bool wants_close() const override { return over_; }

    [[nodiscard]] bool wants_input() const override { return !over_; }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override { return limit_; }

  private:
    void end(const Result<void>& result) {
        if (!std::exchange(over_, true)) {
            done_(result);
        }
    }

    std::string host_;
    Done done_;
    session::HttpClientSession http_;
    SteadyTime limit_{};
    bool over_ = false;
};

} // namespace

std::unique_ptr<session::Conversation>
register_at_once(Protocol protocol, device::RegisterOptions options, const Clock& clock,
                 std::atomic<std::size_t>& polls, Done done) {
    const std::chrono::seconds time_max = options.time_max;
    auto registered = [done = std::move(done)](const Result<device::Assigned>& result) {
        done(result ? Result<void>() : std::unexpected(result.error()));
    };
    auto device = protocol == Protocol::https
                      ? device::register_over_https(std::move(options), clock, registered)
                      : device::register_over_mqtt(std::move(options), clock, registered);
    return std::make_unique<Impatient>(std::move(device), time_max, polls);
}

std::unique_ptr<session::Conversation> get_nothing(const std::string& host, Done done) {
    return std::make_unique<Visit>(host, std::move(done));
}

} // namespace muster::bench
