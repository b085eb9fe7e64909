#include "crypto/certificate_handle.h"

#include "base/check.h"
#include "crypto/parsed_certificates.h"

#include <openssl/asn1.h>
#include <openssl/provider.h>

#include <optional>
#include <utility>

namespace muster::crypto {

namespace {

constexpr std::size_t der_bytes_max = 16 * 1024;

std::unexpected<Error> not_a_certificate(std::string cause) {
    return fail(Code::malformed, "not a certificate", std::move(cause));
}

std::optional<WallTime> to_wall_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{
        std::chrono::year(parts.tm_year + 1900),
        std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
        std::chrono::day(static_cast<unsigned>(parts.tm_mday))};
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(parts.tm_hour) +
           std::chrono::minutes(parts.tm_min) + std::chrono::seconds(parts.tm_sec);
}

/// Without algorithms, so also without decoders of keys. Lives until the process ends.
OSSL_LIB_CTX* keyless_library() {
    static OSSL_LIB_CTX* const library = [] {
        OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
        // A library into which nothing was loaded would load the usual algorithms by itself.
        CHECK(made != nullptr && OSSL_PROVIDER_load(made, "null") != nullptr);
        return made;
    }();
    return library;
}

/// Null means the usual library. Null if it is anything but one certificate.
X509Ptr parse_in(OSSL_LIB_CTX* library, std::string_view der) {
    const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
    const auto* end = begin;
    X509* target = X509_new_ex(library, nullptr);
    CHECK(target != nullptr);
    const bool is_parsed = d2i_X509(&target, &end, static_cast<long>(der.size())) != nullptr;
    X509Ptr x509(target); // freed and null already, after some errors
    return is_parsed && end == begin + der.size() ? std::move(x509) : nullptr;
}

void fill_caches(X509* x509) {
    X509_check_purpose(x509, -1, 0);
}

} // namespace

Result<Certificate> Certificate::Handle::remember(X509Ptr facts, X509Ptr complete) {
    std::string der = contents(facts.get());
    if (der.size() > der_bytes_max) {
        return not_a_certificate("too large");
    }
    if (auto known = parsed_certificates().find(der)) {
        return *std::move(known); // one object for all: a fleet's authority comes with every device
    }
    const auto not_before = to_wall_time(X509_get0_notBefore(facts.get()));
    const auto not_after = to_wall_time(X509_get0_notAfter(facts.get()));
    if (!not_before || !not_after) {
        return not_a_certificate("its validity is not a pair of times");
    }
    fill_caches(facts.get());
    auto handle = std::make_shared<Handle>();
    handle->der = std::move(der);
    handle->not_before = *not_before;
    handle->not_after = *not_after;
    handle->facts_ = std::move(facts);
    handle->complete_ = std::move(complete);
    const Certificate certificate(std::move(handle));
    parsed_certificates().remember(certificate);
    return certificate;
}

Result<Certificate> Certificate::Handle::adopt(X509Ptr x509) {
    const ErrorScope errors;
    CHECK(X509_up_ref(x509.get()) == 1);
    X509Ptr facts(x509.get());
    return remember(std::move(facts), std::move(x509));
}

Result<Certificate> Certificate::Handle::parse(std::string_view der) {
    const ErrorScope errors;
    if (der.size() > der_bytes_max) {
        return not_a_certificate("too large");
    }
    if (auto known = parsed_certificates().find(der)) {
        return *std::move(known);
    }
    X509Ptr facts = parse_in(keyless_library(), der);
    if (!facts) {
        return not_a_certificate(ErrorScope::text());
    }
    return remember(std::move(facts), nullptr);
}

X509* Certificate::Handle::get() const {
    std::call_once(completed_, [this] {
        if (!complete_) {
            const ErrorScope errors;
            complete_ = parse_in(nullptr, der);
            CHECK(complete_ != nullptr); // it was parsed before, but for its key
            fill_caches(complete_.get());
        }
    });
    return complete_.get();
}

} // namespace muster::crypto
