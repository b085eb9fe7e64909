// Whatever parses as a certificate can be asked everything and verified, and none but the anchor's
// own children lead to the anchor.

#include "base/check.h"
#include "crypto/certificate.h"
#include "crypto/issuing.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace {

using namespace muster;
using namespace muster::crypto;

constexpr WallTime now = std::chrono::sys_days(std::chrono::January / 2 / 2030);

const Certificate& anchor() {
    static const Certificate made = [] {
        SystemRandom random;
        const CertificateRequest request{.common_name = "anchor",
                                         .purpose = Purpose::certificate_authority,
                                         .not_before = now - std::chrono::days(1),
                                         .not_after = now + std::chrono::days(1)};
        return issue(request, nullptr, random)->certificate;
    }();
    return made;
}

void ask_everything(const Certificate& certificate) {
    CHECK(certificate.sha1_thumbprint().size() == 40);
    CHECK(certificate.sha256_thumbprint().size() == 64);
    static_cast<void>(certificate.common_name());
    static_cast<void>(certificate.first_dns_name());
    static_cast<void>(certificate.subject_name());
    static_cast<void>(certificate.issuer_name());
    static_cast<void>(certificate.serial_number());
    static_cast<void>(certificate.version());
    static_cast<void>(certificate.is_ca());
    static_cast<void>(validity_at(certificate, now));
    CHECK(Certificate::from_text(certificate.pem()) == certificate);
    const std::array chain = {certificate, certificate};
    CHECK(!verify_chain(chain, anchor(), now).has_value());
    static_cast<void>(verify_chain(std::array{anchor()}, certificate, now));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto certificate = Certificate::from_der(input)) {
        ask_everything(*certificate);
    }
    if (const auto certificate = Certificate::from_text(input)) {
        ask_everything(*certificate);
    }
    return 0;
}
