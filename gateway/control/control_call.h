#pragma once
// One admitted request to the control plane: who asks for what, and what it can see.

#include "gateway/control/instance_resource.h"
#include "gateway/control/routes.h"
#include "gateway/http_handler.h"
#include "provisioning/administration/tokens.h"
#include "provisioning/instances.h"

#include <string>
#include <string_view>

namespace muster::gateway {

struct ControlCall {
    provisioning::Instances& instances;
    const HttpExchange& exchange;
    const ControlRoute& route;
    const provisioning::Administrator& administrator;

    [[nodiscard]] std::string_view header(std::string_view name) const {
        return exchange.request.header(name);
    }

    [[nodiscard]] provisioning::IfMatch if_match() const {
        return provisioning::IfMatch::from_header(header("If-Match"));
    }

    /// How instances look from here. The caller has just reached the server by this host name, so
    /// devices can, too.
    [[nodiscard]] ResourceView view() const {
        return {.subscription = route.subscription, .device_host = exchange.host};
    }

    /// An address on the host by which the caller came, port included.
    [[nodiscard]] std::string url(std::string_view path_and_query) const {
        return "https://" + std::string(header("Host")) + std::string(path_and_query);
    }

    /// The instance of the path. Null if there is none, if it is another tenant's, or if the token
    /// does not reach it; a caller cannot tell which.
    [[nodiscard]] provisioning::InstancePtr find() const;

    /// The same; null becomes not_found.
    [[nodiscard]] Result<provisioning::InstancePtr> require() const;
};

/// dps-service 10.1 to 10.3.
Result<session::HttpResponse> answer_instance(const ControlCall& call);
/// dps-service 10.4.
Result<session::HttpResponse> answer_certificate(const ControlCall& call);
/// Deletion, the one operation that outlasts its request, and how far it is.
Result<session::HttpResponse> erase_instance(const ControlCall& call);
Result<session::HttpResponse> operation_result(const ControlCall& call);
/// What is asked of no instance in particular: lists, free names, what there is to be done.
Result<session::HttpResponse> answer_directory(const ControlCall& call);

} // namespace muster::gateway
