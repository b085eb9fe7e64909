#pragma once
// What must hold after every step, whatever happened before it (design: rules 2, 3, 4, 5 and 8;
// rule 9 is hub_site.cpp's). The rules see what is stored at hubs and in provisioning, and keep a
// ghost of each device beside it: where its one true twin is and what is in it.

#include "base/json.h"
#include "hub/ports.h"
#include "provisioning/ports.h"
#include "tests/simulation/stage.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::simulation {

/// What a twin holds, without versions and times.
struct Content {
    JsonObject tags;
    JsonObject desired;
    JsonObject reported;

    friend bool operator==(const Content&, const Content&) = default;
};

std::string to_text(const Content& content);

struct PlaceLess {
    bool operator()(const provisioning::Place& left, const provisioning::Place& right) const {
        return std::pair(left.hub, left.device_id) < std::pair(right.hub, right.device_id);
    }
};

/// What would be true of the device if nothing ever failed.
struct Ghost {
    std::optional<Content> truth; // nothing: no twin yet, or an operator deleted it
    Content moved;                // the truth when it last came to another place
    /// Once its hub has burnt down, or an operator deleted it: what copies that are left elsewhere
    /// may hold.
    std::vector<Content> left_behind;
    std::optional<SteadyTime> touched; // when somebody at a hub last changed it by hand
    provisioning::Place holder;        // of the truth
    std::vector<Content> offered;      // every initial twin that a plan came with
    std::set<provisioning::Place, PlaceLess> in_use; // copies without a mark
    std::set<provisioning::Place, PlaceLess> enabled;
    SteadyTime plan_began{};
    std::size_t moves = 0;
};

/// Who changes what a hub stores.
enum class Hand : std::uint8_t { provisioning, operator_of_hub };

class Rules {
  public:
    Rules(Stage& stage, provisioning::RegistrationStore& records, IdScope scope);

    // ---- hubs ----

    using Copy = hub::DeviceWithTwin;
    void copy_changed(const provisioning::Place& place, const Copy* before, const Copy* after);

    /// Until the next call.
    void acts(Hand hand) { hand_ = hand; }

    /// A creation took effect after its caller had given it up.
    void came_late(const provisioning::Place& place) { late_.insert(place); }

    [[nodiscard]] bool is_late(const provisioning::Place& place) const {
        return late_.contains(place);
    }

    /// It never comes back: what is there counts no more.
    void lost(const HubName& hub);

    // ---- provisioning ----

    using Record = provisioning::RegistrationRecord;
    /// `began`: when the request or the step began that led to it.
    void record_saved(const std::optional<Record>& before, const Record& next, SteadyTime began);
    void enrollment_changed(const std::string& key,
                            std::optional<provisioning::EnrollmentTerms> terms);
    void instance_changed(const provisioning::Instance& instance);
    void function_answered(const std::string& device, const provisioning::InitialTwin& twin);

    // ---- devices ----

    struct Identity {
        std::string group; // that its key belongs to
        std::string api_version;
    };

    void introduce(const std::string& device, Identity identity);

    Ghost& ghost_of(const std::string& device) { return ghosts_[device]; }

    [[nodiscard]] std::size_t moves_of(const std::string& device) const {
        const auto found = ghosts_.find(device);
        return found == ghosts_.end() ? 0 : found->second.moves;
    }

    /// "pump-3" of "pump-3.b": the one whose identity at a hub this is.
    static std::string owner_of(const DeviceId& id);

  private:
    using Terms = provisioning::EnrollmentTerms;
    using TermsPtr = std::shared_ptr<const Terms>;

    struct Version {
        SteadyTime since;
        TermsPtr terms; // null: deleted
    };

    void goes_into_use(Ghost& ghost, const provisioning::Place& place, const Content& content);
    void goes_out_of_use(Ghost& ghost, const provisioning::Place& place, const Copy& before);
    void check_twin(Ghost& ghost, const provisioning::Place& place, const Copy& before,
                    const Copy& after);
    void check_enabled(const Ghost& ghost, const std::string& owner);
    [[nodiscard]] bool is_awaited(const provisioning::Place& place) const;
    [[nodiscard]] std::optional<Record> record_of(const std::string& owner) const;

    void check_new_plan(const std::optional<Record>& before, const Record& next, SteadyTime began);
    void check_assignment(const std::optional<Record>& before, const Record& next);
    /// Every version that was in force at some time in the window; null for "there was none".
    [[nodiscard]] std::vector<TermsPtr> in_force(const std::string& key, SteadyTime from) const;
    [[nodiscard]] std::vector<TermsPtr> deciding(const Record& record, SteadyTime from) const;

    Stage& stage_;
    provisioning::RegistrationStore& records_;
    IdScope scope_;
    Hand hand_ = Hand::provisioning;
    std::map<std::string, Ghost> ghosts_;
    std::map<std::string, Identity> identities_;
    std::map<std::string, std::vector<Version>> enrollments_;
    std::set<provisioning::Place, PlaceLess> late_;
    std::set<HubName> lost_;
    std::set<HubName> quarantines_; // of the group, ever
};

/// The keys of enrollment_changed().
std::string key_of(const RegistrationId& id);
std::string key_of(const EnrollmentGroupId& id);

} // namespace muster::simulation
