// The device API without its bytes: as gateway/device_api.cpp answers.

#include "gateway/problem.h"
#include "provisioning/documents.h"
#include "tests/simulation/device.h"

namespace muster::simulation {

namespace {

constexpr std::chrono::seconds poll_after{3};

device::ServiceAnswer refusal(const Error& error) {
    const gateway::Problem problem =
        gateway::problem_of(error.code, gateway::Subject::registration);
    return {.status = problem.status,
            .retry_after = error.retry_after,
            .body = muster::to_text(
                JsonObject{{"errorCode", problem.error_code}, {"message", error.detail}})};
}

device::ServiceAnswer answer(const provisioning::OperationStatus& found) {
    JsonObject document{{"operationId", found.operation.text()},
                        {"status", provisioning::to_string(found.status)}};
    if (found.record) {
        document["registrationState"] = provisioning::to_device_document(*found.record);
    }
    const bool is_under_way = found.status == provisioning::RegistrationStatus::assigning;
    return {.status = is_under_way ? 202U : 200U,
            .retry_after = is_under_way ? std::optional(poll_after) : std::nullopt,
            .body = muster::to_text(document)};
}

} // namespace

device::ServiceAnswer answer_device(Services& services, const Question& question) {
    const provisioning::DeviceRequest request{.id = question.id,
                                              .proof = {.sas = question.sas, .certificates = {}},
                                              .api_version = question.api_version,
                                              .payload = {},
                                              .client_version = {},
                                              .peer_address = "192.0.2.7",
                                              .tracking = {}};
    const auto found =
        question.operation.empty()
            ? services.registration.register_device(request)
            : services.registration.operation_status(request, OperationId(question.operation));
    return found ? answer(*found) : refusal(found.error());
}

} // namespace muster::simulation
