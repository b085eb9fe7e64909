#pragma once
// Keeping single devices out, across enrollment and hub. The record says that the device is
// blocked, so every registration is declined; what is to be done where the device is are chores of
// the record (docs/decisions/0009-moves.md), so that a crash in the middle is made good, and a hub
// that does not answer now is asked until it does.

#include "base/gate.h"
#include "provisioning/fleet/fleets.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster::provisioning {

/// Thread safe. Errors as of Fleets.
class Blocks : public std::enable_shared_from_this<Blocks> {
  public:
    explicit Blocks(const Fleets::Ports& ports) : ports_(ports) {}

    void listen();

    void begin(const RegistrationId& id, const std::string& reason, const Principal& by,
               Fleets::BlockDone done);
    void end(const RegistrationId& id, const Principal& by, Fleets::BlockDone done);
    Result<Fleets::BlockView> get(const RegistrationId& id);

    void stop() { gate_.close(); }

  private:
    struct Wait {
        std::uint64_t number = 0;
        Fleets::BlockDone done;
        bool is_stored = false; // what it waits for; before, the record speaks of something else
    };

    Result<void> try_begin(const RegistrationId& id, const std::string& reason,
                           const Principal& by);
    Result<void> try_end(const RegistrationId& id, const Principal& by);
    Result<void> store(const std::optional<RegistrationRecord>& before,
                       const RegistrationRecord& after, const Change* change);
    Result<std::vector<Place>> elsewhere(const RegistrationId& id);
    std::uint64_t wait(const RegistrationId& id, Fleets::BlockDone done);
    void carry_out(const RegistrationId& id, std::uint64_t wait);
    std::vector<std::uint64_t> stored_waits(const RegistrationId& id);
    Fleets::BlockDone take(const RegistrationId& id, std::uint64_t wait);
    void refuse(const RegistrationId& id, std::uint64_t wait, const Error& error);
    void time_is_up(const RegistrationId& id, std::uint64_t wait);
    void tried(const RegistrationId& id);

    const Fleets::Ports ports_;
    Gate gate_;
    std::mutex mutex_;
    std::unordered_map<std::string, std::vector<Wait>> waits_; // by folded id
    std::uint64_t last_wait_ = 0;
};

} // namespace muster::provisioning
