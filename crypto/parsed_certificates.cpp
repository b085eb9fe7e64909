#include "crypto/parsed_certificates.h"

#include <utility>

namespace muster::crypto {

void ParsedCertificates::remember(const Certificate& certificate) {
    std::string key = certificate.der();
    if (key.size() > certificate_bytes_max) {
        return;
    }
    recent_.remember(std::move(key), certificate);
}

ParsedCertificates& parsed_certificates() {
    constexpr std::size_t certificates_max = 512;
    // Never destroyed: OpenSSL cleans up after itself at exit, maybe before we would.
    static auto& instance = *new ParsedCertificates(certificates_max);
    return instance;
}

} // namespace muster::crypto
