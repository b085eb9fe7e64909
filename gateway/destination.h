#pragma once
// Which service an HTTP request is for. The host decides; only the device API of provisioning is
// found by ID scope, because devices are told one host for all scopes (reference: dps-device 1.1).

#include "base/result.h"
#include "gateway/context.h"
#include "gateway/http_handler.h"

#include <string_view>
#include <variant>

namespace muster::gateway {

struct ToDeviceApi {};

struct ToServiceApi {
    SitePtr site;
};

struct ToControl {};

struct ToAdministration {};

struct ToHub {
    hub::Service* hub;
};

struct ToNobody {};

using Destination =
    std::variant<ToDeviceApi, ToServiceApi, ToControl, ToAdministration, ToHub, ToNobody>;

/// `/{scope}/registrations...` is the device API, told from the service API's `/registrations/{id}`
/// by the shape of its first segment.
Destination find_destination(const Sites& sites, std::string_view host, const Target& target);

void dispatch(const Context& context, const Destination& destination, HttpExchange exchange,
              Respond respond);

/// A refusal in the shape that callers of this destination read; logged.
session::HttpResponse refuse_at(const Context& context, const Destination& destination,
                                const HttpExchange& exchange, const Error& error);

} // namespace muster::gateway
