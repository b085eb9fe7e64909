#include "provisioning/explaining.h"

#include "base/check.h"
#include "provisioning/allocation.h"
#include "provisioning/applicants.h"
#include "provisioning/asking.h"
#include "provisioning/assumed_proof.h"
#include "provisioning/device_registration.h"
#include "provisioning/documents/names.h"
#include "provisioning/planning.h"
#include "provisioning/proposed_enrollments.h"
#include "provisioning/refusals.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

/// Is the error what the device would be told, rather than a fault on the way to the answer?
bool is_refusal(Code code) {
    return code == Code::unauthenticated || code == Code::attestation_failed ||
           code == Code::not_found || code == Code::unsupported;
}

void set_refusal(Prediction& prediction, const Error& error) {
    prediction.outcome = Outcome::refused;
    prediction.error_code = device_error_code(error.code);
    prediction.message = error.detail;
}

void set_decline(Prediction& prediction, const Decline& decline) {
    prediction.outcome = Outcome::declined;
    prediction.error_code = decline.failure.error_code;
    prediction.message = decline.failure.message;
    prediction.explanation.findings.insert(prediction.explanation.findings.end(),
                                           decline.findings.begin(), decline.findings.end());
}

void set_plan(Prediction& prediction, const Plan& plan) {
    prediction.plan = to_string(plan.kind);
    if (plan.kind == PlanKind::ask) {
        prediction.outcome = Outcome::undecided;
        return;
    }
    prediction.outcome = Outcome::assigned;
    prediction.hub = plan.hub;
    prediction.device_id = plan.provision.device_id;
}

/// The plan that a decision leads to, if it leads to one.
const Plan* plan_of(const Decision& decision, const std::optional<RegistrationRecord>& record) {
    if (const auto* begin = std::get_if<Begin>(&decision)) {
        return &begin->plan;
    }
    if (const auto* amend = std::get_if<Amend>(&decision)) {
        return &amend->plan;
    }
    return std::holds_alternative<Continue>(decision) ? &*record->plan : nullptr;
}

void set_decision(Prediction& prediction, const Decision& decision,
                  const RegistrationFacts& facts) {
    if (const auto* decline = std::get_if<Decline>(&decision)) {
        set_decline(prediction, *decline);
    } else {
        set_plan(prediction, *plan_of(decision, facts.record));
    }
}

void set_reasoning(Prediction& prediction, const RegistrationFacts& facts,
                   const Allocation& reasoning) {
    prediction.policy = to_string(effective_policy(*facts.applicant.terms, facts.instance));
    prediction.excluded = reasoning.excluded;
    prediction.reasons = reasoning.reasons;
}

/// The request as the device would send it.
DeviceRequest request_of(const Supposition& supposition) {
    return {.id = supposition.id,
            .proof = supposition.proof.value_or(Proof()),
            .api_version = supposition.api_version,
            .payload = supposition.payload,
            .client_version = {},
            .peer_address = supposition.peer_address,
            .tracking = {}};
}

void set_quota_refusal(Prediction& prediction, const Instance& instance) {
    prediction.hub.reset();
    prediction.device_id.reset();
    prediction.plan.clear();
    prediction.explanation.findings.push_back(quota_finding(instance));
    set_refusal(prediction, refuse(Code::quota_exceeded, prediction.explanation).error());
}

/// Deleting an individual enrollment deletes the record of its device (dps-service 9.5).
bool would_lose_record(const Proposal* proposal, const RegistrationId& id) {
    return proposal != nullptr && std::ranges::find(proposal->without_enrollments, id) !=
                                      proposal->without_enrollments.end();
}

std::shared_ptr<const Instance> instance_for(const CurrentInstance& current,
                                             const Proposal* proposal) {
    if (proposal == nullptr || !proposal->instance) {
        return current.get();
    }
    Instance proposed = *proposal->instance;
    proposed.scope = current.scope();
    return std::make_shared<const Instance>(std::move(proposed));
}

