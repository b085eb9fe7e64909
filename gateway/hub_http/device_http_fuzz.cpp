// Whatever a proven device sends to the HTTPS API: every answer is a whole response, every error
// has the reference's document, and a batch that is accepted was stored whole.
//
// The input is "METHOD rest-of-path LF content type LF header name LF header value LF body".

#include "base/check.h"
#include "base/log.h"
#include "gateway/hub_http/event_batch.h"
#include "gateway/hub_world.h"

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

gateway::HttpAsk read_ask(std::string_view input, const gateway::HubWorld& world) {
    const auto line = take_line(input);
    const auto space = std::min(line.find(' '), line.size());
    gateway::HttpAsk ask;
    ask.method = header_text(line.substr(0, space));
    ask.target = "/devices/dev-01/" + header_text(line.substr(space));
    std::erase(ask.target, ' ');
    ask.headers = {{"Authorization", world.device_token()},
                   {"Content-Type", header_text(take_line(input))}};
    const std::string name = header_text(take_line(input));
    ask.headers.push_back({"iothub-app-" + name, header_text(take_line(input))});
    ask.body = input;
    return ask;
}

void check_reply(const gateway::HttpReply& reply) {
    CHECK(reply.status >= 200 && reply.status < 500);
    if (reply.status >= 400 && !reply.header("iothub-errorcode").empty()) {
        CHECK(reply.member("Message").is_string());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    log::start(log::Level::off);
    if (const auto batch = gateway::parse_event_batch(input)) {
        CHECK(!batch->empty() && batch->size() <= 1000);
    }
    gateway::HubWorld world;
    const auto sent = world.hub.send_message(DeviceId("dev-01"), {.properties = {}, .body = "x"});
    CHECK(sent.has_value());
    auto ask = world.completed(read_ask(input, world), "");
    auto wire = world.https();
    wire.send(gateway::bytes_of(ask));
    wire.settle(world.workers);
    auto text = wire.take();
    if (!text.empty() && ask.method != "HEAD") {
        check_reply(gateway::take_reply(text));
    }
    return 0;
}
