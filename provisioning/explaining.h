#pragma once
// "What would happen if this device registered now, and why": the real decision on the real facts,
// storing nothing and telling no hub.

#include "base/clock.h"
#include "base/random.h"
#include "provisioning/allocator.h"
#include "provisioning/current_instance.h"
#include "provisioning/findings.h"
#include "provisioning/identification.h"
#include "provisioning/ports.h"

#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

class EnrollmentFacts;
struct AssumedClaim;

/// A configuration that is not applied: what it names shadows what is stored, its instance settings
/// replace the stored ones. Hubs, certificates and enrollments as in the export format
/// (docs/configuration-as-code.md).
struct Proposal {
    std::optional<Instance> instance;
    std::vector<IndividualEnrollment> enrollments;
    std::vector<EnrollmentGroup> groups;
    std::vector<RegistrationId> without_enrollments; // would be deleted
    std::vector<EnrollmentGroupId> without_groups;
};

/// A proof as the device would show it; with none, each enrollment that could decide is asked "if
/// the proof verified".
struct Supposition {
    RegistrationId id;
    std::optional<Proof> proof;
    /// Without a proof, the group that the device is supposed to belong to; absent: the one that
    /// decided the last time, else each one in turn.
    std::optional<EnrollmentGroupId> group;
    // Of the request that is supposed:
    std::optional<Json> payload;
    std::string peer_address; // without port
    std::string api_version = "2021-06-01";
    bool ask_function = false; // call it; else say that it would be called
};

enum class Outcome : std::uint8_t {
    assigned,  // to Prediction::hub
    refused,   // 401: not proven, or nothing to prove it against
    declined,  // proven and told no
    undecided, // no proof was given, and more than one group could decide; or the allocation
               // function would decide, and was not asked
};

struct Prediction {
    Outcome outcome = Outcome::refused;
    bool proof_assumed = false;
    std::optional<DecidedBy> decided_by;
    std::optional<HubName> hub;
    std::optional<DeviceId> device_id;
    std::optional<HubName> current_hub; // where it is assigned today
    std::string policy;                 // of allocation: "hashed"
    std::vector<std::string> excluded;  // hubs that were no candidates, with the reason
    std::vector<std::string> reasons;   // the numbers that chose among the others
    std::string plan;                   // "keep", "assign", "reset", "move", "ask"; else empty
    bool function_asked = false;        // the allocation function was called for this
    int error_code = 0;                 // that the device would see; 0 if none
    std::string message;
    Explanation explanation;
};

/// Thread safe.
class Explaining {
  public:
    struct Ports {
        const CurrentInstance& instance;
        EnrollmentStore& enrollments;
        RegistrationStore& registrations;
        Allocator& allocator;
        const Clock& clock;
        Random& random;
    };

    explicit Explaining(const Ports& ports) : ports_(ports) {}

    Result<Prediction> explain(const Supposition& supposition, const Proposal* proposal = nullptr);

  private:
    struct Deciding;

    Result<Prediction> predict(const AssumedClaim& claim, EnrollmentFacts& facts);
    Result<void> decide(const Deciding& deciding, Prediction& prediction);
    Result<FunctionAnswer> ask(const Deciding& deciding, const Question& question);
    Result<bool> quota_is_reached(const AssumedClaim& claim);

    Ports ports_;
};

JsonObject to_document(const Prediction& prediction);

} // namespace muster::provisioning
