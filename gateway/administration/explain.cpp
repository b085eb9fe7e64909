// "What would happen if this device registered now, and why", against the configuration as it is or
// against one that is only proposed.

#include "gateway/administration/families.h"
#include "gateway/administration/proposal.h"
#include "provisioning/documents/members.h"
#include "provisioning/explaining.h"

#include <optional>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::Proof;
using provisioning::Supposition;

struct ExplanationAsked {
    Supposition supposition;
    ProposalText proposal;
};

/// As many as a body holds: that a chain is too long is for the explanation to say.
Result<std::vector<std::string>> read_certificates(const JsonArray& texts) {
    std::vector<std::string> chain;
    for (const auto& text : texts) {
        if (!text.is_string()) {
            return fail(Code::malformed, "must hold PEM texts");
        }
        const auto certificate = crypto::Certificate::from_text(std::string_view(text.as_string()));
        if (!certificate) {
            return std::unexpected(certificate.error());
        }
        chain.push_back(certificate->der());
    }
    return chain;
}

std::optional<Proof> read_proof(provisioning::MemberReader& members) {
    Proof proof{.sas = members.text("sas").value_or(""), .certificates = {}};
    if (const auto* texts = members.array("certificates")) {
        proof.certificates =
            members.take("certificates", read_certificates(*texts)).value_or(proof.certificates);
    }
    const auto is_empty = proof.sas.empty() && proof.certificates.empty();
    return is_empty ? std::nullopt : std::optional(std::move(proof));
}

Result<ExplanationAsked> read_asked(const JsonObject& body) {
    provisioning::MemberReader members(body);
    ExplanationAsked asked;
    asked.supposition.id =
        members
            .take("registrationId", parse_registration_id(members.required_text("registrationId")))
            .value_or(RegistrationId());
    asked.supposition.proof = read_proof(members);
    if (const auto group = members.text("group")) {
        asked.supposition.group = members.take("group", parse_enrollment_group_id(*group));
    }
    if (const auto* payload = find_member(body, "payload")) {
        asked.supposition.payload = *payload;
    }
    asked.supposition.peer_address = members.text("address").value_or("");
    asked.supposition.api_version =
        members.text("deviceApiVersion").value_or(asked.supposition.api_version);
    asked.supposition.ask_function = members.flag("askFunction").value_or(false);
    asked.proposal = {.documents = members.array("proposal"), .removals = members.array("remove")};
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return asked;
}

/// A function is another machine, which is not called for everybody who may look.
Result<void> permit(const AdminCall& call, const ExplanationAsked& asked) {
    if (asked.supposition.ask_function &&
        call.administrator.role < provisioning::AdminRole::contributor) {
        return fail(Code::forbidden, "the function is asked for contributors and owners only");
    }
    return {};
}

/// Nothing if none was made.
Result<std::optional<provisioning::Proposal>>
proposal_of(const AdminCall& call, const ReachedSite& reached, const ProposalText& text) {
    if (text.documents == nullptr && text.removals == nullptr) {
        return std::nullopt;
    }
    auto proposal = read_proposal({.instance = *reached.instance,
                                   .enrollments = *reached.site->enrollments,
                                   .random = call.context.random,
                                   .by = call.by()},
                                  text);
    if (!proposal) {
        return std::unexpected(proposal.error());
    }
    return *std::move(proposal);
}

} // namespace

AdminAnswer explain_registration(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    const auto body = body_of(call);
    if (!body) {
        return std::unexpected(body.error());
    }
    const auto asked = read_asked(*body);
    if (!asked) {
        return std::unexpected(asked.error());
    }
    if (const auto permitted = permit(call, *asked); !permitted) {
        return std::unexpected(permitted.error());
    }
    const auto proposal = proposal_of(call, *reached, asked->proposal);
    if (!proposal) {
        return std::unexpected(proposal.error());
    }
    const auto prediction =
        reached->site->explaining->explain(asked->supposition, *proposal ? &**proposal : nullptr);
    if (!prediction) {
        return std::unexpected(prediction.error());
    }
    return answer_with(200, provisioning::to_document(*prediction));
}

} // namespace muster::gateway
