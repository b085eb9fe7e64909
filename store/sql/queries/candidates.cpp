#include "store/sql/queries/candidates.h"

#include "store/sql/rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::store::sql {

namespace {

// $1 is the hub, $2 the least id, $3 the limit; further parameters are texts.
constexpr std::size_t fixed_parameters = 3;

constexpr std::string_view columns =
    "SELECT d.id, d.facts, t.document, p.connected, p.connection_updated, p.last_activity,"
    " q.pending FROM ";
// The order of the joins is the order in which the engine has to go about it.
constexpr std::string_view joins =
    " CROSS JOIN twin t LEFT JOIN presence p ON p.hub = $1 AND p.id = d.id"
    " LEFT JOIN message_queue q ON q.hub = $1 AND q.device = d.id"
    " WHERE t.hub = $1 AND t.device = d.id AND d.facts IS NOT NULL";

class Composition {
  public:
    Composition(const Prefilter& prefilter, query::Source source)
        : prefilter_(prefilter), is_module_(source == query::Source::modules) {}

    DynamicStatement run() {
        if (!prefilter_.device_ids.empty()) {
            from_ids();
        } else if (prefilter_.tag) {
            prefilter_.tag->values.size() == 1 ? from_tag() : from_tags();
        } else if (prefilter_.only_connected) {
            from_connected();
        } else {
            from_devices();
        }
        return std::move(statement_);
    }

  private:
    std::string parameter(std::string value) {
        statement_.values.push_back(std::move(value));
        return fmt::format("${}", statement_.values.size() + fixed_parameters);
    }

    [[nodiscard]] std::string_view of_source() const {
        return is_module_ ? " AND d.parent IS NOT NULL" : " AND d.parent IS NULL";
    }

    void compose(std::string_view from, std::string_view where, std::string_view ordered_by) {
        statement_.text =
            fmt::format("{}{}{}{} ORDER BY {} LIMIT $3", columns, from, joins, where, ordered_by);
    }

    void from_ids() {
        std::string list;
        for (const std::string& id : prefilter_.device_ids) {
            list += (list.empty() ? "" : ", ") + parameter(id);
        }
        compose("device d",
                fmt::format(" AND d.hub = $1 AND d.id >= $2 AND {} IN ({}){}",
                            is_module_ ? "d.parent" : "d.id", list, of_source()),
                "d.id");
    }

    [[nodiscard]] std::string tagged(std::string_view path, std::string_view value) const {
        return fmt::format("hub = $1 AND is_module = {} AND path = {} AND value = {}"
                           " AND device >= $2",
                           is_module_ ? 1 : 0, path, value);
    }

    void from_tag() {
        const std::string path = parameter(prefilter_.tag->path);
        const std::string value = parameter(prefilter_.tag->values.front());
        compose("twin_tag g CROSS JOIN device d",
                fmt::format(" AND g.hub = $1 AND g.is_module = {} AND g.path = {} AND g.value = {}"
                            " AND g.device >= $2 AND d.hub = $1 AND d.id = g.device",
                            is_module_ ? 1 : 0, path, value),
                "g.device");
    }

    /// A device has one value at a path, so that no part finds it twice. Each part comes in the
    /// order of the index, and the engine merges them.
    void from_tags() {
        const std::string path = parameter(prefilter_.tag->path);
        std::string parts;
        for (const std::string& value : prefilter_.tag->values) {
            parts +=
                fmt::format("{}SELECT device FROM twin_tag WHERE {}",
                            parts.empty() ? "" : " UNION ALL ", tagged(path, parameter(value)));
        }
        compose(fmt::format("({} ORDER BY device LIMIT $3) g CROSS JOIN device d", parts),
                " AND d.hub = $1 AND d.id = g.device", "g.device");
    }

    void from_connected() {
        compose("presence c CROSS JOIN device d",
                fmt::format(" AND c.hub = $1 AND c.id >= $2 AND c.connected = 1"
                            " AND d.hub = $1 AND d.id = c.id{}",
                            of_source()),
                "c.id");
    }

