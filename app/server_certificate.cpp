// The private CA of a data folder and the server certificate it issues.

#include "app/data_folder.h"
#include "base/encoding.h"
#include "base/text.h"
#include "crypto/issuing.h"
#include "crypto/keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::app {

namespace {

constexpr unsigned private_mode = 0600;
constexpr unsigned public_mode = 0644;
constexpr std::size_t file_bytes_max = 1024 * 1024;

constexpr std::chrono::days ca_life{3650};
// Some platforms refuse server certificates that live longer than 825 days.
constexpr std::chrono::days server_life{397};
constexpr std::chrono::days renew_before = server_life / 3;
// Devices without a battery-backed clock may be late.
constexpr std::chrono::days backdated{1};

Result<void> store_identity(const crypto::Identity& identity, const std::filesystem::path& chain,
                            const std::string& chain_pem, const std::filesystem::path& key) {
    // The key first: a certificate without its key is useless, a key alone is overwritten next
    // time.
    if (auto written = write_file_atomically(key, identity.key_pem.reveal(), private_mode);
        !written) {
        return written;
    }
    return write_file_atomically(chain, chain_pem, public_mode);
}

Result<crypto::Identity> load_identity(const std::filesystem::path& certificate,
                                       const std::filesystem::path& key) {
    auto certificate_pem = read_file(certificate, file_bytes_max);
    if (!certificate_pem) {
        return std::unexpected(certificate_pem.error());
    }
    auto key_pem = read_file(key, file_bytes_max);
    if (!key_pem) {
        return std::unexpected(key_pem.error());
    }
    return crypto::read_identity(*certificate_pem, Secret(std::move(*key_pem)));
}

Result<crypto::Identity> load_or_make_ca(const std::filesystem::path& folder, WallTime now,
                                         Random& random) {
    const auto certificate = folder / "ca.pem";
    const auto key = folder / "ca.key";
    if (std::filesystem::exists(certificate)) {
        return load_identity(certificate, key);
    }
    auto ca =
        crypto::issue({.common_name = "Muster private CA " + hex_encode_lower(random.bytes(4)),
                       .purpose = crypto::Purpose::certificate_authority,
                       .not_before = now - backdated,
                       .not_after = now + ca_life,
                       .path_length = 0},
                      nullptr, random);
    if (!ca) {
        return ca;
    }
    if (auto stored = store_identity(*ca, certificate, ca->certificate.pem(), key); !stored) {
        return std::unexpected(stored.error());
    }
    return ca;
}

/// Says in one line which names and which CA a server certificate was made for.
std::string fingerprint_of(const std::vector<std::string>& names, const crypto::Identity& ca) {
    std::string all = ca.certificate.sha256_thumbprint();
    for (const std::string& name : names) {
        all += '\n' + name;
    }
    return hex_encode_lower(crypto::sha256(all)) + '\n';
}

bool still_good(const std::filesystem::path& folder, const std::string& fingerprint, WallTime now) {
    auto recorded = read_file(folder / "server.names", file_bytes_max);
    if (!recorded || *recorded != fingerprint) {
        return false;
    }
    auto identity = load_identity(folder / "server.pem", folder / "server.key");
    return identity && identity->certificate.not_after() - renew_before > now;
}

Result<void> make_server_identity(const std::filesystem::path& folder,
                                  const std::vector<std::string>& names, const crypto::Identity& ca,
                                  WallTime now, Random& random) {
    crypto::CertificateRequest request{.common_name = "Muster server",
                                       .purpose = crypto::Purpose::server,
                                       .not_before = now - backdated,
                                       .not_after = now + server_life};
    for (const std::string& name : names) {
        (is_ip_address(name) ? request.ip_addresses : request.dns_names).push_back(name);
    }
    auto identity = crypto::issue(request, &ca, random);
    if (!identity) {
        return std::unexpected(identity.error());
    }
    const std::string chain = identity->certificate.pem() + ca.certificate.pem();
    if (auto stored =
            store_identity(*identity, folder / "server.pem", chain, folder / "server.key");
        !stored) {
        return stored;
    }
    // Last, so that an interrupted renewal is repeated.
    return write_file_atomically(folder / "server.names", fingerprint_of(names, ca), public_mode);
}

} // namespace

Result<ServerCertificate> DataFolder::server_certificate(const std::vector<std::string>& names,
                                                         const Clock& clock, Random& random) {
    const WallTime now = clock.wall();
    auto ca = load_or_make_ca(path_, now, random);
    if (!ca) {
        return std::unexpected(ca.error());
    }
    if (!still_good(path_, fingerprint_of(names, *ca), now)) {
        if (auto made = make_server_identity(path_, names, *ca, now, random); !made) {
            return std::unexpected(made.error());
        }
    }
    auto chain = read_file(path_ / "server.pem", file_bytes_max);
    auto key = read_file(path_ / "server.key", file_bytes_max);
    if (!chain || !key) {
        return std::unexpected(chain ? key.error() : chain.error());
    }
    return ServerCertificate{std::move(*chain), Secret(std::move(*key))};
}

} // namespace muster::app
