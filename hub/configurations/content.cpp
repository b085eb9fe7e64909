#include "hub/configurations/content.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::string_view desired_prefix = "properties.desired";
constexpr std::size_t modules_max = 50; // of one configuration

struct KindName {
    ContentKind kind;
    std::string_view name;
};

constexpr std::array kind_names{KindName{ContentKind::device, "deviceContent"},
                                KindName{ContentKind::module, "moduleContent"},
                                KindName{ContentKind::modules, "modulesContent"}};

struct Found {
    KindName kind;
    const JsonObject* object = nullptr;
};

Result<Found> only_kind(const JsonObject& document) {
    std::vector<Found> found;
    for (const KindName& kind : kind_names) {
        const Json* member = find_member(document, kind.name);
        if (member == nullptr) {
            continue;
        }
        if (!member->is_object()) {
            return fail(Code::malformed, fmt::format("{} must be an object", kind.name));
        }
        found.push_back({kind, &member->get_object()});
    }
    if (found.size() > 1) {
        std::erase_if(found, [](const Found& one) { return one.object->empty(); });
    }
    if (found.size() != 1) {
        return fail(Code::malformed, "content must have exactly one of deviceContent,"
                                     " moduleContent and modulesContent");
    }
    return found.front();
}

bool holds_null(const Json& value) {
    if (const JsonObject* object = value.if_object()) {
        return std::ranges::any_of(*object,
                                   [](const auto& member) { return holds_null(member.value()); });
    }
    return value.is_null();
}

/// The names behind "properties.desired"; none for it alone.
Result<std::vector<std::string>> path_from(std::string_view key) {
    const bool is_desired =
        key.starts_with(desired_prefix) &&
        (key.size() == desired_prefix.size() || key[desired_prefix.size()] == '.');
    if (!is_desired) {
        return fail(Code::malformed,
                    fmt::format("'{}' is not a path below properties.desired", key));
    }
    std::vector<std::string> path;
    if (key.size() == desired_prefix.size()) {
        return path;
    }
    for (const std::string_view name : split(key.substr(desired_prefix.size() + 1), '.')) {
        if (name.empty()) {
            return fail(Code::malformed, fmt::format("'{}' has an empty name", key));
        }
        path.emplace_back(name);
    }
    return path;
}

bool is_within(const Setting& inner, const Setting& outer) {
    return inner.path.size() >= outer.path.size() &&
           std::equal(outer.path.begin(), outer.path.end(), inner.path.begin());
}

/// Sorted, so that what lies within another stands right behind it.
Result<void> check_apart(std::vector<Setting>& settings) {
    std::ranges::sort(settings, {}, &Setting::path);
    for (std::size_t at = 1; at < settings.size(); ++at) {
        if (is_within(settings[at], settings[at - 1])) {
            return fail(Code::malformed,
                        fmt::format("'{}' is set twice", fmt::join(settings[at].path, ".")));
        }
    }
    return {};
}

Result<void> check_limits(const std::vector<Setting>& settings, const TwinLimits& limits) {
    JsonObject desired;
    for (const Setting& setting : settings) {
        set_at(desired, setting);
    }
    const auto applied =
        apply_patch(Twin(), {.tags = std::nullopt, .desired = std::move(desired)}, {}, limits);
    return applied ? Result<void>() : std::unexpected(applied.error());
}

Result<std::vector<Setting>> settings_from(const JsonObject& document, const TwinLimits& limits) {
    std::vector<Setting> settings;
    for (const auto& member : document) {
        auto path = path_from(member.key());
        if (!path) {
            return std::unexpected(std::move(path.error()));
        }
        if (holds_null(member.value())) {
            return fail(Code::malformed,
                        fmt::format("the value of '{}' holds null", std::string(member.key())));
        }
        if (!path->empty()) {
            settings.push_back({std::move(*path), member.value()});
            continue;
        }
        if (!member.value().is_object()) {
            return fail(Code::malformed, "properties.desired must be an object");
        }
        for (const auto& property : member.value().get_object()) {
            settings.push_back({{std::string(property.key())}, property.value()});
        }
    }
    if (auto apart = check_apart(settings); !apart) {
        return std::unexpected(std::move(apart.error()));
    }
    if (auto fine = check_limits(settings, limits); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    return settings;
}

Result<Settings> settings_of_modules(const JsonObject& document, const TwinLimits& limits) {
    if (document.size() > modules_max) {
        return fail(Code::malformed,
                    fmt::format("modulesContent names over {} modules", modules_max));
    }
    Settings all;
    for (const auto& member : document) {
        if (auto module = parse_module_id(member.key()); !module) {
            return std::unexpected(std::move(module.error()));
        }
        if (!member.value().is_object()) {
            return fail(Code::malformed, "the content of a module must be an object");
        }
        auto settings = settings_from(member.value().get_object(), limits);
        if (!settings) {
            return std::unexpected(std::move(settings.error()));
        }
        all.emplace(member.key(), std::move(*settings));
    }
    return all;
}

/// What the engine changes by itself would make it chase its own tail.
bool is_of_the_engine(const query::Path& path) {
    const auto name_at = [&](std::size_t step) {
        const auto* name =
            step < path.steps.size() ? std::get_if<std::string>(&path.steps[step]) : nullptr;
        return name == nullptr ? std::string_view() : std::string_view(*name);
    };
    if (name_at(0) == "properties") {
        return name_at(1) != "reported";
    }
    constexpr std::array<std::string_view, 3> own{"version", "etag", "configurations"};
    return std::ranges::find(own, name_at(0)) != own.end();
}

} // namespace

Result<Content> content_from(const JsonObject& document, const TwinLimits& limits) {
    const auto found = only_kind(document);
    if (!found) {
        return std::unexpected(found.error());
    }
    Content content{
        .kind = found->kind.kind, .document = {{found->kind.name, *found->object}}, .settings = {}};
    if (content.kind == ContentKind::modules) {
        auto settings = settings_of_modules(*found->object, limits);
        if (!settings) {
            return std::unexpected(std::move(settings.error()));
        }
        content.settings = std::move(*settings);
        return content;
    }
    auto settings = settings_from(*found->object, limits);
    if (!settings) {
        return std::unexpected(std::move(settings.error()));
    }
    content.settings.emplace("", std::move(*settings));
    return content;
}

void set_at(JsonObject& values, const Setting& setting) {
    JsonObject* parent = &values;
    for (std::size_t step = 0; step + 1 < setting.path.size(); ++step) {
        Json& child = (*parent)[setting.path[step]];
        if (!child.is_object()) {
            child = JsonObject();
        }
        parent = &child.get_object();
    }
    (*parent)[setting.path.back()] = setting.value;
}

Result<std::optional<query::Target>> configuration_target(std::string_view condition) {
    if (trim(condition).empty()) {
        return std::optional<query::Target>();
    }
    auto target = query::parse_target(condition);
    if (!target) {
        return std::unexpected(std::move(target.error()));
    }
    if (target->condition) {
        for (const query::Path* path : query::paths_of(target->condition->expression())) {
            if (is_of_the_engine(*path)) {
                return fail(Code::malformed,
                            fmt::format("'{}' cannot stand in a target condition: only tags,"
                                        " reported properties and the identity can",
                                        query::to_text(*path)));
            }
        }
    }
    return std::optional(std::move(*target));
}

Result<query::Query> metric_query(std::string_view text) {
    auto query = query::parse_query(text);
    if (query && (query->source == query::Source::jobs || query->aggregates())) {
        return fail(Code::malformed,
                    "a metric's query selects devices or modules; the rows are counted");
    }
    return query;
}

} // namespace muster::hub
