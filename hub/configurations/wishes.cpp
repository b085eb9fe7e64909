#include "hub/configurations/wishes.h"

#include "hub/documents.h"

#include <algorithm>

namespace muster::hub {

namespace {

bool means(const ActiveConfiguration& configuration, query::Source source,
           const JsonObject& document) {
    const auto& target = configuration.target;
    return target && target->source == source &&
           (!target->condition ||
            query::matches(*target->condition, query::DocumentFacts(document)));
}

/// modulesContent shows at the device as applied once one of its modules is there.
ConfigurationState state_at_device(const ActiveConfiguration& configuration,
                                   const std::set<std::string>& modules) {
    const bool is_there = std::ranges::any_of(
        configuration.settings, [&](const auto& one) { return modules.contains(one.first); });
    return is_there ? ConfigurationState::applied : ConfigurationState::targeted;
}

void add_for_device(std::vector<Wish>& wishes, const ActiveConfiguration& one, const TwinView& view,
                    const JsonObject& document, const std::set<std::string>& modules) {
    const ContentKind kind = one.configuration.kind;
    if (kind == ContentKind::module || !means(one, query::Source::devices, document)) {
        return;
    }
    if (kind == ContentKind::device) {
        wishes.push_back({.of = &one, .settings = &one.settings.at(""), .state = {}});
    } else if (view.device.iot_edge) {
        wishes.push_back({.of = &one, .settings = nullptr, .state = state_at_device(one, modules)});
    }
}

void add_for_module(std::vector<Wish>& wishes, const ActiveConfiguration& one,
                    const std::string& name, const JsonObject& document,
                    const std::optional<JsonObject>& edge_device) {
    if (one.configuration.kind == ContentKind::module) {
        if (means(one, query::Source::modules, document)) {
            wishes.push_back({.of = &one, .settings = &one.settings.at(""), .state = {}});
        }
        return;
    }
    const auto settings = one.settings.find(name);
    if (one.configuration.kind == ContentKind::modules && settings != one.settings.end() &&
        edge_device && means(one, query::Source::devices, *edge_device)) {
        wishes.push_back({.of = &one, .settings = &settings->second, .state = {}});
    }
}

} // namespace

std::vector<Wish> wishes_for(const std::vector<ActiveConfiguration>& configurations,
                             const IdentityId& id, const TwinView& view,
                             const Surroundings& surroundings) {
    std::vector<Wish> wishes;
    if (configurations.empty()) {
        return wishes;
    }
    const JsonObject document = to_document(view);
    for (const ActiveConfiguration& one : configurations) {
        if (id.is_module()) {
            add_for_module(wishes, one, id.module.text(), document, surroundings.edge_device);
        } else {
            add_for_device(wishes, one, view, document, surroundings.modules);
        }
    }
    return wishes;
}

bool reach_into_devices(const std::vector<ActiveConfiguration>& configurations) {
    return std::ranges::any_of(configurations, [](const ActiveConfiguration& one) {
        return one.configuration.kind == ContentKind::modules;
    });
}

} // namespace muster::hub
