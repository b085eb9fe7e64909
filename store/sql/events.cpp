#include "store/outcomes.h"
#include "store/sql/event_rows.h"
#include "store/sql/ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using hub::Event;
using hub::EventGroup;
using hub::EventPosition;

namespace {

constexpr Statement select_events{
    "SELECT sequence, part, source, enqueued, device, module, bytes, properties, auth_method,"
    " generation_id, model_id, body"
    " FROM hub_event WHERE hub = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"};
constexpr Statement select_events_of_partition{
    "SELECT sequence, part, source, enqueued, device, module, bytes, properties, auth_method,"
    " generation_id, model_id, body"
    " FROM hub_event WHERE hub = $1 AND part = $4 AND sequence > $2 ORDER BY sequence LIMIT $3"};
constexpr Statement select_last{"SELECT last_sequence FROM hub_event_log WHERE hub = $1"};
constexpr Statement select_first{
    "SELECT sequence FROM hub_event WHERE hub = $1 ORDER BY sequence LIMIT 1"};
constexpr Statement select_first_of_partition{
    "SELECT sequence FROM hub_event WHERE hub = $1 AND part = $2 ORDER BY sequence LIMIT 1"};
constexpr Statement select_last_of_partition{
    "SELECT sequence FROM hub_event WHERE hub = $1 AND part = $2 ORDER BY sequence DESC LIMIT 1"};

constexpr Statement move_position{"UPDATE hub_event_position SET sequence = $5, saved = $6"
                                  " WHERE hub = $1 AND kind = $2 AND name = $3 AND part = $4"};
constexpr Statement insert_position{
    "INSERT INTO hub_event_position (hub, kind, name, part, sequence, saved)"
    " VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr Statement count_other_groups{"SELECT COUNT(DISTINCT name) FROM hub_event_position"
                                       " WHERE hub = $1 AND kind = $2 AND name <> $3"};
constexpr Statement select_positions{"SELECT name, part, sequence, saved FROM hub_event_position"
                                     " WHERE hub = $1 AND kind = $2 AND name = $3 ORDER BY part"};
constexpr Statement select_groups{"SELECT name, part, sequence, saved FROM hub_event_position"
                                  " WHERE hub = $1 AND kind = $2 ORDER BY name, part"};
constexpr Statement delete_positions{
    "DELETE FROM hub_event_position WHERE hub = $1 AND kind = $2 AND name = $3"};

constexpr std::int64_t every_part = -1;

std::int64_t part_column(std::optional<int> partition) {
    return partition ? std::int64_t{*partition} : every_part;
}

std::string_view kind_column(EventGroup::Kind kind) {
    return kind == EventGroup::Kind::consumer ? "consumer" : "endpoint";
}

/// The columns after the name.
EventPosition position_from(const Row& row) {
    const std::int64_t part = row.integer(1);
    return {.partition = part == every_part ? std::nullopt : std::optional(static_cast<int>(part)),
            .sequence = row.integer(2),
            .saved = WallTime(WallTime::duration(row.integer(3)))};
}

/// Copies rows as long as they are wanted.
class Page {
  public:
    explicit Page(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    void add(const Row& row) {
        if (bytes_ < bytes_max_) {
            bytes_ += static_cast<std::size_t>(row.integer(6));
            rows_.push_back(copy_event(row));
        }
    }

    Result<std::vector<Event>> decode() {
        std::vector<Event> events;
        events.reserve(rows_.size());
        for (CopiedEvent& row : rows_) {
            Result<Event> event = event_from(std::move(row));
            if (!event) {
                return std::unexpected(event.error());
            }
            events.push_back(std::move(*event));
        }
        return events;
    }

  private:
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::vector<CopiedEvent> rows_;
};

Result<void> read_extent(Connection& connection, const HubName& hub, std::optional<int> partition,
                         hub::EventExtent& extent) {
    const auto last = integer_of(connection, select_last, {hub.text()}, 0);
    if (!last) {
        return std::unexpected(last.error());
    }
    const auto first = partition ? integer_of(connection, select_first_of_partition,
                                              {hub.text(), std::int64_t{*partition}}, *last + 1)
                                 : integer_of(connection, select_first, {hub.text()}, *last + 1);
    if (!first) {
        return std::unexpected(first.error());
    }
    extent = {.first = *first, .last = *last};
    if (!partition || *first > *last) {
        return {};
    }
    const auto own = integer_of(connection, select_last_of_partition,
                                {hub.text(), std::int64_t{*partition}}, *last);
    if (!own) {
        return std::unexpected(own.error());
    }
    extent.last = *own;
    return {};
}

/// Refuses a group that would be one too many.
Result<void> check_new_group(Connection& connection, const HubName& hub, const EventGroup& group,
                             std::size_t groups_max) {
    const auto others = integer_of(connection, count_other_groups,
                                   {hub.text(), kind_column(group.kind), group.name}, 0);
    if (!others) {
        return std::unexpected(others.error());
    }
    return *others < row_limit(groups_max) ? Result<void>() : too_many_event_groups();
}

} // namespace

Result<void> Events::append(const HubName& hub, hub::EventBatch& batch) {
    if (batch.events.empty()) {
        return {};
    }
    return write_with_events(database_, hub, batch, [](Connection&) { return Result<void>(); });
}

Result<std::vector<Event>> Events::read(const HubName& hub, const hub::EventRange& range) {
    Page page(range.bytes_max);
    const std::int64_t limit = row_limit(range.count_max);
    const auto add = [&](const Row& row) { page.add(row); };
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran =
            range.partition
                ? connection.run(select_events_of_partition,
                                 {hub.text(), range.after, limit, std::int64_t{*range.partition}},
                                 add)
                : connection.run(select_events, {hub.text(), range.after, limit}, add);
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return page.decode();
}

Result<hub::EventExtent> Events::extent(const HubName& hub, std::optional<int> partition) {
    hub::EventExtent extent;
    const Result<void> read = database_.read(
        [&](Connection& connection) { return read_extent(connection, hub, partition, extent); });
    if (!read) {
        return std::unexpected(read.error());
    }
    return extent;
}

Result<void> Events::save_position(const HubName& hub, const EventGroup& group,
                                   const EventPosition& position, std::size_t groups_max) {
    const std::string_view kind = kind_column(group.kind);
    const std::int64_t part = part_column(position.partition);
    const std::int64_t saved = position.saved.time_since_epoch().count();
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto last = integer_of(connection, select_last, {hub.text()}, 0);
        if (!last) {
            return std::unexpected(last.error());
        }
        if (position.sequence < 0 || position.sequence > *last) {
            return position_out_of_range();
        }
        const auto moved = connection.run(
            move_position, {hub.text(), kind, group.name, part, position.sequence, saved});
        if (!moved || *moved > 0) {
            return moved ? Result<void>() : std::unexpected(moved.error());
        }
        if (auto fine = check_new_group(connection, hub, group, groups_max); !fine) {
            return fine;
        }
        return run_only(connection, insert_position,
                        {hub.text(), kind, group.name, part, position.sequence, saved});
    });
}

Result<std::vector<EventPosition>> Events::positions(const HubName& hub, const EventGroup& group) {
    std::vector<EventPosition> positions;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran =
            connection.run(select_positions, {hub.text(), kind_column(group.kind), group.name},
                           [&](const Row& row) { positions.push_back(position_from(row)); });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return positions;
}

Result<std::vector<hub::GroupPositions>> Events::groups(const HubName& hub, EventGroup::Kind kind) {
    std::vector<hub::GroupPositions> groups;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran =
            connection.run(select_groups, {hub.text(), kind_column(kind)}, [&](const Row& row) {
                if (groups.empty() || groups.back().group.name != row.text(0)) {
                    groups.push_back({.group = {kind, std::string(row.text(0))}, .positions = {}});
                }
                groups.back().positions.push_back(position_from(row));
            });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return groups;
}

Result<void> Events::erase_positions(const HubName& hub, const EventGroup& group) {
    return database_.write([&](Connection& connection) {
        return must_change(connection, delete_positions,
                           {hub.text(), kind_column(group.kind), group.name}, no_such_group());
    });
}

} // namespace muster::store::sql
