#pragma once
// Simulated devices before they are anybody: names, keys, certificates, how each will speak.

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/issuing.h"
#include "device/identity.h"
#include "net/tls.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::app {

enum class Transport : std::uint8_t { https, mqtt };
enum class Proof : std::uint8_t { symmetric_key, x509 };

/// What the devices of a fleet are made from. Either may be absent; then no such device is made.
struct FleetSecrets {
    std::optional<Secret> group_key;        // decoded
    std::optional<crypto::Identity> signer; // its certificate is the group's
};

struct FleetOptions {
    IdScope scope;
    std::string prefix = "sim-";
    std::size_t first = 1;
    std::size_t count = 0;
    std::vector<Transport> transports{Transport::https, Transport::mqtt};
    std::vector<Proof> proofs{Proof::symmetric_key, Proof::x509};
    std::string ca_pem; // whom the devices trust
};

struct SimulatedDevice {
    device::Identity identity;
    Transport transport = Transport::https;
    Proof proof = Proof::symmetric_key;
    std::shared_ptr<const net::ClientTls> tls;
};

/// Device n of the fleet, made when it is its turn: a million need not exist at once. Transports
/// and proofs alternate so that every pair of them comes equally often.
class Fleet {
  public:
    static Result<Fleet> make(FleetOptions options, FleetSecrets secrets, const Clock& clock,
                              Random& random);

    [[nodiscard]] std::size_t size() const { return options_.count; }

    Result<SimulatedDevice> device(std::size_t index);

  private:
    Fleet(FleetOptions options, FleetSecrets secrets, std::shared_ptr<const net::ClientTls> plain,
          const Clock& clock, Random& random);

    Result<std::shared_ptr<const net::ClientTls>> certified(const std::string& common_name);

    FleetOptions options_;
    FleetSecrets secrets_;
    std::shared_ptr<const net::ClientTls> plain_; // no certificate
    const Clock* clock_;
    Random* random_;
};

std::string_view to_string(Transport transport);
std::string_view to_string(Proof proof);

} // namespace muster::app
