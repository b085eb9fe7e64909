#include "store/sql/usages.h"

#include "base/text.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

namespace {

constexpr Statement select_usage{"SELECT CAST(day AS TEXT) || ' ' || CAST(messages AS TEXT)"
                                 " FROM hub_usage WHERE hub = $1"};
constexpr Statement upsert_usage{
    "INSERT INTO hub_usage (hub, day, messages) VALUES ($1, $2, $3)"
    " ON CONFLICT (hub) DO UPDATE SET day = excluded.day, messages = excluded.messages"};

} // namespace

Result<std::optional<hub::Usage>> Usages::load(const HubName& hub) {
    const auto found = read_texts(database_, select_usage, {hub.text()});
    if (!found) {
        return std::unexpected(found.error());
    }
    if (found->empty()) {
        return std::nullopt;
    }
    const auto parts = split_once(found->front(), ' ');
    const auto day = parts ? parse_decimal(parts->first) : std::nullopt;
    const auto messages = parts ? parse_decimal(parts->second) : std::nullopt;
    if (!day || !messages) {
        return damaged_document({.detail = "a usage is no number", .cause = {}});
    }
    return hub::Usage{.day = static_cast<std::int64_t>(*day),
                      .messages = static_cast<std::int64_t>(*messages)};
}

Result<void> Usages::save(const HubName& hub, const hub::Usage& usage) {
    return database_.write([&](Connection& connection) {
        return run_only(connection, upsert_usage, {hub.text(), usage.day, usage.messages});
    });
}

} // namespace muster::store::sql
