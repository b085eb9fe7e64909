#include "query/rows.h"

#include <fmt/format.h>

namespace muster::query {

namespace {

void put(JsonObject& row, const std::string& name, const Value& value) {
    if (value.is_defined()) {
        row[name] = *value.get();
    }
}

/// Owned, so that it outlives the row.
Value kept(const Value& value) {
    return value.is_defined() ? Value::of(*value.get()) : Value();
}

} // namespace

JsonObject projection(const Query& query, const Facts& row) {
    JsonObject result;
    for (const Item& item : query.items) {
        put(result, item.name, row.find(item.path));
    }
    return result;
}

Aggregation::Aggregation(const Query& query) : query_(query) {
    if (!query_.group_by) {
        group({}, {});
    }
}

Aggregation::Group& Aggregation::group(std::string key_text, Value key) {
    auto [entry, is_new] = groups_.try_emplace(std::move(key_text));
    if (is_new) {
        entry->second.key = std::move(key);
        entry->second.parts.resize(query_.items.size());
    }
    return entry->second;
}

Result<void> Aggregation::take(const Facts& row) {
    if (!query_.group_by) {
        take(groups_.begin()->second, row);
        return {};
    }
    const Value key = row.find(*query_.group_by);
    std::string key_text = key.is_defined() ? muster::to_text(*key.get()) : std::string();
    if (key_text.size() > group_key_bytes_max) {
        return fail(Code::too_large,
                    fmt::format("a value to group by has over {} bytes", group_key_bytes_max));
    }
    if (groups_.size() == groups_max && !groups_.contains(key_text)) {
        return fail(Code::too_large, fmt::format("over {} groups", groups_max));
    }
    take(group(std::move(key_text), kept(key)), row);
    return {};
}

void Aggregation::take(Group& group, const Facts& row) const {
    ++group.count;
    for (std::size_t i = 0; i < query_.items.size(); ++i) {
        const Item& item = query_.items[i];
        if (item.selection == Selection::path || item.selection == Selection::count) {
            continue;
        }
        const Value value = row.find(item.path);
        if (!value.is_number()) {
            continue;
        }
        Part& part = group.parts[i];
        part.sum = ++part.count == 1 ? kept(value) : add(part.sum, value);
        if (order_of(part.minimum, value) != Order::less) {
            part.minimum = kept(value);
        }
        if (order_of(part.maximum, value) != Order::greater) {
            part.maximum = kept(value);
        }
    }
}

void Aggregation::take_count(std::int64_t count) {
    groups_.begin()->second.count += count;
}

Value Aggregation::value_of(const Group& group, std::size_t index) const {
    const Part& part = group.parts[index];
    switch (query_.items[index].selection) {
    case Selection::path: return group.key;
    case Selection::count: return Value::of(group.count);
    case Selection::average: return divide(part.sum, Value::of(part.count));
    case Selection::sum: return part.sum;
    case Selection::minimum: return part.minimum;
    case Selection::maximum: return part.maximum;
    }
    return {};
}

JsonObject Aggregation::row_of(const Group& group) const {
    JsonObject row;
    for (std::size_t i = 0; i < query_.items.size(); ++i) {
        put(row, query_.items[i].name, value_of(group, i));
    }
    return row;
}

std::vector<JsonObject> Aggregation::rows() const {
    std::vector<JsonObject> rows;
    rows.reserve(groups_.size());
    for (const auto& [key, group] : groups_) {
        rows.push_back(row_of(group));
    }
    return rows;
}

} // namespace muster::query