    void from_devices() {
        std::string where = fmt::format(" AND d.hub = $1 AND d.id >= $2{}", of_source());
        if (prefilter_.only_disabled) {
            where += " AND d.status = 'disabled'";
        }
        if (prefilter_.id_before) {
            where += fmt::format(" AND {} < {}", is_module_ ? "d.parent" : "d.id",
                                 parameter(*prefilter_.id_before));
        }
        compose("device d", where, "d.id");
    }

    const Prefilter& prefilter_;
    const bool is_module_;
    DynamicStatement statement_;
};

/// The least id that may be next. No id has a character below a space, so nothing is between
/// `after` and this; a module's id begins with its device's, so neither does it pass any over.
std::string least_id(const std::string& after, const Prefilter& prefilter) {
    const std::string next = after.empty() ? after : after + '\x01';
    return std::max(next, prefilter.id_from.value_or(std::string()));
}

std::optional<WallTime> time_of(std::int64_t microseconds) {
    return microseconds == 0 ? std::nullopt
                             : std::optional(WallTime(WallTime::duration(microseconds)));
}

hub::TwinRowTexts texts_of(const Row& row) {
    return {.id = std::string(row.text(0)),
            .facts = std::string(row.text(1)),
            .twin = std::string(row.text(2)),
            .presence = {.connected = row.integer(3) == 1,
                         .connection_updated = time_of(row.integer(4)),
                         .last_activity = time_of(row.integer(5))},
            .messages_waiting = row.integer(6)};
}

constexpr Statement count_devices{"SELECT device_count FROM hub_devices WHERE hub = $1"};
constexpr Statement count_modules{"SELECT module_count FROM hub_devices WHERE hub = $1"};
constexpr Statement count_tagged{"SELECT COUNT(*) FROM twin_tag WHERE hub = $1 AND is_module = $2"
                                 " AND path = $3 AND value = $4"};

} // namespace

TwinCandidates::TwinCandidates(Database& database, const HubName& hub, query::Source source,
                               const query::Condition* condition)
    : database_(database), hub_(hub.text()), source_(source), prefilter_(prefilter_of(condition)),
      statement_(Composition(prefilter_, source).run()) {}

Result<std::vector<hub::TwinRowTexts>> TwinCandidates::next(const std::string& after,
                                                            std::size_t count_max) {
    const std::string least = least_id(after, prefilter_);
    std::vector<Value> values{std::string_view(hub_), std::string_view(least),
                              row_limit(count_max)};
    values.insert(values.end(), statement_.values.begin(), statement_.values.end());
    std::vector<hub::TwinRowTexts> rows;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run_dynamic(
            statement_.text, values, [&](const Row& row) { rows.push_back(texts_of(row)); });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    return read ? Result<std::vector<hub::TwinRowTexts>>(std::move(rows))
                : std::unexpected(read.error());
}

Result<std::optional<std::int64_t>> TwinCandidates::exact_count() {
    const bool finds_by_tag =
        prefilter_.tag && prefilter_.tag->is_exact && prefilter_.device_ids.empty();
    if (!prefilter_.is_whole) {
        return std::nullopt;
    }
    if (finds_by_tag) {
        const std::int64_t is_module = source_ == query::Source::modules ? 1 : 0;
        std::int64_t sum = 0;
        for (const std::string& value : prefilter_.tag->values) {
            const auto count = read_integer(database_, count_tagged,
                                            {hub_, is_module, prefilter_.tag->path, value}, 0);
            if (!count) {
                return std::unexpected(count.error());
            }
            sum += *count;
        }
        return sum;
    }
    const bool finds_all = prefilter_.device_ids.empty() && !prefilter_.tag &&
                           !prefilter_.only_connected && !prefilter_.only_disabled;
    if (!finds_all) {
        return std::nullopt;
    }
    const auto count = read_integer(
        database_, source_ == query::Source::modules ? count_modules : count_devices, {hub_}, 0);
    return count ? Result<std::optional<std::int64_t>>(*count) : std::unexpected(count.error());
}

} // namespace muster::store::sql
