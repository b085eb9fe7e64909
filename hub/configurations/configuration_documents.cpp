#include "hub/configurations/configuration_documents.h"

#include "base/encoding.h"
#include "base/text.h"
#include "hub/configurations/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace muster::hub {

namespace {

using What = ConfigurationFault::What;

constexpr std::size_t id_characters_max = 128;
constexpr std::size_t metric_name_bytes_max = 128;
constexpr std::size_t labels_max = 100;

std::unexpected<ConfigurationFault> fault(What what, Error error) {
    return std::unexpected(ConfigurationFault{what, std::move(error)});
}

std::unexpected<ConfigurationFault> fault(What what, std::string detail) {
    return fault(what, Error{.code = Code::malformed, .detail = std::move(detail)});
}

bool is_id_character(char c) {
    constexpr std::string_view excluded = "&^[]{}\\|\"<>/";
    return c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z') && !excluded.contains(c);
}

/// The object member; empty if unset.
Result<JsonObject> object_member(const JsonObject& document, std::string_view name) {
    const Json* member = find_member(document, name);
    if (member == nullptr) {
        return JsonObject();
    }
    if (!member->is_object()) {
        return fail(Code::malformed, fmt::format("{} must be an object", name));
    }
    return member->get_object();
}

Result<JsonObject> labels_from(const JsonObject& document) {
    auto labels = object_member(document, "labels");
    if (!labels) {
        return labels;
    }
    const bool are_texts =
        std::ranges::all_of(*labels, [](const auto& label) { return label.value().is_string(); });
    if (!are_texts || labels->size() > labels_max) {
        return fail(Code::malformed, fmt::format("labels must be up to {} texts", labels_max));
    }
    return labels;
}

Result<std::int64_t> priority_from(const JsonObject& document) {
    const Json* member = find_member(document, "priority");
    if (member == nullptr) {
        return 0;
    }
    const std::int64_t* priority = member->if_int64();
    if (priority == nullptr || *priority < 0 ||
        *priority > std::numeric_limits<std::int32_t>::max()) {
        return fail(Code::malformed, "priority must be a non-negative integer");
    }
    return *priority;
}

/// `metrics.queries`, unparsed.
Result<std::map<std::string, std::string>> queries_from(const JsonObject& queries) {
    std::map<std::string, std::string> found;
    for (const auto& member : queries) {
        if (!member.value().is_string()) {
            return fail(Code::malformed, "the query of a metric must be a text");
        }
        if (member.key().empty() || member.key().size() > metric_name_bytes_max) {
            return fail(Code::malformed,
                        fmt::format("a metric's name has 1 to {} bytes", metric_name_bytes_max));
        }
        found.emplace(member.key(), member.value().get_string());
    }
    if (found.size() > custom_metrics_max) {
        return fail(Code::malformed,
                    fmt::format("there can be {} metrics at most", custom_metrics_max));
    }
    return found;
}

ConfigurationResult<std::map<std::string, std::string>> metrics_from(const JsonObject& document) {
    const auto metrics = object_member(document, "metrics");
    if (!metrics) {
        return fault(What::metrics, metrics.error());
    }
    const auto member = object_member(*metrics, "queries");
    if (!member) {
        return fault(What::metrics, member.error());
    }
    auto queries = queries_from(*member);
    if (!queries) {
        return fault(What::metrics, std::move(queries.error()));
    }
    for (const auto& [name, text] : *queries) {
        if (const auto query = metric_query(text); !query) {
            return fault(What::metrics, fmt::format("metric '{}': {}", name, query.error().detail));
        }
    }
    return std::move(*queries);
}

/// Leaves the content empty if there is none.
ConfigurationResult<void> read_content(const JsonObject& document, const TwinLimits& limits,
                                       Configuration& configuration) {
    const Json* member = find_member(document, "content");
    if (member == nullptr) {
        return {};
    }
    if (!member->is_object()) {
        return fault(What::content, "content must be an object");
    }
    auto content = content_from(member->get_object(), limits);
    if (!content) {
        return fault(What::content, std::move(content.error()));
    }
    configuration.kind = content->kind;
    configuration.content = std::move(content->document);
    return {};
}

ConfigurationResult<void> check_id(const ConfigurationId& id, const JsonObject& document) {
    const auto named = string_member(document, "id", id.text());
    if (!named) {
        return fault(What::other, named.error());
    }
    return *named == id.text() ? ConfigurationResult<void>()
                               : fault(What::other, "id is not that of the path");
}

/// The plain members.
Result<void> read_values(const JsonObject& document, Configuration& configuration) {
    auto labels = labels_from(document);
    if (!labels) {
        return std::unexpected(std::move(labels.error()));
    }
    const auto priority = priority_from(document);
    if (!priority) {
        return std::unexpected(priority.error());
    }
    auto schema = string_member(document, "schemaVersion", configuration.schema_version);
    if (!schema) {
        return std::unexpected(std::move(schema.error()));
    }
    configuration.labels = std::move(*labels);
    configuration.priority = *priority;
    configuration.schema_version = std::move(*schema);
    return {};
}

/// The query that finds those whom the condition means.
std::string targeted_query(const Configuration& configuration, std::string_view select) {
    const std::string_view condition = trim(configuration.condition);
    if (condition == "*") {
        return fmt::format("{} from devices", select);
    }
    return starts_with_ignoring_case(condition, "from ")
               ? fmt::format("{} {}", select, condition)
               : fmt::format("{} from devices where {}", select,
                             condition.empty() ? "false" : condition);
}

JsonObject system_queries(const Configuration& configuration) {
    const bool of_modules = configuration.kind == ContentKind::module;
    const std::string_view select = of_modules ? "select deviceId, moduleId" : "select deviceId";
    const std::string applied =
        fmt::format("{} from {} where configurations.[[{}]].status = 'Applied'", select,
                    of_modules ? "devices.modules" : "devices", configuration.id.text());
    return {{"targetedCount", targeted_query(configuration, select)}, {"appliedCount", applied}};
}

template <class T>
JsonObject object_of(const std::map<std::string, T>& values) {
    JsonObject object;
    for (const auto& [name, value] : values) {
        object[name] = value;
    }
    return object;
}

JsonObject shown_content(const Configuration& configuration) {
    JsonObject content = configuration.content;
    for (const std::string_view name : {"deviceContent", "moduleContent", "modulesContent"}) {
        content.emplace(name, nullptr);
    }
    return content;
}

} // namespace

