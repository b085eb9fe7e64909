#pragma once
// How the control plane refuses. Two documents in one body: the `error` object that clients of the
// resource API look into first, and the members that the service's own definition documents beside
// it (reference: dps-service 10.1):
//
//     {"error":{"code":"ResourceNotFound","message":..},
//      "code":404000,"httpStatusCode":"NotFound","message":..,"details":..}

#include "base/result.h"
#include "gateway/http_handler.h"
#include "gateway/request_checks.h"

#include <cstdint>
#include <string_view>

namespace muster::gateway {

/// What was not found: the resource group, or something in it.
enum class ControlSubject : std::uint8_t { resource, resource_group };

struct ControlProblem {
    unsigned status = 500;
    std::string_view code = "InternalServerError";

    friend bool operator==(const ControlProblem&, const ControlProblem&) = default;
};

ControlProblem control_problem_of(Code code, ControlSubject about);

/// Logs the refusal and makes the response.
session::HttpResponse refuse_control(const HttpExchange& exchange, const Error& error,
                                     ControlSubject about = ControlSubject::resource);
session::HttpResponse refuse_control(const HttpExchange& exchange, const HttpRefusal& refusal);

} // namespace muster::gateway
