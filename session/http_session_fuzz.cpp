// Bytes of a client, all at once and in pieces: both must be understood the same, every request
// must respect the limits, and after any time the connection must be closed or idle.

#include "base/check.h"
#include "session/http_session.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace muster;
using namespace muster::session;
using namespace std::chrono_literals;

HttpLimits small_limits() {
    HttpLimits limits;
    limits.header_bytes_max = 512;
    limits.headers_max = 8;
    limits.target_bytes_max = 64;
    limits.body_bytes_max = 128;
    return limits;
}

class Run {
  public:
    Run() { session_.start(now_); }

    void feed(std::string_view bytes) {
        if (session_.wants_input()) {
            session_.feed(bytes, now_);
            answer();
        } else if (upgraded_) {
            seen_ += bytes;
        }
    }

    std::string finish() {
        for (int step = 0; step < 3 && session_.next_deadline(); ++step) {
            now_ = *session_.next_deadline();
            session_.deadline(now_);
            answer();
        }
        CHECK(upgraded_ || session_.wants_close());
        return seen_ + session_.take_output();
    }

  private:
    void answer() {
        while (const auto event = session_.next_event()) {
            std::visit([this](const auto& what) { take(what); }, *event);
        }
    }

    void note(const HttpRequest& request) {
        CHECK(request.target.starts_with('/') && request.target.size() <= limits_.target_bytes_max);
        CHECK(request.headers.size() <= limits_.headers_max + 1); // a Host from the target
        CHECK(request.body.size() <= limits_.body_bytes_max);
        seen_ += request.method + ' ' + request.target + '\n';
        for (const HttpHeader& header : request.headers) {
            seen_ += header.name + ':' + header.value + '\n';
        }
        seen_ += request.body + '\n';
    }

    void take(const HttpRequest& request) {
        note(request);
        if (request.target.size() % 2 == 0) {
            return stream(request);
        }
        session_.respond({.status = 200, .headers = {}, .body = request.body}, now_);
    }

    /// The same in pieces; some are broken off.
    void stream(const HttpRequest& request) {
        if (!session_.begin_body({}, now_)) {
            return;
        }
        for (const char byte : request.body) {
            session_.put_body({&byte, 1});
        }
        CHECK(!session_.wants_input() && !session_.wants_close() && !session_.next_event());
        if (request.headers.size() % 4 == 3) {
            session_.break_body();
        } else {
            session_.end_body(now_);
        }
    }

    void take(const HttpFault& fault) {
        seen_ += std::to_string(fault.status);
        session_.respond({.status = fault.status, .headers = {}, .body = {}}, now_);
        CHECK(session_.wants_close());
    }

    void take(const HttpUpgrade& upgrade) {
        note(upgrade.request);
        upgraded_ = true;
        seen_ += session_.accept_upgrade({});
    }

    HttpLimits limits_ = small_limits();
    HttpSession session_{limits_};
    SteadyTime now_{1h};
    bool upgraded_ = false;
    std::string seen_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t step = data[0] % 16 + 1U;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    Run whole;
    whole.feed(bytes);
    Run pieces;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        pieces.feed(bytes.substr(at, step));
    }
    CHECK(whole.finish() == pieces.finish());
    return 0;
}