ETag etag_of(const Configuration& configuration) {
    return ETag(base64_encode(std::to_string(configuration.version)));
}

Result<ConfigurationId> parse_configuration_id(std::string_view text) {
    if (text.empty() || text.size() > id_characters_max ||
        !std::ranges::all_of(text, is_id_character)) {
        return fail(Code::malformed,
                    R"(a configuration id has 1 to 128 lower-case characters, no blanks and none)"
                    R"( of &^[]{}\|"<>/)");
    }
    return ConfigurationId(std::string(text));
}

ConfigurationResult<Configuration> configuration_from(const ConfigurationId& id,
                                                      const JsonObject& document,
                                                      const TwinLimits& limits) {
    Configuration configuration;
    configuration.id = id;
    if (auto fine = check_id(id, document); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    if (auto read = read_values(document, configuration); !read) {
        return fault(What::other, std::move(read.error()));
    }
    if (auto read = read_content(document, limits, configuration); !read) {
        return std::unexpected(std::move(read.error()));
    }
    auto condition = string_member(document, "targetCondition");
    if (!condition) {
        return fault(What::condition, std::move(condition.error()));
    }
    if (const auto target = configuration_target(*condition); !target) {
        return fault(What::condition, "targetCondition: " + target.error().detail);
    }
    configuration.condition = std::move(*condition);
    auto queries = metrics_from(document);
    if (!queries) {
        return std::unexpected(std::move(queries.error()));
    }
    configuration.metric_queries = std::move(*queries);
    return configuration;
}

Result<QueryFindings> test_queries(const JsonObject& document) {
    const auto condition = string_member(document, "targetCondition");
    if (!condition) {
        return std::unexpected(condition.error());
    }
    const auto member = object_member(document, "customMetricQueries");
    if (!member) {
        return std::unexpected(member.error());
    }
    const auto queries = queries_from(*member);
    if (!queries) {
        return std::unexpected(queries.error());
    }
    QueryFindings findings;
    if (const auto target = configuration_target(*condition); !target) {
        findings.condition_error = target.error().detail;
    }
    for (const auto& [name, text] : *queries) {
        if (const auto query = metric_query(text); !query) {
            findings.metric_errors.emplace(name, query.error().detail);
        }
    }
    return findings;
}

JsonObject to_document(const QueryFindings& findings) {
    return {{"targetConditionError", findings.condition_error},
            {"customMetricQueryErrors", object_of(findings.metric_errors)}};
}

JsonObject to_document(const Configuration& configuration) {
    const ConfigurationMetrics& metrics = configuration.metrics;
    return {{"id", configuration.id.text()},
            {"schemaVersion", configuration.schema_version},
            {"labels", configuration.labels},
            {"content", shown_content(configuration)},
            {"targetCondition", configuration.condition},
            {"createdTimeUtc", format_time(configuration.created)},
            {"lastUpdatedTimeUtc", format_time(configuration.updated)},
            {"priority", configuration.priority},
            {"systemMetrics", JsonObject{{"results", JsonObject{{"targetedCount", metrics.targeted},
                                                                {"appliedCount", metrics.applied}}},
                                         {"queries", system_queries(configuration)}}},
            {"metrics", JsonObject{{"results", object_of(metrics.custom)},
                                   {"queries", object_of(configuration.metric_queries)}}},
            {"etag", etag_of(configuration).text()}};
}

} // namespace muster::hub
