#include "provisioning/attestation/x509.h"

#include "base/check.h"
#include "base/text.h"

#include <numeric>

namespace muster::provisioning {

namespace {

Verdict<> verify_time(const crypto::Certificate& leaf, WallTime now) {
    switch (crypto::validity_at(leaf, now)) {
    case crypto::Validity::valid: return {};
    case crypto::Validity::not_yet_valid:
        return std::unexpected(std::string("certificate is not yet valid"));
    case crypto::Validity::expired: return std::unexpected(std::string("certificate has expired"));
    }
    CHECK(false);
    return {};
}

bool is_id(const std::optional<std::string>& name, const RegistrationId& id) {
    return name && equal_ignoring_case(*name, id.text());
}

} // namespace

Verdict<Chain> read_chain(std::span<const std::string> der) {
    if (der.empty()) {
        return std::unexpected(std::string("no client certificate"));
    }
    const std::size_t bytes =
        std::accumulate(der.begin(), der.end(), std::size_t{0},
                        [](std::size_t sum, const std::string& one) { return sum + one.size(); });
    if (der.size() > chain_certificates_max || bytes > chain_bytes_max) {
        return std::unexpected(std::string("certificate chain is too long"));
    }
    Chain chain;
    for (const std::string& one : der) {
        Result<crypto::Certificate> certificate = crypto::Certificate::from_der(one);
        if (!certificate) {
            return std::unexpected("certificate " + std::to_string(chain.size()) +
                                   " of the chain is unreadable");
        }
        chain.push_back(*std::move(certificate));
    }
    return chain;
}

Verdict<> verify_name(const crypto::Certificate& leaf, const RegistrationId& id) {
    if (is_id(leaf.common_name(), id) || is_id(leaf.first_dns_name(), id)) {
        return {};
    }
    return std::unexpected("certificate is for " + leaf.subject_name() + ", not for " + id.text());
}

Verdict<> verify_pinned(const ChainFacts& facts, const Slots<crypto::Certificate>& enrolled) {
    const crypto::Certificate& leaf = facts.chain.front();
    if (leaf != enrolled.primary && leaf != enrolled.secondary) {
        return std::unexpected("certificate " + leaf.sha256_thumbprint() + " is not enrolled");
    }
    if (const Verdict<> named = verify_name(leaf, facts.id); !named) {
        return named;
    }
    return verify_time(leaf, facts.now);
}

Verdict<std::size_t> verify_issued(const ChainFacts& facts, const crypto::Certificate& anchor) {
    const crypto::Certificate& leaf = facts.chain.front();
    if (const Verdict<> named = verify_name(leaf, facts.id); !named) {
        return std::unexpected(named.error());
    }
    if (leaf == anchor) { // dps-service 9.6: the walk starts at the issuer of the leaf
        return std::unexpected(std::string("the enrolled certificate itself was presented"));
    }
    const auto path = crypto::verify_chain(facts.chain, anchor, facts.now);
    if (!path) {
        return std::unexpected("certificate " + std::to_string(path.error().depth) +
                               " of the path: " + path.error().reason);
    }
    CHECK(path->size() >= 2);
    return path->size() - 1;
}

} // namespace muster::provisioning
