// The bodies that the administration API reads: whatever comes, an answer that says what it is, and
// no instance but the one asked about is touched.

#include "base/check.h"
#include "gateway/administration/routes.h"
#include "gateway/control_world.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace muster::gateway {
namespace {

/// The first byte picks the route, the rest is the body.
HttpAsk request_of(std::string_view input, const std::string& authorization) {
    const auto routes = admin_routes();
    const auto& route = routes[static_cast<unsigned char>(input.front()) % routes.size()];
    std::string path(route.path);
    for (const auto& [pattern, name] :
         {std::pair("{name}", "alpha"), std::pair("{policy}", "provisioningserviceowner"),
          std::pair("{certificate}", "root"), std::pair("{id}", "0123456789abcdef")}) {
        if (const auto at = path.find(pattern); at != std::string::npos) {
            path.replace(at, std::string_view(pattern).size(), name);
        }
    }
    return {.method = std::string(route.method),
            .target = "/muster/" + path,
            .headers = {{"Authorization", authorization}, {"Content-Type", "application/json"}},
            .body = std::string(input.substr(1))};
}

void run(std::string_view input) {
    TenantsWorld world;
    const auto before = world.instances.find("beta");
    auto wire = world.https();
    const auto owner = world.bearer(provisioning::AdminRole::owner);
    wire.send(bytes_of(request_of(input, owner)));
    wire.settle(world.workers);
    auto text = wire.take();
    const auto reply = take_reply(text);
    CHECK(reply.status >= 200 && reply.status < 500);
    CHECK(reply.status < 400 || reply.error_code() / 1000 == static_cast<int>(reply.status));
    CHECK(world.instances.find("beta") == before);
}

} // namespace
} // namespace muster::gateway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) {
        muster::gateway::run({reinterpret_cast<const char*>(data), size});
    }
    return 0;
}
