#pragma once
// The register of CA certificates of an instance and the proof of possession (reference:
// dps-service 9.8, 10.4). Pure: an instance goes in, the changed one comes out.
//
// Any certificate is taken, as Azure takes any: what is no authority, has expired or excludes
// client authentication is refused where it is used, when a chain is to lead to it.

#include "provisioning/instances.h"
#include "provisioning/stamps.h"

#include <string>
#include <string_view>

namespace muster::provisioning {

inline constexpr std::size_t certificates_max = 1000;

/// Errors of all: not_found, precondition (If-Match), and as said. Every change gives the
/// certificate a new stamp; the instance's own stamp is left to the caller.
Result<Instance> with_certificate(Instance instance, const Instances::CertificateSettings& settings,
                                  const IfMatch& if_match, const Mark& mark);

Result<Instance> without_certificate(Instance instance, std::string_view name,
                                     const IfMatch& if_match);

struct Challenge {
    std::string_view name;
    std::string code; // 48 upper-case hex digits
};

/// A certificate that is verified already stays so until the next upload.
Result<Instance> with_verification_code(Instance instance, Challenge challenge,
                                        const IfMatch& if_match, const Mark& mark);

struct Possession {
    std::string_view name;
    const crypto::Certificate& proof;
};

Result<Instance> with_proof(Instance instance, const Possession& possession,
                            const IfMatch& if_match, const Mark& mark);

} // namespace muster::provisioning
