#include "provisioning/asking.h"

#include <utility>

namespace muster::provisioning {

Result<FunctionRequest> function_request_for(const Asking& asking) {
    const EnrollmentTerms& terms = *asking.standing.terms;
    if (!terms.custom_allocation) {
        return fail(Code::malformed, "the enrollment has no customAllocationDefinition");
    }
    auto definition = read_function_definition(*terms.custom_allocation);
    if (!definition) {
        return std::unexpected(std::move(definition).error());
    }
    const bool of_group = asking.standing.decided_by &&
                          std::holds_alternative<DecidedByGroup>(*asking.standing.decided_by);
    const std::optional<HubName> hub =
        asking.current ? std::optional(asking.current->hub) : std::nullopt;
    const AllocationFacts facts{.id = asking.id,
                                .terms = terms,
                                .instance = asking.instance,
                                .current = hub,
                                .inputs = asking.inputs};
    return FunctionRequest{
        .definition = *std::move(definition),
        .body = function_request(
            {.enrollment_member = of_group ? "enrollmentGroup" : "individualEnrollment",
             .enrollment = asking.standing.document,
             .registration_id = asking.id,
             .current = asking.current,
             .question = asking.question,
             .candidates = candidates_for_function(facts)})};
}

Decline function_failed(const Error& error) {
    return {.status = RegistrationStatus::failed,
            .failure = {failure_code::custom_allocation, error.detail},
            .findings = {{.code = FindingCode::custom_allocation_failed,
                          .detail = error.cause.empty() ? error.detail : error.cause}}};
}

} // namespace muster::provisioning
