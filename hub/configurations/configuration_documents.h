#pragma once
// Configurations as documents: what callers send and see (iothub B.11), and what the stores keep.
// Pure.

#include "base/json.h"
#include "base/result.h"
#include "hub/configurations/configuration.h"
#include "hub/twin.h"
#include "query/query.h"

#include <expected>
#include <map>
#include <string>
#include <string_view>

namespace muster::hub {

inline constexpr std::size_t custom_metrics_max = 5;

/// 1 to 128 lower-case ASCII characters without blanks and `& ^ [ ] { } \ | " < > /`.
Result<ConfigurationId> parse_configuration_id(std::string_view text);

/// A refusal, and which line of the error table (B.17) it is.
struct ConfigurationFault {
    enum class What : std::uint8_t { other, condition, content, immutable_content, metrics };
    What what = What::other;
    Error error;
};

template <class T>
using ConfigurationResult = std::expected<T, ConfigurationFault>;

/// What a caller may set; the rest is ignored. Without content the content comes out empty: on
/// creation that is a fault, on an update it stays as it is. Faults: malformed, naming the member.
ConfigurationResult<Configuration>
configuration_from(const ConfigurationId& id, const JsonObject& document, const TwinLimits& limits);

/// For `testQueries`: empty texts for what is well.
struct QueryFindings {
    std::string condition_error;
    std::map<std::string, std::string> metric_errors;
};

Result<QueryFindings> test_queries(const JsonObject& document);

JsonObject to_document(const QueryFindings& findings);
JsonObject to_document(const Configuration& configuration);

/// Everything but the metrics, which have columns of their own.
JsonObject to_stored_document(const Configuration& configuration);
Result<Configuration> stored_configuration(const JsonObject& document);
JsonObject to_stored_document(const ConfigurationMetrics& metrics);
Result<ConfigurationMetrics> stored_metrics(const JsonObject& document);

} // namespace muster::hub
