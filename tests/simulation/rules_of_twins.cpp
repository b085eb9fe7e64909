// What hubs store: nobody enabled twice, no twin lost or mixed up.

#include "base/move_mark.h"
#include "tests/simulation/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::simulation {

namespace {

using provisioning::Place;
using provisioning::PlanKind;
using provisioning::PlanStage;
using provisioning::TwinSource;

constexpr const char* rule_two = "2: never enabled at two hubs";
constexpr const char* rule_three = "3: no twin lost or mixed up";

std::string to_text(const Place& place) {
    return place.device_id.text() + " at " + place.hub.text();
}

Content content_of(const hub::Twin& twin) {
    return {.tags = twin.tags, .desired = twin.desired.values, .reported = twin.reported.values};
}

bool is_marked(const hub::Device& device) {
    return freezes_twin(device.status_reason);
}

bool is_enabled(const hub::Device& device) {
    return device.status == hub::DeviceStatus::enabled;
}

bool is_in_use(const Rules::Copy* copy) {
    return copy != nullptr && !is_marked(copy->device);
}

} // namespace

std::string to_text(const Content& content) {
    return fmt::format("tags {} desired {} reported {}", muster::to_text(content.tags),
                       muster::to_text(content.desired), muster::to_text(content.reported));
}

std::string Rules::owner_of(const DeviceId& id) {
    return id.text().substr(0, id.text().find('.'));
}

void Rules::copy_changed(const Place& place, const Copy* before, const Copy* after) {
    const std::string owner = owner_of(place.device_id);
    Ghost& ghost = ghosts_[owner];
    late_.erase(place);
    if (hand_ == Hand::operator_of_hub) {
        ghost.touched = stage_.engine.now();
    }
    if (after != nullptr && is_marked(after->device) && is_enabled(after->device)) {
        stage_.violated(rule_two, to_text(place) + " is enabled although it bears a mark");
    }
    if (before != nullptr && after != nullptr) {
        check_twin(ghost, place, *before, *after);
    }
    if (!is_in_use(before) && is_in_use(after)) {
        goes_into_use(ghost, place, content_of(after->twin));
    } else if (before != nullptr && after == nullptr) {
        goes_out_of_use(ghost, place, *before);
    }
    if (before == nullptr && after != nullptr && is_marked(after->device) && !is_awaited(place)) {
        late_.insert(place); // of a plan that another process has ended meanwhile
    }
    is_in_use(after) ? void(ghost.in_use.insert(place)) : void(ghost.in_use.erase(place));
    const bool enabled = after != nullptr && is_enabled(after->device);
    enabled ? void(ghost.enabled.insert(place)) : void(ghost.enabled.erase(place));
    check_enabled(ghost, owner);
}

void Rules::check_enabled(const Ghost& ghost, const std::string& owner) {
    const auto say = [&](const auto& places) {
        std::string text;
        for (const Place& place : places) {
            text += (text.empty() ? "" : " and ") + to_text(place);
        }
        return text;
    };
    if (ghost.enabled.size() > 1) {
        stage_.violated(rule_two, owner + " is enabled as " + say(ghost.enabled));
    } else if (ghost.in_use.size() > 1) {
        stage_.violated(rule_two, owner + " is in use as " + say(ghost.in_use));
    }
}

void Rules::check_twin(Ghost& ghost, const Place& place, const Copy& before, const Copy& after) {
    const bool goes_back = after.twin.version < before.twin.version ||
                           after.twin.desired.version < before.twin.desired.version ||
                           after.twin.reported.version < before.twin.reported.version;
    if (goes_back && before.device.generation_id == after.device.generation_id) {
        stage_.violated(rule_three, "a version of the twin of " + to_text(place) + " went back");
    }
    const Content content = content_of(after.twin);
    if (content == content_of(before.twin)) {
        return;
    }
    if (is_marked(before.device)) {
        stage_.violated(rule_three, "the frozen twin of " + to_text(place) + " changed");
    } else if (ghost.truth && ghost.holder == place) {
        ghost.truth = content;
    } else {
        stage_.violated(rule_three, "a copy that is not the truth changed: " + to_text(place));
    }
}

std::optional<Rules::Record> Rules::record_of(const std::string& owner) const {
    const auto found = records_.find(scope_, RegistrationId(owner));
    return found ? *found : std::nullopt;
}

/// The plan of the record leads there.
bool Rules::is_awaited(const Place& place) const {
    const auto record = record_of(owner_of(place.device_id));
    return record && record->plan && record->plan->place() == place;
}

void Rules::goes_into_use(Ghost& ghost, const Place& place, const Content& content) {
    const std::string owner = owner_of(place.device_id);
    const auto is_among = [&](const std::vector<Content>& contents) {
        return std::ranges::find(contents, content) != contents.end();
    };
    const auto record = record_of(owner);
    const auto* plan = record && record->plan ? &*record->plan : nullptr;
    const bool may_start_anew =
        plan != nullptr && (plan->kind == PlanKind::reset ||
                            (plan->kind == PlanKind::move && plan->twin == TwinSource::initial));
    const bool is_right =
        ghost.truth ? content == *ghost.truth || (may_start_anew && is_among(ghost.offered))
                    : is_among(ghost.offered) || is_among(ghost.left_behind);
    if (!is_right) {
        stage_.violated(rule_three,
                        fmt::format("{} comes into use with {}, but {}", to_text(place),
                                    to_text(content),
                                    ghost.truth ? "the truth is " + to_text(*ghost.truth)
                                                : std::string("nobody gave it such a twin")));
    }
    ghost.moves += ghost.truth && ghost.holder != place ? 1U : 0U;
    if (ghost.holder != place) {
        ghost.moved = content;
    }
    ghost.truth = content;
    ghost.holder = place;
}

void Rules::goes_out_of_use(Ghost& ghost, const Place& place, const Copy& before) {
    if (!ghost.truth || ghost.holder != place) {
        return;
    }
    const auto record = record_of(owner_of(place.device_id));
    const bool is_reset = record && record->plan && record->plan->kind == PlanKind::reset &&
                          record->plan->stage == PlanStage::decided && is_marked(before.device);
    if (hand_ != Hand::operator_of_hub && !is_reset) {
        stage_.violated(rule_three, "the only true twin was deleted with " + to_text(place) + ": " +
                                        to_text(*ghost.truth));
    }
    ghost.left_behind = {ghost.moved};
    ghost.truth.reset();
}

void Rules::lost(const HubName& hub) {
    lost_.insert(hub);
    for (auto& [owner, ghost] : ghosts_) {
        std::erase_if(ghost.enabled, [&](const Place& place) { return place.hub == hub; });
        std::erase_if(ghost.in_use, [&](const Place& place) { return place.hub == hub; });
        if (ghost.truth && ghost.holder.hub == hub) {
            ghost.left_behind = {*std::exchange(ghost.truth, {}), ghost.moved};
        }
    }
}

} // namespace muster::simulation
