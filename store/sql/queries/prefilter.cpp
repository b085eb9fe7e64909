#include "store/sql/queries/prefilter.h"

#include <algorithm>

namespace muster::store::sql {

namespace {

using query::Expression;
using query::Operation;
using query::Part;

bool is_name(const query::Path& path, std::string_view name) {
    return path.root == query::Root::document && path.steps.size() == 1 &&
           path.steps.front() == query::Step(std::string(name));
}

std::optional<std::string> string_of(const Json& value) {
    const auto* text = value.if_string();
    return text == nullptr ? std::nullopt : std::optional(std::string(text->data(), text->size()));
}

Operation mirrored(Operation operation) {
    switch (operation) {
    case Operation::less: return Operation::greater;
    case Operation::less_or_equal: return Operation::greater_or_equal;
    case Operation::greater: return Operation::less;
    case Operation::greater_or_equal: return Operation::less_or_equal;
    default: return operation;
    }
}

/// A comparison of a path with constants.
struct Comparison {
    Operation operation;
    const query::Path& path;
    std::vector<Json> constants;
};

bool is_comparison(Operation operation) {
    return operation == Operation::equal || operation == Operation::less ||
           operation == Operation::less_or_equal || operation == Operation::greater ||
           operation == Operation::greater_or_equal;
}

std::optional<Comparison> comparison_of(const Expression& expression, const Part& part) {
    if (part.operation == Operation::path) { // a flag
        return Comparison{Operation::equal, part.path, {Json(true)}};
    }
    if (part.operands.size() != 2) {
        return std::nullopt;
    }
    const Part* left = &expression.operand(part, 0);
    const Part* right = &expression.operand(part, 1);
    Operation operation = part.operation;
    if (is_comparison(operation) && left->operation == Operation::constant) {
        std::swap(left, right);
        operation = mirrored(operation);
    }
    if (left->operation != Operation::path || !right->constant) {
        return std::nullopt;
    }
    if (operation == Operation::is_in) {
        const JsonArray& array = right->constant->get_array();
        return Comparison{operation, left->path, {array.begin(), array.end()}};
    }
    const bool is_prefix = operation == Operation::call && part.function->name == "STARTS_WITH";
    return is_prefix || is_comparison(operation)
               ? std::optional(Comparison{operation, left->path, {*right->constant}})
               : std::nullopt;
}

/// The least text above everything that starts so; nothing if there is none of that length.
std::optional<std::string> after_prefix(std::string prefix) {
    if (prefix.empty() || static_cast<unsigned char>(prefix.back()) >= 0x7F) {
        return std::nullopt;
    }
    ++prefix.back();
    return prefix;
}

class Search {
  public:
    explicit Search(const Expression& expression) : expression_(expression) {}

    Prefilter run() {
        const Part& whole = expression_.whole();
        found_.is_whole = look_at(whole);
        return std::move(found_);
    }

  private:
    /// True if the rows found are those for which the part holds, and no others.
    bool look_at(const Part& part) {
        if (part.operation == Operation::all_of) {
            for (const query::PartIndex index : part.operands) {
                look_at(expression_.parts[index]);
            }
            return false; // which of them were used is not looked into
        }
        const auto comparison = comparison_of(expression_, part);
        if (!comparison) {
            return false;
        }
        const auto& [operation, path, constants] = *comparison;
        const bool names_values = operation == Operation::equal || operation == Operation::is_in;
        if (is_name(path, "deviceId")) {
            return look_at_id(*comparison, names_values);
        }
        if (names_values && constants.size() == 1 && is_name(path, "connectionState")) {
            found_.only_connected |= constants.front() == Json("Connected");
            return found_.only_connected;
        }
        if (names_values && constants.size() == 1 && is_name(path, "status")) {
            found_.only_disabled |= constants.front() == Json("disabled");
            return found_.only_disabled;
        }
        return names_values && look_at_tag(path, constants);
    }

    bool look_at_id(const Comparison& comparison, bool names_values) {
        std::vector<std::string> ids;
        for (const Json& constant : comparison.constants) {
            if (auto id = string_of(constant)) {
                ids.push_back(std::move(*id));
            }
        }
        if (ids.empty() || ids.size() > ids_max) {
            return false;
        }
        if (names_values) {
            if (found_.device_ids.empty() || ids.size() < found_.device_ids.size()) {
                found_.device_ids = std::move(ids);
            }
            return true;
        }
        const bool is_prefix = comparison.operation == Operation::call;
        const bool is_above = comparison.operation == Operation::greater ||
                              comparison.operation == Operation::greater_or_equal;
        if (is_prefix || is_above) {
            found_.id_from = std::max(found_.id_from.value_or(ids.front()), ids.front());
        }
        if (comparison.operation == Operation::less) {
            limit_id(ids.front());
        }
        if (const auto end = is_prefix ? after_prefix(ids.front()) : std::nullopt) {
            limit_id(*end);
        }
        return false;
    }

    void limit_id(const std::string& before) {
        found_.id_before = std::min(found_.id_before.value_or(before), before);
    }

    bool look_at_tag(const query::Path& path, const std::vector<Json>& constants) {
        auto name = tag_path(path);
        if (!name || constants.size() > tag_values_max || constants.empty()) {
            return false;
        }
        TagLookup lookup{.path = std::move(*name), .values = {}};
        for (const Json& constant : constants) {
            auto value = tag_value(constant);
            if (!value) {
                return false;
            }
            lookup.is_exact = lookup.is_exact && value->is_exact;
            lookup.values.push_back(std::move(value->text));
        }
        std::ranges::sort(lookup.values);
        const auto repeated = std::ranges::unique(lookup.values);
        lookup.values.erase(repeated.begin(), repeated.end());
        if (!found_.tag || lookup.values.size() < found_.tag->values.size()) {
            found_.tag = std::move(lookup);
        }
        return found_.tag->is_exact;
    }

    const Expression& expression_;
    Prefilter found_;
};

} // namespace

Prefilter prefilter_of(const query::Condition* condition) {
    return condition == nullptr ? Prefilter{.is_whole = true}
                                : Search(condition->expression()).run();
}

} // namespace muster::store::sql
