#pragma once
// How a request over HTTPS reaches a use case. A handler turns one HttpRequest into one
// HttpResponse; it runs on a worker, may wait for storage, and answers exactly once, from any
// thread.

#include "base/ids.h"
#include "gateway/context.h"
#include "session/conversation.h"
#include "session/http_session.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::gateway {

/// A request line taken apart: the path split at '/', each segment percent-decoded once (an encoded
/// slash stays inside its segment), a trailing '/' dropped; the query's parameters decoded.
struct Target {
    std::vector<std::string> segments;
    std::vector<std::pair<std::string, std::string>> query;

    /// The first parameter of that name (exact case), or empty.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

Result<Target> parse_target(std::string_view target);

struct HttpExchange {
    session::HttpRequest request;
    Target target;
    std::string host; // normal_host of Host
    std::vector<std::string> peer_certificates;
    std::string peer_address;
    TrackingId tracking;
};

using Respond = std::move_only_function<void(session::HttpResponse)>;

/// The HTTPS edges. Each decides about every path of its host.
void handle_provisioning_device(const Context& context, HttpExchange exchange, Respond respond);
void handle_provisioning_service(const Context& context, const ProvisioningSite& site,
                                 HttpExchange exchange, Respond respond);

/// The control plane in the shape of the Azure resource API: paths under `/subscriptions` and
/// `/providers` on every host that is not a hub's (gateway/control).
void handle_control(const Context& context, HttpExchange exchange, Respond respond);
/// Our own: paths under `/muster` (gateway/administration; docs/administration-api.md).
void handle_administration(const Context& context, HttpExchange exchange, Respond respond);

void handle_hub_service(const Context& context, hub::Service& hub, HttpExchange exchange,
                        Respond respond);

} // namespace muster::gateway