Result<std::optional<Applicant>> find_applicant(const AssumedClaim& claim, EnrollmentFacts& facts,
                                                Explanation& explanation) {
    const Supposition& supposition = claim.supposition;
    if (!supposition.proof) {
        return assume_proof(claim, facts, explanation);
    }
    auto applicant = Applicants(facts).identify({.scope = claim.instance->scope,
                                                 .id = supposition.id,
                                                 .proof = *supposition.proof,
                                                 .now = claim.now},
                                                claim.instance, explanation);
    if (!applicant) {
        return std::unexpected(std::move(applicant).error());
    }
    return *std::move(applicant);
}

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
    case Outcome::assigned: return "assigned";
    case Outcome::refused: return "refused";
    case Outcome::declined: return "declined";
    case Outcome::undecided: return "undecided";
    }
    CHECK(false);
    return {};
}

JsonObject to_document(const DecidedBy& decider) {
    if (const auto* group = std::get_if<DecidedByGroup>(&decider)) {
        return {{"kind", "enrollmentGroup"}, {"id", group->id.text()}};
    }
    return {{"kind", "enrollment"}, {"id", std::get<DecidedByIndividual>(decider).id.text()}};
}

JsonArray to_document(const std::vector<std::string>& texts) {
    JsonArray list;
    for (const std::string& text : texts) {
        list.push_back(Json(text));
    }
    return list;
}

void describe_decision(JsonObject& document, const Prediction& prediction) {
    if (prediction.decided_by) {
        document["decidedBy"] = to_document(*prediction.decided_by);
        document["allocationPolicy"] = prediction.policy;
        document["excludedHubs"] = to_document(prediction.excluded);
        document["reasons"] = to_document(prediction.reasons);
        document["functionAsked"] = prediction.function_asked;
    }
    if (!prediction.plan.empty()) {
        document["plan"] = prediction.plan;
    }
    if (prediction.hub) {
        document["hub"] = prediction.hub->text();
    }
    if (prediction.device_id) {
        document["deviceId"] = prediction.device_id->text();
    }
    if (prediction.current_hub) {
        document["currentHub"] = prediction.current_hub->text();
    }
}

} // namespace

/// Somebody who has proved, or is supposed to have proved, who it is.
struct Explaining::Deciding {
    const Applicant& applicant;
    const AssumedClaim& claim;
    EnrollmentFacts& enrollments;
    bool may_ask = false; // the function
};

Result<Prediction> Explaining::explain(const Supposition& supposition, const Proposal* proposal) {
    const std::shared_ptr<const Instance> instance = instance_for(ports_.instance, proposal);
    auto record = ports_.registrations.find(instance->scope, supposition.id);
    if (!record) {
        return std::unexpected(std::move(record).error());
    }
    if (*record && would_lose_record(proposal, supposition.id)) {
        *record = remains_of(**record, new_mark(ports_.clock, ports_.random));
    }
    const AssumedClaim claim{.supposition = supposition,
                             .record = *record,
                             .instance = instance,
                             .now = ports_.clock.wall()};
    StoredEnrollments stored(ports_.enrollments);
    if (proposal == nullptr) {
        return predict(claim, stored);
    }
    ProposedEnrollments proposed(stored, *proposal);
    return predict(claim, proposed);
}

