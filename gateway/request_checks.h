#pragma once
// What both provisioning edges ask of an HTTP request before they look at its meaning.

#include "base/result.h"
#include "gateway/http_handler.h"
#include "gateway/problem.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::gateway {

/// A refusal that HTTP has a status for and our error vocabulary has not.
struct HttpRefusal {
    unsigned status;
    std::string detail;
    std::string allow; // with 405: the methods that would do
};

/// A body, if there is one, must say nothing of its type or say that it is JSON; parameters of the
/// media type do not matter (dps-service 1.8, 8.4).
std::optional<HttpRefusal> refuse_media_type(const session::HttpRequest& request);

/// Logs the refusal and makes the response.
session::HttpResponse refuse(const Context& context, const HttpExchange& exchange,
                             std::string_view edge, const HttpRefusal& refusal);
session::HttpResponse refuse(const Context& context, const HttpExchange& exchange,
                             std::string_view edge, const Error& error, Subject about);

} // namespace muster::gateway
