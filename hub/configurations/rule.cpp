#include "hub/configurations/rule.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace muster::hub {

namespace {

using Names = std::vector<std::string>;

std::string joined(const Names& path) {
    return fmt::format("{}", fmt::join(path, "."));
}

Names parted(std::string_view path) {
    Names names;
    for (const std::string_view name : split(path, '.')) {
        names.emplace_back(name);
    }
    return names;
}

/// With the objects above it that are left empty; true if `values` is empty now.
bool remove_at(JsonObject& values, const Names& path, std::size_t step) {
    const auto member = values.find(path[step]);
    if (member == values.end()) {
        return false; // whoever removed it decides on what is above
    }
    const bool is_last = step + 1 == path.size();
    if (is_last ||
        (member->value().is_object() && remove_at(member->value().get_object(), path, step + 1))) {
        values.erase(member);
    }
    return values.empty();
}

/// Says which settings stand at the end: the last one at each place.
struct Outcome {
    JsonObject desired;
    std::map<std::string, const ActiveConfiguration*> owners; // by place
};

bool lies_within(std::string_view inner, std::string_view outer) {
    return inner == outer || (inner.starts_with(outer) && inner[outer.size()] == '.');
}

void set_over(Outcome& outcome, const Setting& setting, const ActiveConfiguration* owner) {
    const std::string place = joined(setting.path);
    std::erase_if(outcome.owners, [&](const auto& one) { return lies_within(one.first, place); });
    outcome.owners[place] = owner;
    set_at(outcome.desired, setting);
}

Outcome outcome_of(const Twin& twin, const std::vector<Wish>& wishes) {
    Outcome outcome{.desired = twin.desired.values, .owners = {}};
    for (const std::string& path : twin.configured.paths) {
        remove_at(outcome.desired, parted(path), 0);
    }
    for (const Wish& wish : wishes) {
        for (const Setting& setting :
             wish.settings != nullptr ? *wish.settings : std::vector<Setting>()) {
            set_over(outcome, setting, wish.of);
        }
    }
    return outcome;
}

/// All places that were set, overridden or not: they are what has to go one day.
Configured configured_by(const std::vector<Wish>& wishes, const Outcome& outcome) {
    Configured configured;
    std::set<const ActiveConfiguration*> effective;
    for (const auto& [place, owner] : outcome.owners) {
        configured.paths.push_back(place);
        effective.insert(owner);
    }
    for (const Wish& wish : wishes) {
        const bool applied = effective.contains(wish.of);
        configured.states[wish.of->configuration.id.text()] = wish.state.value_or(
            applied ? ConfigurationState::applied : ConfigurationState::targeted);
    }
    return configured;
}

/// What is set stays as it is; whoever would set something else is only named.
Configured only_named(const Twin& twin, const std::vector<Wish>& wishes) {
    Configured configured{.states = {}, .paths = twin.configured.paths};
    for (const Wish& wish : wishes) {
        configured.states[wish.of->configuration.id.text()] =
            wish.state.value_or(ConfigurationState::targeted);
    }
    return configured;
}

/// The configurations alone changed their minds.
Twin with_configured(const Twin& twin, Configured configured) {
    Twin next = twin;
    if (next.configured != configured) {
        next.configured = std::move(configured);
        ++next.version;
    }
    return next;
}

} // namespace

Result<std::vector<ActiveConfiguration>>
active_configurations(const std::vector<Configuration>& configurations, const TwinLimits& limits) {
    std::vector<ActiveConfiguration> active;
    for (const Configuration& one : configurations) {
        auto target = configuration_target(one.condition);
        auto content = content_from(one.content, limits);
        if (!target || !content) {
            return std::unexpected(!target ? std::move(target.error())
                                           : std::move(content.error()));
        }
        ActiveConfiguration made{.configuration = one,
                                 .target = std::move(*target),
                                 .settings = std::move(content->settings),
                                 .metrics = {}};
        for (const auto& [name, text] : one.metric_queries) {
            auto query = metric_query(text);
            if (!query) {
                return std::unexpected(std::move(query.error()));
            }
            made.metrics.emplace(name, std::move(*query));
        }
        active.push_back(std::move(made));
    }
    std::ranges::sort(active, {}, [](const ActiveConfiguration& one) {
        const Configuration& of = one.configuration;
        return std::tuple(of.priority, of.created, of.id.text());
    });
    return active;
}

Reconfigured reconfigure(const Twin& twin, const std::vector<Wish>& wishes, WallTime now,
                         const TwinLimits& limits) {
    if (wishes.empty() && twin.configured == Configured()) {
        return {.twin = twin, .patch = {}, .error = {}};
    }
    const Outcome outcome = outcome_of(twin, wishes);
    JsonObject patch = patch_between(twin.desired.values, outcome.desired);
    if (patch.empty()) {
        return {.twin = with_configured(twin, configured_by(wishes, outcome)),
                .patch = {},
                .error = {}};
    }
    auto next = apply_patch(twin, {.tags = std::nullopt, .desired = patch}, now, limits);
    if (!next) {
        return {.twin = with_configured(twin, only_named(twin, wishes)),
                .patch = {},
                .error = std::move(next.error())};
    }
    next->configured = configured_by(wishes, outcome);
    return {.twin = std::move(*next), .patch = std::move(patch), .error = {}};
}

Reconfigured with_settings(const Twin& twin, const std::vector<Setting>& settings, WallTime now,
                           const TwinLimits& limits) {
    JsonObject desired = twin.desired.values;
    for (const Setting& setting : settings) {
        set_at(desired, setting);
    }
    JsonObject patch = patch_between(twin.desired.values, desired);
    if (patch.empty()) {
        return {.twin = twin, .patch = {}, .error = {}};
    }
    auto next = apply_patch(twin, {.tags = std::nullopt, .desired = patch}, now, limits);
    if (!next) {
        return {.twin = twin, .patch = {}, .error = std::move(next.error())};
    }
    return {.twin = std::move(*next), .patch = std::move(patch), .error = {}};
}

JsonObject patch_between(const JsonObject& from, const JsonObject& to) {
    JsonObject patch;
    for (const auto& member : from) {
        if (!to.contains(member.key())) {
            patch[member.key()] = nullptr;
        }
    }
    for (const auto& member : to) {
        const Json* before = from.if_contains(member.key());
        if (before != nullptr && *before == member.value()) {
            continue;
        }
        const bool both_objects =
            before != nullptr && before->is_object() && member.value().is_object();
        patch[member.key()] =
            both_objects ? Json(patch_between(before->get_object(), member.value().get_object()))
                         : member.value();
    }
    return patch;
}

} // namespace muster::hub