Result<Prediction> Explaining::predict(const AssumedClaim& claim, EnrollmentFacts& facts) {
    Prediction prediction;
    prediction.proof_assumed = !claim.supposition.proof;
    if (claim.record && claim.record->assignment && !claim.record->erased) {
        prediction.current_hub = claim.record->assignment->hub;
    }
    const auto applicant = find_applicant(claim, facts, prediction.explanation);
    if (!applicant && !is_refusal(applicant.error().code)) {
        return std::unexpected(applicant.error());
    }
    const auto full = quota_is_reached(claim);
    if (!full) {
        return std::unexpected(full.error());
    }
    if (!applicant) {
        set_refusal(prediction, applicant.error());
    } else if (!*applicant) {
        prediction.outcome = Outcome::undecided;
    } else {
        if (auto decided = decide({.applicant = **applicant,
                                   .claim = claim,
                                   .enrollments = facts,
                                   .may_ask = claim.supposition.ask_function && !*full},
                                  prediction);
            !decided) {
            return std::unexpected(std::move(decided).error());
        }
        if (*full) { // whatever was decided, there is no place to keep it
            set_quota_refusal(prediction, *claim.instance);
        }
    }
    return prediction;
}

Result<void> Explaining::decide(const Deciding& deciding, Prediction& prediction) {
    const AssumedClaim& claim = deciding.claim;
    AllocationInputs inputs = ports_.allocator.inputs_for(request_of(claim.supposition));
    const RegistrationFacts facts{.applicant = deciding.applicant,
                                  .record = claim.record,
                                  .instance = *claim.instance,
                                  .inputs = inputs,
                                  .token = new_move_token(ports_.random)};
    Allocation reasoning;
    Decision decision = plan_registration(facts, &reasoning);
    const Plan* plan = plan_of(decision, claim.record);
    if (plan != nullptr && plan->question && deciding.may_ask) {
        prediction.function_asked = true;
        auto answer = ask(deciding, *plan->question);
        if (!answer && answer.error().code == Code::internal) {
            return std::unexpected(std::move(answer).error());
        }
        if (answer) {
            inputs.answer = *std::move(answer);
            decision = plan_registration(facts, &reasoning);
        } else {
            decision = function_failed(answer.error());
        }
    }
    prediction.decided_by = deciding.applicant.decided_by;
    set_reasoning(prediction, facts, reasoning);
    set_decision(prediction, decision, facts);
    return {};
}

Result<FunctionAnswer> Explaining::ask(const Deciding& deciding, const Question& question) {
    const AssumedClaim& claim = deciding.claim;
    RegistrationRecord subject;
    subject.id = claim.record ? claim.record->id : claim.supposition.id; // as first spelled
    subject.decided_by = deciding.applicant.decided_by;
    const auto standing = Applicants(deciding.enrollments).standing_of(subject, claim.instance);
    if (!standing) {
        return fail(Code::internal, standing.error().detail, standing.error().cause);
    }
    const auto& record = claim.record;
    const bool was_provisioned = record && !record->erased && record->assignment;
    const auto current =
        was_provisioned ? std::optional(record->assignment->place()) : std::nullopt;
    const AllocationInputs inputs = ports_.allocator.inputs_for(question);
    const auto request = function_request_for({.id = subject.id,
                                               .standing = *standing,
                                               .current = current,
                                               .question = question,
                                               .instance = *claim.instance,
                                               .inputs = inputs});
    return request ? ports_.allocator.ask(*request) : std::unexpected(request.error());
}

Result<bool> Explaining::quota_is_reached(const AssumedClaim& claim) {
    const std::optional<std::int64_t> quota = claim.instance->quotas.registrations;
    if ((claim.record && !claim.record->erased) || !quota) {
        return false;
    }
    const auto counts = ports_.enrollments.counts(claim.instance->scope);
    if (!counts) {
        return std::unexpected(counts.error());
    }
    return counts->registrations >= *quota;
}

JsonObject to_document(const Prediction& prediction) {
    JsonObject document{{"outcome", to_string(prediction.outcome)},
                        {"proofAssumed", prediction.proof_assumed}};
    describe_decision(document, prediction);
    if (prediction.error_code != 0) {
        document["errorCode"] = prediction.error_code;
        document["message"] = prediction.message;
    }
    const JsonObject explanation = to_document(prediction.explanation);
    document.insert(explanation.begin(), explanation.end());
    return document;
}

} // namespace muster::provisioning
