#include "provisioning/instances/certificates.h"

#include "base/text.h"
#include "provisioning/grammar.h"
#include "provisioning/preconditions.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

using Position = std::vector<CaCertificate>::iterator;

Position position_of(Instance& instance, std::string_view name) {
    return std::ranges::find_if(instance.certificates, [&](const CaCertificate& one) {
        return equal_ignoring_case(one.name, name);
    });
}

/// The one to be changed, if the caller may.
Result<Position> require(Instance& instance, std::string_view name, const IfMatch& if_match) {
    const Position position = position_of(instance, name);
    const bool is_there = position != instance.certificates.end();
    const auto expected =
        permit_erase(is_there ? &position->stamp : nullptr, if_match, "certificate");
    if (!expected) {
        return std::unexpected(expected.error());
    }
    return position;
}

Result<void> check_proof(const CaCertificate& authority, const crypto::Certificate& proof,
                         WallTime now) {
    if (authority.verification_code.empty()) {
        return fail(Code::malformed, "generate a verification code for the certificate first");
    }
    const auto common_name = proof.common_name();
    if (!common_name) {
        return fail(Code::malformed, "the subject of the proof has no single common name; it must "
                                     "be the verification code");
    }
    if (*common_name != authority.verification_code) {
        return fail(Code::malformed,
                    "the common name of the proof is not the current verification code");
    }
    const auto path = crypto::verify_chain(std::span(&proof, 1), authority.certificate, now);
    if (!path) {
        return fail(Code::malformed, "the proof was not issued by the certificate '" +
                                         authority.name + "': " + path.error().reason);
    }
    return {};
}

} // namespace

Result<Instance> with_certificate(Instance instance, const Instances::CertificateSettings& settings,
                                  const IfMatch& if_match, const Mark& mark) {
    if (!is_certificate_name(settings.name)) {
        return fail(Code::malformed,
                    "the name of a certificate is 1 to 256 letters, digits and \"_-.\"");
    }
    const Position position = position_of(instance, settings.name);
    const bool is_there = position != instance.certificates.end();
    const auto expected =
        permit_upsert(is_there ? &position->stamp : nullptr, if_match, "certificate");
    if (!expected) {
        return std::unexpected(expected.error());
    }
    CaCertificate next{.name = is_there ? position->name : settings.name,
                       .certificate = settings.certificate,
                       .verified = settings.verified,
                       .verification_code = {},
                       .stamp = is_there ? next_stamp(position->stamp, mark) : first_stamp(mark)};
    if (is_there) {
        *position = std::move(next);
        return instance;
    }
    if (instance.certificates.size() >= certificates_max) {
        return fail(Code::quota_exceeded, "an instance has at most 1000 certificates");
    }
    instance.certificates.push_back(std::move(next));
    return instance;
}

Result<Instance> without_certificate(Instance instance, std::string_view name,
                                     const IfMatch& if_match) {
    const auto position = require(instance, name, if_match);
    if (!position) {
        return std::unexpected(position.error());
    }
    instance.certificates.erase(*position);
    return instance;
}

Result<Instance> with_verification_code(Instance instance, Challenge challenge,
                                        const IfMatch& if_match, const Mark& mark) {
    const auto position = require(instance, challenge.name, if_match);
    if (!position) {
        return std::unexpected(position.error());
    }
    CaCertificate& certificate = **position;
    certificate.verification_code = std::move(challenge.code);
    certificate.stamp = next_stamp(certificate.stamp, mark);
    return instance;
}

Result<Instance> with_proof(Instance instance, const Possession& possession,
                            const IfMatch& if_match, const Mark& mark) {
    const auto position = require(instance, possession.name, if_match);
    if (!position) {
        return std::unexpected(position.error());
    }
    CaCertificate& certificate = **position;
    if (auto proven = check_proof(certificate, possession.proof, mark.now); !proven) {
        return std::unexpected(std::move(proven).error());
    }
    certificate.verified = true;
    certificate.verification_code.clear();
    certificate.stamp = next_stamp(certificate.stamp, mark);
    return instance;
}

} // namespace muster::provisioning
