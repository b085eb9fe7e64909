#pragma once
// Allocation rules without a webhook: a small, total language (docs/operating/allocation.md).
//
//   when payload.model like "pump-*" and certificate.subject.O = "Contoso" then hub("hub-2")
//   when address in "10.1.0.0/16" then hubs("hub-1", "hub-3")
//   when time.hour >= 22 or time.hour < 6 then policy("geoLatency")
//   otherwise policy("hashed")
//
// The first clause whose condition is true decides; without one that is, the instance's default
// policy does. Nothing can fail at run time: what is missing is null, values of different types are
// unequal and in no order. No loops, no functions, no time beyond one pass over the text.

#include "base/result.h"
#include "provisioning/allocation.h"

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace muster::provisioning {

inline constexpr std::size_t rule_bytes_max = 4096;
inline constexpr int rule_depth_max = 32; // of parentheses and `not`

/// One hub, or the policy `hashed` over several.
struct ChosenHubs {
    std::vector<HubName> hubs;
};

/// `custom` here means: ask the function (policy("webhook")).
struct ChosenPolicy {
    AllocationPolicy policy = AllocationPolicy::hashed;
};

struct RuleVerdict {
    std::variant<ChosenHubs, ChosenPolicy> choice;
    std::size_t clause = 0; // 1, 2, ..; 0: none was true
};

/// What a rule can see, by name: registrationId, currentHub, payload.*, certificate.subject.*,
/// certificate.issuer.*, address, location.latitude, location.longitude, time.hour, time.minute,
/// time.weekday ("monday"), time.date ("2030-01-31"); times are UTC.
struct RuleFacts {
    const RegistrationId& id;
    const std::optional<HubName>& current;
    const AllocationInputs& inputs;
};

/// A checked rule. A value; cheap to copy.
class Rule {
  public:
    /// Error: malformed, with the place: "column 17: ...", or "line 2, column 5: ..." if there are
    /// several lines.
    static Result<Rule> parse(std::string_view text);

    [[nodiscard]] RuleVerdict decide(const RuleFacts& facts) const;

    /// Every hub that a clause names, for checks at save.
    [[nodiscard]] const std::vector<HubName>& hubs_named() const;
    /// Some clause says policy("webhook").
    [[nodiscard]] bool asks_function() const;

    struct Clauses;

  private:
    std::shared_ptr<const Clauses> clauses_;
};

} // namespace muster::provisioning
