// Whatever a proven operator sends to the service API: every answer is a whole response, every
// error has the reference's document, and what was stored can be read again.
//
// The input is "METHOD path LF If-Match LF continuation LF body".

#include "base/check.h"
#include "base/log.h"
#include "gateway/http_client.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace muster;

std::string_view take_line(std::string_view& input) {
    const auto end = std::min(input.find('\n'), input.size());
    const auto line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    return line;
}

/// What a header can carry; HttpSession refuses the rest before anybody here sees it.
std::string header_text(std::string_view text) {
    std::string safe(text);
    std::erase_if(safe, [](char c) { return c < ' ' || c > '~'; });
    return safe;
}

gateway::HttpAsk read_ask(std::string_view input, const gateway::ProvisioningWorld& world) {
    const auto line = take_line(input);
    const auto space = std::min(line.find(' '), line.size());
    gateway::HttpAsk ask;
    ask.method = header_text(line.substr(0, space));
    ask.target = header_text(line.substr(space));
    std::erase(ask.target, ' ');
    ask.target += ask.target.find('?') == std::string::npos ? "?api-version=2021-10-01" : "";
    ask.headers = {{"Authorization", world.service_token("provisioningserviceowner")},
                   {"If-Match", header_text(take_line(input))},
                   {"x-ms-continuation", header_text(take_line(input))},
                   {"x-ms-max-item-count", "2"}};
    ask.body = input;
    return ask;
}

void check_reply(const gateway::HttpReply& reply) {
    CHECK(!reply.header("x-ms-request-id").empty());
    if (reply.status < 400) {
        CHECK(reply.status == 200 || reply.status == 202 || reply.status == 204);
        return;
    }
    CHECK(reply.status != 500);
    CHECK(reply.header("Content-Type") == "application/json; charset=utf-8");
    CHECK(reply.error_code() / 1000 == static_cast<int>(reply.status));
    CHECK(reply.member("trackingId") == Json(reply.header("x-ms-request-id")));
}

/// A page of everything, which reads every enrollment and group that there is.
void check_readable(gateway::ProvisioningWorld& world) {
    for (const auto* path : {"/enrollments/query", "/enrollmentGroups/query"}) {
        gateway::HttpAsk ask{.method = "POST",
                             .target = std::string(path) + "?api-version=2021-10-01"};
        ask.headers = {{"Authorization", world.service_token("reader")}};
        CHECK(gateway::exchange(world, ask).status == 200);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    log::start(log::Level::off);
    gateway::ProvisioningWorld world;
    world.enroll("dev-1");
    world.enroll("dev-2");
    world.enroll("dev-3");
    const auto ask = read_ask({reinterpret_cast<const char*>(data), size}, world);
    if (ask.method == "HEAD") {
        return 0; // its response cannot be told apart here
    }
    auto wire = world.https();
    wire.send(gateway::bytes_of(ask));
    wire.settle(world.workers);
    auto bytes = wire.take();
    if (!bytes.empty()) {
        check_reply(gateway::take_reply(bytes));
        CHECK(bytes.empty());
    }
    check_readable(world);
    return 0;
}
