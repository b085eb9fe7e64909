#include "provisioning/fleet/suspects.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;

std::vector<WallTime> within_window(const std::vector<WallTime>& times, WallTime now) {
    std::vector<WallTime> recent;
    std::ranges::copy_if(times, std::back_inserter(recent),
                         [&](WallTime time) { return time > now - suspect_window; });
    return recent;
}

/// "40 min": from the oldest to now, at least one.
std::string span_of(const std::vector<WallTime>& times, WallTime now) {
    const auto oldest = *std::ranges::min_element(times);
    const auto span = std::max(minutes(1), std::chrono::ceil<minutes>(now - oldest));
    return std::to_string(span.count()) + " min";
}

/// What is found out, in the order of the rules.
class Findings {
  public:
    void add(Suspicion suspicion, const std::string& detail) {
        suspicions_.push_back(suspicion);
        detail_ += (detail_.empty() ? "" : "; ") + detail;
    }

    std::optional<Suspect> finish(const RegistrationId& id) && {
        if (suspicions_.empty()) {
            return std::nullopt;
        }
        return Suspect{
            .id = id, .suspicions = std::move(suspicions_), .detail = std::move(detail_)};
    }

  private:
    std::vector<Suspicion> suspicions_;
    std::string detail_;
};

void look_at_registrations(const SuspectFacts& facts, Findings& findings) {
    const auto recent = within_window(facts.record.registered, facts.now);
    if (std::cmp_greater(recent.size(), suspect_registrations)) {
        findings.add(Suspicion::registers_too_often, std::to_string(recent.size()) +
                                                         " registrations within " +
                                                         span_of(recent, facts.now));
    }
}

void look_at_moves(const SuspectFacts& facts, Findings& findings) {
    const auto recent = within_window(facts.record.moved, facts.now);
    if (std::cmp_less(recent.size(), suspect_moves)) {
        return;
    }
    std::string detail =
        std::to_string(recent.size()) + " moves within " + span_of(recent, facts.now);
    if (facts.record.assignment) {
        detail += ", now at " + facts.record.assignment->hub.text();
    }
    findings.add(Suspicion::alternates, detail);
}

/// A hub that could not be read says nothing either way; nor does one where the device is not: that
/// is for a move, not for this.
void look_at_silence(const SuspectFacts& facts, Findings& findings) {
    const auto& assignment = facts.record.assignment;
    if (!facts.hub_was_read || !facts.at_hub || !assignment || !assignment->since) {
        return;
    }
    const auto silence = facts.now - *assignment->since;
    const bool was_seen = facts.at_hub->connected || facts.at_hub->last_activity.has_value();
    if (was_seen || silence <= suspect_silence) {
        return;
    }
    findings.add(Suspicion::never_connected, "assigned to " + assignment->hub.text() + " " +
                                                 std::to_string(floor<hours>(silence).count()) +
                                                 " h ago, never seen there");
}

} // namespace

std::string_view to_string(Suspicion suspicion) {
    switch (suspicion) {
    case Suspicion::registers_too_often: return "registersTooOften";
    case Suspicion::alternates: return "alternates";
    case Suspicion::never_connected: return "neverConnected";
    }
    std::unreachable();
}

std::optional<Suspect> examine(const SuspectFacts& facts) {
    Findings findings;
    look_at_registrations(facts, findings);
    look_at_moves(facts, findings);
    look_at_silence(facts, findings);
    return std::move(findings).finish(facts.record.id);
}

} // namespace muster::provisioning
