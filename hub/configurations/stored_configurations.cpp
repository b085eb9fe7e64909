// Configurations as the stores keep them. Reading is strict: what was written is all there.

#include "hub/configurations/configuration_documents.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace muster::hub {

namespace {

using boost::json::kind;

constexpr std::array<std::string_view, 3> kind_names{"device", "module", "modules"};

/// The member of that kind; after the first mistake an empty one.
class Members {
  public:
    explicit Members(const JsonObject& document) : document_(document) {}

    std::string text(std::string_view name) {
        const Json* value = get(name, kind::string);
        return value == nullptr ? std::string() : std::string(value->get_string());
    }

    std::int64_t number(std::string_view name) {
        const Json* value = get(name, kind::int64);
        return value == nullptr ? 0 : value->get_int64();
    }

    JsonObject object(std::string_view name) {
        const Json* value = get(name, kind::object);
        return value == nullptr ? JsonObject() : value->get_object();
    }

    WallTime time(std::string_view name) { return WallTime(WallTime::duration(number(name))); }

    ContentKind content_kind(std::string_view name) {
        const std::string word = text(name);
        for (std::size_t index = 0; index < kind_names.size(); ++index) {
            if (kind_names[index] == word) {
                return static_cast<ContentKind>(index);
            }
        }
        note(name);
        return ContentKind::device;
    }

    void note(std::string_view name) {
        if (damaged_.empty()) {
            damaged_ = name;
        }
    }

    template <class T>
    Result<T> finish(T value) const {
        if (!damaged_.empty()) {
            return fail(Code::malformed, fmt::format("{} is missing or damaged", damaged_));
        }
        return value;
    }

  private:
    const Json* get(std::string_view name, kind wanted) {
        const Json* value = document_.if_contains(name);
        if (value != nullptr && value->kind() == wanted) {
            return value;
        }
        note(name);
        return nullptr;
    }

    const JsonObject& document_;
    std::string damaged_;
};

std::int64_t to_number(WallTime time) {
    return time.time_since_epoch().count();
}

template <class T>
JsonObject object_of(const std::map<std::string, T>& values) {
    JsonObject object;
    for (const auto& [name, value] : values) {
        object[name] = value;
    }
    return object;
}

} // namespace

JsonObject to_stored_document(const Configuration& configuration) {
    return {{"id", configuration.id.text()},
            {"version", configuration.version},
            {"schemaVersion", configuration.schema_version},
            {"labels", configuration.labels},
            {"kind", kind_names[static_cast<std::size_t>(configuration.kind)]},
            {"content", configuration.content},
            {"condition", configuration.condition},
            {"priority", configuration.priority},
            {"metricQueries", object_of(configuration.metric_queries)},
            {"created", to_number(configuration.created)},
            {"updated", to_number(configuration.updated)}};
}

Result<Configuration> stored_configuration(const JsonObject& document) {
    Members members(document);
    Configuration configuration;
    configuration.id = ConfigurationId(members.text("id"));
    configuration.version = members.number("version");
    configuration.schema_version = members.text("schemaVersion");
    configuration.labels = members.object("labels");
    configuration.kind = members.content_kind("kind");
    configuration.content = members.object("content");
    configuration.condition = members.text("condition");
    configuration.priority = members.number("priority");
    configuration.created = members.time("created");
    configuration.updated = members.time("updated");
    for (const auto& query : members.object("metricQueries")) {
        const auto* text = query.value().if_string();
        if (text == nullptr) {
            members.note("metricQueries");
            break;
        }
        configuration.metric_queries.emplace(query.key(), *text);
    }
    return members.finish(std::move(configuration));
}

JsonObject to_stored_document(const ConfigurationMetrics& metrics) {
    return {{"targeted", metrics.targeted},
            {"applied", metrics.applied},
            {"custom", object_of(metrics.custom)}};
}

Result<ConfigurationMetrics> stored_metrics(const JsonObject& document) {
    Members members(document);
    ConfigurationMetrics metrics;
    metrics.targeted = members.number("targeted");
    metrics.applied = members.number("applied");
    for (const auto& count : members.object("custom")) {
        const auto* number = count.value().if_int64();
        if (number == nullptr) {
            members.note("custom");
            break;
        }
        metrics.custom.emplace(count.key(), *number);
    }
    return members.finish(std::move(metrics));
}

} // namespace muster::hub
