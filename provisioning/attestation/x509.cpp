#include "provisioning/attestation/x509.h"

#include "base/check.h"
#include "base/text.h"
#include "provisioning/refusals.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace muster::provisioning {

namespace {

Finding out_of_time(const crypto::Certificate& certificate, const ChainFacts& facts) {
    const std::string head = describe(certificate, facts.chain);
    const std::string now = ", now is " + format_time_seconds(facts.now);
    if (facts.now < certificate.not_before()) {
        return {.code = FindingCode::certificate_not_yet_valid,
                .detail =
                    head + " is valid from " + format_time_seconds(certificate.not_before()) + now};
    }
    return {.code = FindingCode::certificate_expired,
            .detail = head + " expired at " + format_time_seconds(certificate.not_after()) + now};
}

FindingCode code_of(crypto::ChainFault fault) {
    switch (fault) {
    case crypto::ChainFault::no_path: return FindingCode::not_issued_by_anchor;
    case crypto::ChainFault::expired: return FindingCode::certificate_expired;
    case crypto::ChainFault::not_yet_valid: return FindingCode::certificate_not_yet_valid;
    case crypto::ChainFault::not_a_ca: return FindingCode::issuer_not_a_ca;
    case crypto::ChainFault::wrong_purpose: return FindingCode::purpose_excluded;
    case crypto::ChainFault::unacceptable: return FindingCode::certificate_refused;
    }
    CHECK(false);
    return FindingCode::internal_fault;
}

Finding finding_of(const crypto::ChainRefusal& refusal, const ChainFacts& facts) {
    const bool about_time = refusal.fault == crypto::ChainFault::expired ||
                            refusal.fault == crypto::ChainFault::not_yet_valid;
    if (about_time && refusal.certificate) {
        return out_of_time(*refusal.certificate, facts);
    }
    const std::string head =
        refusal.certificate ? describe(*refusal.certificate, facts.chain) : "the chain presented";
    return {.code = code_of(refusal.fault), .detail = head + ": " + refusal.reason};
}

bool is_id(const std::optional<std::string>& name, const RegistrationId& id) {
    return name && equal_ignoring_case(*name, id.text());
}

std::string thumbprints_of(const Slots<crypto::Certificate>& slots) {
    std::string list;
    for (const auto& [slot, name] :
         {std::pair(&slots.primary, "primary"), std::pair(&slots.secondary, "secondary")}) {
        if (*slot) {
            list += (list.empty() ? "" : ", ") + (*slot)->sha256_thumbprint() + " (" + name + ")";
        }
    }
    return list.empty() ? "none" : list;
}

} // namespace

std::string describe(const crypto::Certificate& certificate,
                     std::span<const crypto::Certificate> chain) {
    const auto place = std::ranges::find(chain, certificate);
    const std::string where =
        place == chain.end()
            ? "the enrolled certificate"
            : "certificate " + std::to_string(place - chain.begin()) + " of the chain";
    return where + " (" + in_quotes(certificate.subject_name()) + ", SHA-256 " +
           certificate.sha256_thumbprint() + ")";
}

Verdict<Chain> read_chain(std::span<const std::string> der) {
    if (der.empty()) {
        return unproven(FindingCode::certificate_missing, "no client certificate was presented");
    }
    const std::size_t bytes =
        std::accumulate(der.begin(), der.end(), std::size_t{0},
                        [](std::size_t sum, const std::string& one) { return sum + one.size(); });
    if (der.size() > chain_certificates_max || bytes > chain_bytes_max) {
        return unproven(FindingCode::chain_too_long, std::to_string(der.size()) +
                                                         " certificates of " +
                                                         std::to_string(bytes) + " bytes");
    }
    Chain chain;
    for (const std::string& one : der) {
        Result<crypto::Certificate> certificate = crypto::Certificate::from_der(one);
        if (!certificate) {
            return unproven(FindingCode::chain_unreadable,
                            "certificate " + std::to_string(chain.size()) + " of the chain");
        }
        chain.push_back(*std::move(certificate));
    }
    return chain;
}

Verdict<> verify_name(const crypto::Certificate& leaf, const RegistrationId& id) {
    if (is_id(leaf.common_name(), id) || is_id(leaf.first_dns_name(), id)) {
        return {};
    }
    std::string detail = "the device's certificate is for " + in_quotes(leaf.subject_name());
    if (const auto dns_name = leaf.first_dns_name()) {
        detail += " and the DNS name " + in_quotes(*dns_name);
    }
    return unproven(FindingCode::name_mismatch,
                    detail + ", but it registers as " + in_quotes(id.text()));
}

Verdict<> verify_time(const crypto::Certificate& certificate, const ChainFacts& facts) {
    if (crypto::validity_at(certificate, facts.now) == crypto::Validity::valid) {
        return {};
    }
    return std::unexpected(out_of_time(certificate, facts));
}

Verdict<const CaCertificate*> find_verified(const Instance& instance, const std::string& name) {
    const CaCertificate* ca = instance.find_certificate(name);
    if (ca == nullptr) {
        return unproven(FindingCode::ca_not_registered, "CA certificate " + in_quotes(name));
    }
    if (!ca->verified) {
        return unproven(FindingCode::ca_not_verified, "CA certificate " + in_quotes(name));
    }
    return ca;
}

Verdict<> verify_pinned(const ChainFacts& facts, const Slots<crypto::Certificate>& enrolled) {
    const crypto::Certificate& leaf = facts.chain.front();
    if (leaf != enrolled.primary && leaf != enrolled.secondary) {
        return unproven(FindingCode::not_enrolled_certificate,
                        describe(leaf, facts.chain) + "; enrolled are " + thumbprints_of(enrolled));
    }
    if (const Verdict<> named = verify_name(leaf, facts.id); !named) {
        return named;
    }
    return verify_time(leaf, facts);
}

Verdict<std::size_t> verify_issued(const ChainFacts& facts, const crypto::Certificate& anchor) {
    const crypto::Certificate& leaf = facts.chain.front();
    if (const Verdict<> named = verify_name(leaf, facts.id); !named) {
        return std::unexpected(named.error());
    }
    if (leaf == anchor) { // dps-service 9.6: the walk starts at the issuer of the leaf
        return unproven(FindingCode::anchor_presented, describe(leaf, facts.chain));
    }
    const auto path = crypto::verify_chain(facts.chain, anchor, facts.now);
    if (!path) {
        return std::unexpected(finding_of(path.error(), facts));
    }
    CHECK(path->size() >= 2);
    return path->size() - 1;
}

} // namespace muster::provisioning
