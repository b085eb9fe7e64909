// Finding and verifying the path from a leaf to an anchor.
//
// OpenSSL builds a path greedily: of two certificates that could have issued the same one it
// follows the first, and an incomplete or cross-signed one standing first in what the device sent
// would end the search. So the candidate paths are found here, by names and key identifiers only,
// and each is given to OpenSSL alone. What OpenSSL does not accept is not accepted.

#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/certificate_handle.h"
#include "crypto/recent.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::crypto {

namespace {

using Path = std::vector<Certificate>;

constexpr std::size_t chain_certificates_max = 16;
constexpr std::size_t paths_max = 8;   // each costs a signature check per certificate
constexpr std::size_t steps_max = 256; // of the search, which costs only comparisons
constexpr int security_level = 2;      // 112 bits: RSA from 2048, no SHA-1 signatures
constexpr std::size_t remembered_max = 256;
constexpr std::size_t remembered_bytes_max = 8 * 1024; // of a chain with its anchor

struct StackDeleter {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

using StackPtr = std::unique_ptr<STACK_OF(X509), StackDeleter>;

X509* x509_of(const Certificate& certificate) {
    return certificate.handle().get();
}

/// Do names, key identifiers and key usage allow it? Says nothing about the signature.
bool may_have_issued(const Certificate& issuer, const Certificate& subject) {
    return X509_check_issued(x509_of(issuer), x509_of(subject)) == X509_V_OK;
}

/// Names and key identifiers fit, but its key usage does not let it sign certificates.
bool lacks_the_right_to_issue(const Certificate& issuer, const Certificate& subject) {
    return X509_check_issued(x509_of(issuer), x509_of(subject)) == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

constexpr std::string_view broken_extensions = "invalid or repeated certificate extension";

bool has_broken_extensions(const Certificate& certificate) {
    return (X509_get_extension_flags(x509_of(certificate)) & EXFLAG_INVALID) != 0;
}

ChainRefusal refusal(std::size_t depth, std::string reason) {
    return {.depth = depth,
            .reason = std::move(reason),
            .fault = ChainFault::unacceptable,
            .certificate = {}};
}

ChainFault fault_of(int openssl_error) {
    switch (openssl_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return ChainFault::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return ChainFault::not_yet_valid;
    case X509_V_ERR_INVALID_CA: return ChainFault::not_a_ca;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: return ChainFault::no_path;
    default: return ChainFault::unacceptable;
    }
}

/// Walks every path from the leaf to the anchor, shorter ways to the anchor first, until one
/// verifies or a bound is reached.
class PathSearch {
  public:
    PathSearch(std::span<const Certificate> chain, const Certificate& anchor, WallTime now)
        : chain_(chain), anchor_(anchor), now_(now), path_{chain.front()} {}

    std::expected<Path, ChainRefusal> run() {
        if (extend()) {
            return std::move(path_);
        }
        return std::unexpected(std::move(refusal_));
    }

  private:
    bool extend();
    bool verify();
    bool check_purposes();
    bool check_issuers();
    bool reject_path(std::size_t depth, ChainFault fault, std::string reason);
    bool dead_end(ChainRefusal refusal);
    [[nodiscard]] ChainRefusal without_issuer(const Certificate& last) const;
    [[nodiscard]] bool on_path(const Certificate& certificate) const;

    std::span<const Certificate> chain_;
    const Certificate& anchor_;
    WallTime now_;
    Path path_;
    ChainRefusal refusal_;
    std::size_t steps_ = 0;
    std::size_t paths_ = 0;
};

bool PathSearch::on_path(const Certificate& certificate) const {
    return std::ranges::find(path_, certificate) != path_.end();
}

/// The first complete path that failed is the best explanation,
bool PathSearch::reject_path(std::size_t depth, ChainFault fault, std::string reason) {
    if (paths_ == 1) {
        refusal_ = {.depth = depth, .reason = std::move(reason), .fault = fault, .certificate = {}};
        if (depth < path_.size()) {
            refusal_.certificate = path_[depth];
        }
    }
    return false;
}

/// or if there was none, the place farthest from the leaf.
bool PathSearch::dead_end(ChainRefusal refusal) {
    if (paths_ == 0 && (refusal_.reason.empty() || refusal.depth > refusal_.depth)) {
        refusal_ = std::move(refusal);
    }
    return false;
}

ChainRefusal PathSearch::without_issuer(const Certificate& last) const {
    const std::size_t depth = path_.size() - 1;
    const auto wrong = [&](const Certificate& one) { return lacks_the_right_to_issue(one, last); };
    const auto presented = std::ranges::find_if(chain_, wrong);
    if (presented != chain_.end() || wrong(anchor_)) {
        return {.depth = depth + 1,
                .reason = "not a certificate authority, but stands as the issuer of another",
                .fault = ChainFault::not_a_ca,
                .certificate = presented != chain_.end() ? *presented : anchor_};
    }
    return {.depth = depth,
            .reason = fmt::format("no way to the anchor: the issuer \"{}\" is missing or stands on "
                                  "another branch",
                                  last.issuer_name()),
            .fault = ChainFault::no_path,
            .certificate = last};
}

bool PathSearch::extend() {
    if (++steps_ > steps_max || paths_ >= paths_max) {
        return false;
    }
    const Certificate last = path_.back();
    if (has_broken_extensions(last)) {
        return dead_end({.depth = path_.size() - 1,
                         .reason = std::string(broken_extensions),
                         .fault = ChainFault::unacceptable,
                         .certificate = last});
    }
    if (may_have_issued(anchor_, last)) {
        path_.push_back(anchor_);
        if (verify()) {
            return true;
        }
        path_.pop_back();
    }
    for (const Certificate& candidate : chain_.subspan(1)) {
        if (candidate == anchor_ || on_path(candidate) || !may_have_issued(candidate, last)) {
            continue;
        }
        path_.push_back(candidate);
        if (extend()) {
            return true;
        }
        path_.pop_back();
    }
    return dead_end(without_issuer(last));
}

bool PathSearch::verify() {
    ++paths_;
    if (!check_issuers() || !check_purposes()) {
        return false;
    }
    const StackPtr between(sk_X509_new_null());
    const StackPtr trusted(sk_X509_new_null());
    const StoreContextPtr context(X509_STORE_CTX_new());
    for (std::size_t i = 1; i + 1 < path_.size(); ++i) {
        sk_X509_push(between.get(), x509_of(path_[i]));
    }
    sk_X509_push(trusted.get(), x509_of(anchor_));
    if (X509_STORE_CTX_init(context.get(), nullptr, x509_of(path_.front()), between.get()) != 1) {
        return reject_path(0, ChainFault::unacceptable, "out of memory");
    }
    X509_STORE_CTX_set0_trusted_stack(context.get(), trusted.get());
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(parameters, unix_seconds(now_));
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_auth_level(parameters, security_level);
    if (X509_verify_cert(context.get()) == 1) {
        return true;
    }
    const int error = X509_STORE_CTX_get_error(context.get());
    const int depth = X509_STORE_CTX_get_error_depth(context.get());
    return reject_path(static_cast<std::size_t>(std::max(depth, 0)), fault_of(error),
                       to_lower(X509_verify_cert_error_string(error)));
}

/// Keys on curves spelled out in full are an old way to smuggle in a curve one knows the secret
/// of (CVE-2020-0601); OpenSSL refuses them only in its strict mode.
bool has_explicit_curve(const Certificate& certificate) {
    int is_explicit = 0;
    const EVP_PKEY* key = X509_get0_pubkey(x509_of(certificate));
    return key != nullptr && EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                  &is_explicit) == 1 &&
           is_explicit != 0;
}

/// OpenSSL also takes self-signed version 1 certificates and some others for authorities.
bool PathSearch::check_issuers() {
    for (std::size_t i = 0; i < path_.size(); ++i) {
        if (i > 0 && X509_check_ca(x509_of(path_[i])) != 1) {
            return reject_path(i, ChainFault::not_a_ca, "not a certificate authority");
        }
        if (has_explicit_curve(path_[i])) {
            return reject_path(i, ChainFault::unacceptable,
                               "elliptic curve given by explicit parameters");
        }
    }
    return true;
}

/// A certificate without an extended key usage excludes nothing. OpenSSL's own check for clients
/// does not know anyExtendedKeyUsage, which excludes nothing either.
bool PathSearch::check_purposes() {
    for (std::size_t i = 0; i < path_.size(); ++i) {
        const auto purposes = X509_get_extended_key_usage(x509_of(path_[i]));
        if ((purposes & (XKU_SSL_CLIENT | XKU_ANYEKU)) == 0) {
            return reject_path(i, ChainFault::wrong_purpose,
                               "its extended key usage excludes client authentication");
        }
    }
    const auto usage = X509_get_key_usage(x509_of(path_.front()));
    if ((usage & (KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT)) == 0) {
        return reject_path(0, ChainFault::wrong_purpose,
                           "its key usage excludes client authentication");
    }
    return true;
}

/// Paths verified lately. A device presents its chain with every request, so a registration would
/// check the same signatures three times. What holds once holds forever, except for the dates.
Recent<Path>& verified_paths() {
    static auto& instance = *new Recent<Path>(remembered_max); // like parsed_certificates()
    return instance;
}

/// Everything that a verdict depends on but the time: DER says itself where it ends.
std::string bytes_of(std::span<const Certificate> chain, const Certificate& anchor) {
    std::string bytes = anchor.der();
    for (const Certificate& certificate : chain) {
        bytes += certificate.handle().der;
    }
    return bytes;
}

/// The last moment is expired to OpenSSL, so it is here.
bool all_valid_at(const Path& path, WallTime now) {
    return std::ranges::all_of(path, [now](const Certificate& certificate) {
        return certificate.not_before() <= now && now < certificate.not_after();
    });
}

} // namespace

std::expected<std::vector<Certificate>, ChainRefusal>
verify_chain(std::span<const Certificate> chain, const Certificate& anchor, WallTime now) {
    const ErrorScope errors;
    if (chain.empty()) {
        return std::unexpected(refusal(0, "no certificate presented"));
    }
    if (chain.size() > chain_certificates_max) {
        return std::unexpected(refusal(chain_certificates_max, "too many certificates"));
    }
    if (chain.front() == anchor) {
        return std::unexpected(refusal(0, "the anchor itself was presented as the leaf"));
    }
    if (has_broken_extensions(anchor)) {
        return std::unexpected(refusal(chain.size(), "anchor: " + std::string(broken_extensions)));
    }
    std::string bytes = bytes_of(chain, anchor);
    if (auto known = verified_paths().find(bytes); known && all_valid_at(*known, now)) {
        return *std::move(known);
    }
    auto path = PathSearch(chain, anchor, now).run();
    if (path && bytes.size() <= remembered_bytes_max) {
        verified_paths().remember(std::move(bytes), *path);
    }
    return path;
}

} // namespace muster::crypto
