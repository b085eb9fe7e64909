#include "provisioning/attestation/symmetric_key.h"
#include "provisioning/attestation/x509.h"
#include "provisioning/identification.h"
#include "provisioning/refusals.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace muster::provisioning {

namespace {

using Groups = std::shared_ptr<const GroupIndex>;

Considered* find_noted(Explanation& explanation, const EnrollmentGroup& group) {
    const auto known = std::ranges::find(explanation.considered, group.id.text(), &Considered::id);
    return known == explanation.considered.end() ? nullptr : &*known;
}

/// Adds what was found against a group, beside what is known of it already.
void note(Explanation& explanation, const EnrollmentGroup& group, Finding finding) {
    if (Considered* known = find_noted(explanation, group)) {
        known->findings.push_back(std::move(finding));
    } else {
        add(explanation, considered(group, {std::move(finding)}));
    }
}

/// What was found against another of its certificates does not count any more.
void note_accepted(Explanation& explanation, const EnrollmentGroup& group) {
    if (Considered* known = find_noted(explanation, group)) {
        known->findings.clear();
    } else {
        add(explanation, considered(group));
    }
}

// ---- certificates ----

struct Hit {
    const GroupAnchor* anchor = nullptr;
    std::size_t height = 0; // of the anchor above the leaf
};

/// The lower certificate decides. Of groups with the same one, those that only refer to an
/// unverified CA have no say beside one that trusts it; then a disabled one blocks.
bool decides_before(const Hit& left, const Hit& right) {
    const auto rank = [](const Hit& hit) {
        const EnrollmentGroup& group = *hit.anchor->group;
        return std::tuple(hit.height, !hit.anchor->trusted,
                          group.terms.status != ProvisioningStatus::disabled, group.id.folded());
    };
    return rank(left) < rank(right);
}

/// Tries every anchor that could stand above one of the certificates presented.
std::optional<Hit> find_anchor(const ChainFacts& facts, const GroupIndex& groups,
                               Explanation& explanation) {
    std::set<const GroupAnchor*> tried;
    std::optional<Hit> best;
    for (const crypto::Certificate& certificate : facts.chain) {
        for (const GroupAnchor* anchor : groups.possible_issuers(certificate)) {
            if (!tried.insert(anchor).second) {
                continue;
            }
            Verdict<std::size_t> verdict = verify_issued(facts, anchor->certificate);
            if (!verdict) {
                note(explanation, *anchor->group, std::move(verdict).error());
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

/// Why a group was not even tried: no certificate presented names one of its anchors as issuer.
class NoAnchor {
  public:
    NoAnchor(const Chain& chain, const Instance& instance) : chain_(chain), instance_(instance) {}

    std::vector<Finding> operator()(const SigningCertificates& attestation) const {
        std::vector<Finding> findings;
        const CertificateSlots& slots = attestation.certificates;
        for (const auto& slot : {slots.primary, slots.secondary}) {
            if (slot) {
                findings.push_back(unrelated(*slot));
            }
        }
        return findings;
    }

    std::vector<Finding> operator()(const CaReferences& attestation) const {
        std::vector<Finding> findings;
        for (const auto& name : {attestation.names.primary, attestation.names.secondary}) {
            if (name) {
                findings.push_back(explain(*name));
            }
        }
        return findings;
    }

    /// Groups of other kinds are not looked for by certificate.
    template <class Other>
    std::vector<Finding> operator()(const Other& /*attestation*/) const {
        return {};
    }

  private:
    [[nodiscard]] Finding explain(const std::string& name) const {
        const CaCertificate* ca = instance_.find_certificate(name);
        if (ca == nullptr) {
            return {.code = FindingCode::ca_not_registered,
                    .detail = "CA certificate " + in_quotes(name)};
        }
        return unrelated(ca->certificate);
    }

    [[nodiscard]] Finding unrelated(const crypto::Certificate& anchor) const {
        return {.code = FindingCode::not_issued_by_anchor,
                .detail = "no certificate presented was issued by " + describe(anchor, chain_)};
    }

    const Chain& chain_;
    const Instance& instance_;
};

void explain_untried(const Chain& chain, const GroupIndex& groups, Explanation& explanation) {
    const NoAnchor no_anchor(chain, groups.instance());
    for (const EnrollmentGroup& group : groups.groups()) {
        if (find_noted(explanation, group) != nullptr) {
            continue;
        }
        if (auto findings = std::visit(no_anchor, group.terms.attestation); !findings.empty()) {
            add(explanation, considered(group, std::move(findings)));
        }
    }
    const crypto::Certificate& leaf = chain.front();
    explanation.findings.push_back({.code = FindingCode::not_issued_by_anchor,
                                    .detail = describe(leaf, chain) + " was issued by " +
                                              in_quotes(leaf.issuer_name()) +
                                              "; no certificate above it leads to a group"});
}

std::unexpected<Error> not_enrolled(Explanation& explanation, std::string detail) {
    explanation.findings.push_back(
        {.code = FindingCode::no_enrollment, .detail = std::move(detail)});
    return refuse(Code::not_found, explanation);
}

Result<Applicant> by_certificate(const Claim& claim, const Groups& groups,
                                 Explanation& explanation) {
    const Verdict<Chain> chain = read_chain(claim.proof.certificates);
    if (!chain) {
        explanation.findings.push_back(chain.error());
        return refuse(Code::attestation_failed, explanation);
    }
    if (!groups->has_x509()) {
        return not_enrolled(explanation, "no individual enrollment " + in_quotes(claim.id.text()) +
                                             ", and no group that accepts certificates");
    }
    const ChainFacts facts{.chain = *chain, .id = claim.id, .now = claim.now};
    const std::optional<Hit> hit = find_anchor(facts, *groups, explanation);
    if (!hit) {
        explain_untried(*chain, *groups, explanation);
        return refuse(Code::attestation_failed, explanation);
    }
    const EnrollmentGroup& group = *hit->anchor->group;
    if (!hit->anchor->trusted) {
        note(explanation, group,
             {.code = FindingCode::ca_not_verified,
              .detail = describe(hit->anchor->certificate, facts.chain)});
        return refuse(Code::attestation_failed, explanation);
    }
    note_accepted(explanation, group);
    const std::string leaf = chain->front().sha256_thumbprint();
    Applicant applicant = applicant_of(claim.id, group, groups);
    applicant.credential = HubThumbprints{.primary = leaf, .secondary = leaf};
    applicant.attestation_note = {{"x509", JsonObject()}};
    return applicant;
}

// ---- tokens ----

const SymmetricKeys& keys_of(const EnrollmentGroup& group) {
    return std::get<SymmetricKeyAttestation>(group.terms.attestation).keys;
}

/// Looks closer than find_derived_keys(), at the groups that fit into the explanation.
void explain_mismatches(const crypto::SasToken& token, const Claim& claim, const GroupIndex& groups,
                        Explanation& explanation) {
    for (const EnrollmentGroup* group : groups.symmetric()) {
        if (explanation.considered.size() < explanation_considered_max) {
            add(explanation,
                considered(*group, {explain_mismatch(token, keys_of(*group), claim.id)}));
        } else {
            ++explanation.left_out;
        }
    }
}

Result<Applicant> by_token(const Claim& claim, const Groups& groups, Explanation& explanation) {
    const auto token = read_token(
        {.text = claim.proof.sas, .scope = claim.scope, .id = claim.id, .now = claim.now});
    if (!token) {
        explanation.findings.push_back(token.error());
        return refuse(Code::unauthenticated, explanation);
    }
    if (groups->symmetric().empty()) {
        return not_enrolled(explanation, "no individual enrollment " + in_quotes(claim.id.text()) +
                                             ", and no group with a symmetric key");
    }
    for (const EnrollmentGroup* group : groups->symmetric()) {
        const auto keys = find_derived_keys(*token, keys_of(*group), claim.id);
        if (!keys) {
            continue;
        }
        add(explanation, considered(*group));
        Applicant applicant = applicant_of(claim.id, *group, groups);
        applicant.credential = HubKeys{*keys};
        applicant.attestation_note = {
            {"symmetricKey", JsonObject{{"enrollmentGroupId", group->id.text()}}}};
        return applicant;
    }
    explain_mismatches(*token, claim, *groups, explanation);
    return refuse(Code::unauthenticated, explanation);
}

} // namespace

Considered considered(const EnrollmentGroup& group, std::vector<Finding> findings) {
    return {.kind = "enrollmentGroup", .id = group.id.text(), .findings = std::move(findings)};
}

Applicant applicant_of(const RegistrationId& id, const EnrollmentGroup& group,
                       const Groups& groups) {
    return {
        .id = id,
        .decided_by = DecidedByGroup{group.id},
        // Shares the ownership of the whole index: terms are not copied for each device.
        .terms = std::shared_ptr<const EnrollmentTerms>(groups, &group.terms),
        .device_id = {},
        .credential = {},
        .attestation_note = {},
    };
}

Result<Applicant> identify(const Claim& claim, std::shared_ptr<const GroupIndex> groups,
                           Explanation& explanation) {
    if (claim.proof.certificates.empty() && claim.proof.sas.empty()) {
        explanation.findings.push_back(
            {.code = FindingCode::no_proof,
             .detail = "neither a token nor a certificate was presented"});
        return refuse(Code::unauthenticated, explanation);
    }
    if (claim.proof.certificates.empty()) {
        return by_token(claim, groups, explanation);
    }
    Result<Applicant> member = by_certificate(claim, groups, explanation);
    if (member || claim.proof.sas.empty()) {
        return member;
    }
    // The certificate may belong to the network rather than to us; the token has its own chance.
    return by_token(claim, groups, explanation);
}

} // namespace muster::provisioning
