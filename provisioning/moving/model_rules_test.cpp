// What must hold at every moment of the model, and in the end; see model_world.h.

#include "provisioning/moving/model_world.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace muster::provisioning::model {

HubCredential credential(int key) {
    return HubThumbprints{.primary = std::to_string(key), .secondary = {}};
}

HubTwin lived_twin(int reported) {
    return {.etag = {},
            .tags = {{"site", "north"}},
            .desired = {{"period", 60}},
            .reported = {{"n", reported}}};
}

InitialTwin initial_twin() {
    return {.tags = {{"site", "new"}}, .desired = {}};
}

std::string words_of(const RegistrationRecord& record) {
    if (!record.plan) {
        return record.chores.empty() ? "nothing"
                                     : std::string(to_string(record.chores.front().kind)) + " at " +
                                           record.chores.front().place.hub.text();
    }
    return std::string(to_string(record.plan->kind)) + " to " + record.plan->hub.text() + ", " +
           std::string(to_string(record.plan->stage));
}

namespace {

std::vector<HubName> serving(const State& state) {
    std::vector<HubName> hubs;
    for (const auto& [key, row] : state.table.rows()) {
        if (row.device.enabled) {
            hubs.push_back(key.first);
        }
    }
    return hubs;
}

bool is_one_twin(const State& state, const HubTwin& twin) {
    const auto* n = twin.reported.if_contains("n");
    const bool lived = n != nullptr && twin == lived_twin(static_cast<int>(n->as_int64()));
    const bool renewed = state.resets && twin.tags == initial_twin().tags && twin.desired.empty();
    return lived || renewed;
}

/// The one copy that is the device.
std::string violation_of_copy(const State& state, const HubName& hub) {
    const HubTwin& twin = state.table.find(hub, device)->twin;
    if (!is_one_twin(state, twin)) {
        return "a twin that nobody has had: " + to_text(twin.tags) + to_text(twin.reported);
    }
    const auto* n = twin.reported.if_contains("n");
    if (!state.renewed && n == nullptr) {
        return "the twin was reset";
    }
    if (!state.renewed && n->as_int64() != state.reported) {
        return "what the device reported is lost";
    }
    return {};
}

/// The block has reached every hub that it has to.
bool is_kept_out(const std::optional<RegistrationRecord>& record) {
    return record && record->block && std::ranges::none_of(record->chores, [](const Chore& chore) {
               return chore.kind == ChoreKind::block;
           });
}

} // namespace

bool is_served(const State& state) {
    return !serving(state).empty();
}

std::string violation_of(const State& state) {
    const std::vector<HubName> hubs = serving(state);
    if (hubs.size() > 1) {
        return "enabled at two hubs";
    }
    if (state.let_in) {
        return "enabled by a step that knew of the block";
    }
    if (!hubs.empty() && is_kept_out(state.record)) {
        return "enabled though it is blocked";
    }
    return hubs.empty() ? std::string() : violation_of_copy(state, hubs.front());
}

std::string violation_at_rest(const State& state) {
    if (state.record && state.record->unfinished()) {
        return "never ends: " + words_of(*state.record);
    }
    const std::vector<HubName> hubs = serving(state);
    if (state.record && state.record->block) {
        return hubs.empty() ? "" : "enabled though it is blocked";
    }
    if (hubs.size() != 1) {
        return hubs.empty() ? "enabled nowhere" : "enabled at two hubs";
    }
    const bool is_known = state.record && state.record->assignment;
    if (!is_known || state.record->assignment->hub != hubs.front()) {
        return "enabled where the record does not say";
    }
    return violation_of_copy(state, hubs.front());
}

std::string violation_at_last(const State& state) {
    if (auto violation = violation_at_rest(state); !violation.empty()) {
        return violation;
    }
    const RegistrationRecord& record = *state.record;
    if (record.status != RegistrationStatus::assigned) {
        return "not assigned, though nothing stands in the way";
    }
    if (state.table.find(record.assignment->hub, device)->device.credential !=
        credential(state.key)) {
        return "the hub has another credential than the device";
    }
    const HubName wanted = record.held_at.value_or(state.target);
    return record.assignment->hub == wanted ? std::string() : "not where the policy says";
}

} // namespace muster::provisioning::model
