// Whatever a client sends to the HTTPS port: every answer is a whole response, every error has the
// reference's document, and the connection comes to an end.

#include "gateway/front_fuzz.h"
#include "gateway/http_client.h"

namespace {

using namespace muster;

void check_reply(const gateway::HttpReply& reply) {
    CHECK(!reply.header("x-ms-request-id").empty());
    if (reply.status < 400) {
        return;
    }
    // To HEAD the document is named but not sent.
    CHECK(reply.header("Content-Type") == "application/json; charset=utf-8");
    CHECK(reply.body.empty() ||
          reply.member("trackingId") == Json(reply.header("x-ms-request-id")));
    CHECK(reply.body.empty() || reply.error_code() / 1000 == static_cast<int>(reply.status));
}

void check_output(std::string output) {
    constexpr std::string_view switching = "HTTP/1.1 101 ";
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    while (!output.empty() && !output.starts_with(switching)) {
        if (output.starts_with(go_on)) {
            output.erase(0, go_on.size());
            continue;
        }
        CHECK(output.starts_with("HTTP/1.1 "));
        check_reply(gateway::take_reply(output));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    gateway::FuzzedSession session;
    auto wire = session.world.https();
    auto output = session.run(wire, input);
    if (input.find("HEAD ") ==
        std::string_view::npos) { // whose responses cannot be told apart here
        check_output(std::move(output));
    }
    return 0;
}
