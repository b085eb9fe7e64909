#include "crypto/parsed_certificates.h"

#include <utility>

namespace muster::crypto {

std::optional<Certificate> ParsedCertificates::find(std::string_view der) {
    std::string key(der);
    const std::lock_guard lock(mutex_);
    if (const auto found = younger_.find(key); found != younger_.end()) {
        return found->second;
    }
    const auto found = older_.find(key);
    if (found == older_.end()) {
        return std::nullopt;
    }
    const Certificate certificate = found->second;
    insert(std::move(key), certificate);
    return certificate;
}

void ParsedCertificates::remember(const Certificate& certificate) {
    std::string key = certificate.der();
    if (key.size() > certificate_bytes_max) {
        return;
    }
    const std::lock_guard lock(mutex_);
    insert(std::move(key), certificate);
}

void ParsedCertificates::insert(std::string der, const Certificate& certificate) {
    if (younger_.size() >= certificates_max_) {
        older_ = std::exchange(younger_, {});
    }
    younger_.insert_or_assign(std::move(der), certificate);
}

ParsedCertificates& parsed_certificates() {
    constexpr std::size_t certificates_max = 512;
    // Never destroyed: OpenSSL cleans up after itself at exit, maybe before we would.
    static auto& instance = *new ParsedCertificates(certificates_max);
    return instance;
}

} // namespace muster::crypto
