#pragma once
// For the tests of HttpSession: plays bytes and time to one, and notes what it makes of them.

#include "session/http_session.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace muster::session {

using namespace std::chrono_literals;

inline constexpr SteadyTime begin{1h};

/// Answers every request with 200 and its own body, every fault with its status.
class HttpTranscript {
  public:
    explicit HttpTranscript(const HttpLimits& limits = {}, const Clock* clock = nullptr)
        : session(limits, clock) {
        session.start(now);
    }

    void feed(std::string_view bytes) {
        session.feed(bytes, now);
        collect();
    }

    void collect() {
        while (auto event = session.next_event()) {
            std::visit([this](const auto& what) { take(what); }, *event);
        }
        output += session.take_output();
    }

    void wait(SteadyTime::duration time) {
        now += time;
        while (session.next_deadline() && *session.next_deadline() <= now) {
            session.deadline(now);
            collect();
        }
    }

    HttpSession session;
    SteadyTime now = begin;
    std::vector<HttpRequest> requests;
    std::vector<unsigned> faults;
    std::string upgraded;
    std::string output;
    HttpResponse answer;

  private:
    void take(const HttpRequest& request) {
        requests.push_back(request);
        HttpResponse response = answer;
        response.body = response.body.empty() ? request.body : response.body;
        session.respond(response, now);
    }

    void take(const HttpFault& fault) {
        faults.push_back(fault.status);
        EXPECT_FALSE(fault.detail.empty());
        session.respond({.status = fault.status, .headers = {}, .body = {}}, now);
        EXPECT_TRUE(session.wants_close());
    }

    void take(const HttpUpgrade& upgrade) {
        requests.push_back(upgrade.request);
        upgraded = session.accept_upgrade({{"X", "y"}});
    }
};

// DPS-DEVICE-29, DPS-SERVICE-5: the C SDK, literally (dps-device 2.1.1).
inline constexpr std::string_view c_register =
    "PUT /0ne00TEST01/registrations/dev-1/register?api-version=2021-06-01 HTTP/1.1\r\n"
    "UserAgent: prov_device_client/1.0\r\n"
    "Accept: application/json\r\n"
    "Connection: keep-alive\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Authorization: SharedAccessSignature sr=0ne00TEST01%2fregistrations%2fdev-1&sig=a%3d\r\n"
    "Host: 127.0.0.77:443\r\n"
    "content-length: 44\r\n"
    "\r\n"
    "{\"registrationId\":\"dev-1\",\"payload\":{\"a\":1}}";

inline constexpr std::string_view upgrade =
    "GET /$iothub/websocket HTTP/1.1\r\nHost: h:443\r\nUpgrade: WebSocket\r\n"
    "Connection: keep-alive, Upgrade\r\n\r\n";

} // namespace muster::session
