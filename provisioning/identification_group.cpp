#include "provisioning/attestation/symmetric_key.h"
#include "provisioning/attestation/x509.h"
#include "provisioning/identification.h"
#include "provisioning/refusals.h"

#include <optional>
#include <set>

namespace muster::provisioning {

namespace {

using Groups = std::shared_ptr<const GroupIndex>;

Applicant member_of(const EnrollmentGroup& group, const Groups& groups, const Claim& claim) {
    return {
        .id = claim.id,
        .decided_by = DecidedByGroup{group.id},
        // Shares the ownership of the whole index: terms are not copied for each device.
        .terms = std::shared_ptr<const EnrollmentTerms>(groups, &group.terms),
        .device_id = {},
        .credential = {},
        .attestation_note = {},
    };
}

// ---- certificates ----

struct Hit {
    const GroupAnchor* anchor = nullptr;
    std::size_t height = 0; // of the anchor above the leaf
};

bool blocks(const Hit& hit) {
    return hit.anchor->group->terms.status == ProvisioningStatus::disabled;
}

/// The lower certificate decides; of two groups with the same one, a disabled one blocks.
bool decides_before(const Hit& left, const Hit& right) {
    if (left.height != right.height) {
        return left.height < right.height;
    }
    return blocks(left) && !blocks(right);
}

std::string quoted(const EnrollmentGroup& group) {
    return "group '" + group.id.text() + "': ";
}

/// Tries every anchor that could stand above one of the certificates presented.
std::optional<Hit> find_anchor(const ChainFacts& facts, const GroupIndex& groups,
                               std::string& reasons) {
    std::set<const GroupAnchor*> tried;
    std::optional<Hit> best;
    for (const crypto::Certificate& certificate : facts.chain) {
        for (const GroupAnchor* anchor : groups.possible_issuers(certificate)) {
            if (!tried.insert(anchor).second) {
                continue;
            }
            const Verdict<std::size_t> verdict = verify_issued(facts, anchor->certificate);
            if (!verdict) {
                add_reason(reasons, quoted(*anchor->group) + verdict.error());
                continue;
            }
            const Hit hit{.anchor = anchor, .height = *verdict};
            if (!best || decides_before(hit, *best)) {
                best = hit;
            }
        }
    }
    return best;
}

Result<Applicant> by_certificate(const Claim& claim, const Groups& groups) {
    const Verdict<Chain> chain = read_chain(claim.proof.certificates);
    if (!chain) {
        return refuse_certificate(chain.error());
    }
    if (!groups->has_x509()) {
        return fail(Code::not_found, "enrollment not found",
                    "no individual enrollment and no X.509 group");
    }
    std::string reasons;
    const ChainFacts facts{.chain = *chain, .id = claim.id, .now = claim.now};
    const std::optional<Hit> hit = find_anchor(facts, *groups, reasons);
    if (!hit) {
        add_reason(reasons, "no certificate above the leaf leads to a group");
        return refuse_certificate(std::move(reasons));
    }
    if (!hit->anchor->trusted) {
        return refuse_certificate(quoted(*hit->anchor->group) + "its CA is not verified");
    }
    const std::string leaf = chain->front().sha256_thumbprint();
    Applicant applicant = member_of(*hit->anchor->group, groups, claim);
    applicant.credential = HubThumbprints{.primary = leaf, .secondary = leaf};
    applicant.attestation_note = {{"x509", JsonObject()}};
    return applicant;
}

// ---- tokens ----

Result<Applicant> by_token(const Claim& claim, const Groups& groups) {
    const auto token = read_token(
        {.text = claim.proof.sas, .scope = claim.scope, .id = claim.id, .now = claim.now});
    if (!token) {
        return refuse_token(token.error());
    }
    if (groups->symmetric().empty()) {
        return fail(Code::not_found, "enrollment not found",
                    "no individual enrollment and no symmetric key group");
    }
    std::string reasons;
    for (const EnrollmentGroup* group : groups->symmetric()) {
        const auto& attestation = std::get<SymmetricKeyAttestation>(group->terms.attestation);
        const auto keys = verify_derived_key(*token, attestation.keys, claim.id);
        if (!keys) {
            add_reason(reasons, quoted(*group) + keys.error());
            continue;
        }
        Applicant applicant = member_of(*group, groups, claim);
        applicant.credential = HubKeys{*keys};
        applicant.attestation_note = {
            {"symmetricKey", JsonObject{{"enrollmentGroupId", group->id.text()}}}};
        return applicant;
    }
    return refuse_token(std::move(reasons));
}

} // namespace

Result<Applicant> identify(const Claim& claim, std::shared_ptr<const GroupIndex> groups) {
    if (claim.proof.certificates.empty() && claim.proof.sas.empty()) {
        return refuse_token("neither a token nor a certificate");
    }
    if (claim.proof.certificates.empty()) {
        return by_token(claim, groups);
    }
    Result<Applicant> member = by_certificate(claim, groups);
    if (member || claim.proof.sas.empty()) {
        return member;
    }
    // The certificate may belong to the network rather than to us; the token has its own chance.
    const std::string reasons = std::move(member).error().cause;
    member = by_token(claim, groups);
    if (!member) {
        add_reason(member.error().cause, reasons);
    }
    return member;
}

} // namespace muster::provisioning
