#include "app/simulation/fleet.h"

#include "crypto/keys.h"

#include <fmt/format.h>

#include <utility>

namespace muster::app {

namespace {

constexpr std::chrono::days certificate_life{30};
constexpr std::chrono::hours backdated{1};

} // namespace

std::string_view to_string(Transport transport) {
    switch (transport) {
    case Transport::https: return "https";
    case Transport::mqtt: return "mqtt";
    }
    return "";
}

std::string_view to_string(Proof proof) {
    switch (proof) {
    case Proof::symmetric_key: return "key";
    case Proof::x509: return "x509";
    }
    return "";
}

Fleet::Fleet(FleetOptions options, FleetSecrets secrets,
             std::shared_ptr<const net::ClientTls> plain, const Clock& clock, Random& random)
    : options_(std::move(options)), secrets_(std::move(secrets)), plain_(std::move(plain)),
      clock_(&clock), random_(&random) {}

Result<Fleet> Fleet::make(FleetOptions options, FleetSecrets secrets, const Clock& clock,
                          Random& random) {
    for (const Proof proof : options.proofs) {
        if (proof == Proof::symmetric_key && !secrets.group_key) {
            return fail(Code::malformed, "devices with symmetric keys need a group key");
        }
        if (proof == Proof::x509 && !secrets.signer) {
            return fail(Code::malformed, "devices with certificates need a signer");
        }
    }
    auto tls = net::ClientTls::make({.ca_pem = options.ca_pem});
    if (!tls) {
        return std::unexpected(tls.error());
    }
    auto plain = std::make_shared<const net::ClientTls>(std::move(*tls));
    return Fleet(std::move(options), std::move(secrets), std::move(plain), clock, random);
}

Result<std::shared_ptr<const net::ClientTls>> Fleet::certified(const std::string& common_name) {
    const WallTime now = clock_->wall();
    auto identity = crypto::issue({.common_name = common_name,
                                   .purpose = crypto::Purpose::client,
                                   .dns_names = {},
                                   .ip_addresses = {},
                                   .not_before = now - backdated,
                                   .not_after = now + certificate_life,
                                   .path_length = {}},
                                  &*secrets_.signer, *random_);
    if (!identity) {
        return std::unexpected(identity.error());
    }
    auto tls = net::ClientTls::make(
        {.ca_pem = options_.ca_pem,
         .certificate_chain_pem = identity->certificate.pem() + secrets_.signer->certificate.pem(),
         .key_pem = identity->key_pem});
    if (!tls) {
        return std::unexpected(tls.error());
    }
    return std::make_shared<const net::ClientTls>(std::move(*tls));
}

Result<SimulatedDevice> Fleet::device(std::size_t index) {
    const std::size_t transports = options_.transports.size();
    SimulatedDevice device;
    device.identity.scope = options_.scope;
    device.identity.registration_id =
        RegistrationId(fmt::format("{}{:06}", options_.prefix, options_.first + index));
    device.transport = options_.transports[index % transports];
    device.proof = options_.proofs[index / transports % options_.proofs.size()];

    const std::string& name = device.identity.registration_id.text();
    if (device.proof == Proof::symmetric_key) {
        device.identity.symmetric_key = crypto::derive_device_key(*secrets_.group_key, name);
        device.tls = plain_;
        return device;
    }
    auto tls = certified(name);
    if (!tls) {
        return std::unexpected(tls.error());
    }
    device.tls = std::move(*tls);
    return device;
}

} // namespace muster::app
