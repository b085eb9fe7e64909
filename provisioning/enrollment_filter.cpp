#include "provisioning/enrollment_filter.h"

#include "base/check.h"
#include "base/text.h"
#include "provisioning/query/node.h"

#include <algorithm>
#include <compare>
#include <optional>

namespace muster::provisioning {

namespace {

using Node = EnrollmentFilter::Node;

/// Null is nothing, as everywhere in documents.
const Json* value_at(const JsonObject& document, const QueryPath& path) {
    const JsonObject* object = &document;
    const Json* value = nullptr;
    for (const std::string& key : path.keys) {
        value = object == nullptr ? nullptr : find_member(*object, key);
        object = value == nullptr ? nullptr : value->if_object();
    }
    return value;
}

long double number_in(const Json& value) {
    switch (value.kind()) {
    case boost::json::kind::int64: return static_cast<long double>(value.get_int64());
    case boost::json::kind::uint64: return static_cast<long double>(value.get_uint64());
    default: return static_cast<long double>(value.get_double());
    }
}

std::string text_in(const Json& value, Meaning meaning) {
    const std::string_view text = value.get_string();
    return meaning == Meaning::caseless ? to_lower(text) : std::string(text);
}

using Order = std::partial_ordering; // unordered: not comparable, so that nothing holds

struct CompareWith {
    const Json& value;
    Meaning meaning;

    Order operator()(QueryNull /*literal*/) const { return Order::unordered; }

    Order operator()(bool literal) const {
        return value.is_bool() && value.get_bool() == literal ? Order::equivalent
                                                              : Order::unordered;
    }

    Order operator()(long double literal) const {
        return value.is_number() ? number_in(value) <=> literal : Order::unordered;
    }

    Order operator()(const std::string& literal) const {
        return value.is_string() ? Order(text_in(value, meaning) <=> literal) : Order::unordered;
    }

    Order operator()(WallTime literal) const {
        const auto time = value.is_string() ? parse_time(value.get_string())
                                            : Result<WallTime>(fail(Code::malformed, {}));
        return time ? Order(*time <=> literal) : Order::unordered;
    }
};

bool satisfies(Order order, Comparator comparator) {
    switch (comparator) {
    case Comparator::equal: return order == 0;
    case Comparator::less: return order < 0;
    case Comparator::less_or_equal: return order <= 0;
    case Comparator::greater: return order > 0;
    case Comparator::greater_or_equal: return order >= 0;
    }
    CHECK(false);
    return false;
}

/// The value, or each one of a list that was asked for as a whole (iotHubs).
template <class Predicate>
bool any_value(const Json& value, Meaning meaning, Predicate predicate) {
    const JsonArray* list = meaning == Meaning::caseless ? value.if_array() : nullptr;
    return list == nullptr ? predicate(value) : std::ranges::any_of(*list, predicate);
}

bool compares(const Node& node, const Json* value, const QueryLiteral& literal) {
    if (std::holds_alternative<QueryNull>(literal)) {
        return value == nullptr && node.comparator == Comparator::equal;
    }
    return value != nullptr && any_value(*value, node.path.meaning, [&](const Json& one) {
               return satisfies(std::visit(CompareWith{one, node.path.meaning}, literal),
                                node.comparator);
           });
}

template <class Test>
bool tests_text(const Node& node, const Json* value, Test test) {
    const auto& part = std::get<std::string>(node.literals.front());
    return value != nullptr && any_value(*value, node.path.meaning, [&](const Json& one) {
               return one.is_string() && test(text_in(one, node.path.meaning), part);
           });
}

bool starts_with(const std::string& text, const std::string& part) {
    return text.starts_with(part);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

bool holds(const Node& node, const JsonObject& document);

bool leaf_holds(const Node& node, const JsonObject& document) {
    const Json* value = value_at(document, node.path);
    const auto is = [&](const QueryLiteral& literal) { return compares(node, value, literal); };
    switch (node.kind) {
    case Node::Kind::comparison:
    case Node::Kind::membership: return std::ranges::any_of(node.literals, is);
    case Node::Kind::defined: return value != nullptr;
    case Node::Kind::starts_with: return tests_text(node, value, starts_with);
    case Node::Kind::contains: return tests_text(node, value, contains);
    case Node::Kind::all:
    case Node::Kind::any:
    case Node::Kind::negation: break;
    }
    CHECK(false);
    return false;
}

/// As deep as the query, which the parser bounds.
bool holds(const Node& node, const JsonObject& document) {
    const auto child_holds = [&](const Node& child) { return holds(child, document); };
    switch (node.kind) {
    case Node::Kind::all: return std::ranges::all_of(node.children, child_holds);
    case Node::Kind::any: return std::ranges::any_of(node.children, child_holds);
    case Node::Kind::negation: return !child_holds(node.children.front());
    default: return leaf_holds(node, document);
    }
}

} // namespace

bool EnrollmentFilter::matches(const JsonObject& document) const {
    return root_ == nullptr || holds(*root_, document);
}

} // namespace muster::provisioning
