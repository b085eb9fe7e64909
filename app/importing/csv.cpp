// CSV records and what their columns say of an enrollment.

#include "app/importing/rows.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace muster::app {

namespace {

constexpr std::array<std::string_view, 10> plain_columns{
    "registrationId", "deviceId",     "provisioningStatus", "allocationPolicy",     "iotHubs",
    "primaryKey",     "secondaryKey", "certificate",        "secondaryCertificate", "iotEdge"};
constexpr std::string_view tags_prefix = "tags.";
constexpr std::string_view desired_prefix = "desired.";

bool is_known(std::string_view column) {
    return std::ranges::find(plain_columns, column) != plain_columns.end() ||
           (column.starts_with(tags_prefix) && column.size() > tags_prefix.size()) ||
           (column.starts_with(desired_prefix) && column.size() > desired_prefix.size());
}

/// `tags.a.b` sets member b of member a.
void set_path(JsonObject& object, std::string_view path, Json value) {
    const auto parts = split_once(path, '.');
    if (!parts) {
        object[path] = std::move(value);
        return;
    }
    Json& member = object[parts->first];
    if (!member.is_object()) {
        member = JsonObject();
    }
    set_path(member.as_object(), parts->second, std::move(value));
}

/// `42`, `true` and `{"a":1}` as such, everything else as text.
Json cell_value(const std::string& text) {
    auto json = parse_json(text);
    return json ? std::move(*json) : Json(text);
}

/// What the columns of a row add up to.
struct Cells {
    JsonObject plain;
    JsonObject keys;
    JsonObject certificates;
    JsonObject tags;
    JsonObject desired;
};

Result<bool> parse_flag(std::string_view text) {
    if (equal_ignoring_case(text, "true") || text == "1") {
        return true;
    }
    if (equal_ignoring_case(text, "false") || text == "0") {
        return false;
    }
    return fail(Code::malformed, "iotEdge must be true or false");
}

JsonArray parse_hubs(std::string text) {
    std::ranges::replace(text, ';', ' ');
    JsonArray hubs;
    for (const std::string_view hub : split(text, ' ')) {
        if (!hub.empty()) {
            hubs.emplace_back(hub);
        }
    }
    return hubs;
}

Result<void> take_cell(std::string_view column, const std::string& text, Cells& cells) {
    if (column.starts_with(tags_prefix)) {
        set_path(cells.tags, column.substr(tags_prefix.size()), cell_value(text));
    } else if (column.starts_with(desired_prefix)) {
        set_path(cells.desired, column.substr(desired_prefix.size()), cell_value(text));
    } else if (column == "primaryKey" || column == "secondaryKey") {
        cells.keys[column] = text;
    } else if (column == "certificate" || column == "secondaryCertificate") {
        cells.certificates[column == "certificate" ? "primary" : "secondary"] =
            JsonObject{{"certificate", text}};
    } else if (column == "iotHubs") {
        cells.plain[column] = parse_hubs(text);
    } else if (column == "iotEdge") {
        const auto flag = parse_flag(text);
        if (!flag) {
            return std::unexpected(flag.error());
        }
        cells.plain["capabilities"] = JsonObject{{"iotEdge", *flag}};
    } else {
        cells.plain[column] = text;
    }
    return {};
}

Result<JsonObject> attestation_of(Cells& cells) {
    if (!cells.certificates.empty() && !cells.keys.empty()) {
        return fail(Code::malformed, "a row has either keys or certificates");
    }
    if (!cells.certificates.empty()) {
        return JsonObject{
            {"type", "x509"},
            {"x509", JsonObject{{"clientCertificates", std::move(cells.certificates)}}}};
    }
    return JsonObject{{"type", "symmetricKey"}, {"symmetricKey", std::move(cells.keys)}};
}

} // namespace

Result<std::vector<std::string>> parse_csv_record(std::string_view record) {
    std::vector<std::string> fields;
    std::string field;
    bool quoted = false;
    bool was_quoted = false;
    for (std::size_t i = 0; i < record.size(); ++i) {
        const char c = record[i];
        if (quoted) {
            if (c != '"') {
                field += c;
            } else if (i + 1 < record.size() && record[i + 1] == '"') {
                field += '"';
                ++i;
            } else {
                quoted = false;
            }
        } else if (c == ',') {
            fields.push_back(std::exchange(field, {}));
            was_quoted = false;
        } else if (c == '"' && field.empty() && !was_quoted) {
            quoted = was_quoted = true;
        } else if (c == '"' || was_quoted) {
            return fail(Code::malformed,
                        fmt::format("a stray quote in column {}", fields.size() + 1));
        } else {
            field += c;
        }
    }
    if (quoted) {
        return fail(Code::malformed, "a quote that never ends");
    }
    fields.push_back(std::move(field));
    return fields;
}

Result<void> check_columns(const std::vector<std::string>& columns) {
    if (columns.size() > csv_columns_max) {
        return fail(Code::malformed, fmt::format("more than {} columns", csv_columns_max));
    }
    std::set<std::string_view> seen;
    for (const std::string& column : columns) {
        if (!is_known(column)) {
            return fail(Code::malformed, fmt::format("unknown column '{}'", column));
        }
        if (!seen.insert(column).second) {
            return fail(Code::malformed, fmt::format("the column '{}' stands twice", column));
        }
    }
    if (!seen.contains("registrationId")) {
        return fail(Code::malformed, "there is no column 'registrationId'");
    }
    return {};
}

Result<JsonObject> enrollment_of(const std::vector<std::string>& columns,
                                 const std::vector<std::string>& fields) {
    if (fields.size() != columns.size()) {
        return fail(Code::malformed, fmt::format("{} fields where the header has {}", fields.size(),
                                                 columns.size()));
    }
    Cells cells;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (fields[i].empty()) {
            continue;
        }
        if (auto taken = take_cell(columns[i], fields[i], cells); !taken) {
            return std::unexpected(taken.error());
        }
    }
    auto attestation = attestation_of(cells);
    if (!attestation) {
        return attestation;
    }
    JsonObject enrollment = std::move(cells.plain);
    enrollment["attestation"] = std::move(*attestation);
    JsonObject twin;
    if (!cells.tags.empty()) {
        twin["tags"] = std::move(cells.tags);
    }
    if (!cells.desired.empty()) {
        twin["properties"] = JsonObject{{"desired", std::move(cells.desired)}};
    }
    if (!twin.empty()) {
        enrollment["initialTwin"] = std::move(twin);
    }
    return enrollment;
}

} // namespace muster::app
