#include "query/expression.h"

#include <fmt/format.h>

namespace muster::query {

namespace {

std::string_view symbol_of(Operation operation) {
    switch (operation) {
    case Operation::all_of: return "AND";
    case Operation::any_of: return "OR";
    case Operation::equal: return "=";
    case Operation::unequal: return "!=";
    case Operation::less: return "<";
    case Operation::less_or_equal: return "<=";
    case Operation::greater: return ">";
    case Operation::greater_or_equal: return ">=";
    case Operation::is_in: return "IN";
    case Operation::is_not_in: return "NIN";
    case Operation::add: return "+";
    case Operation::subtract: return "-";
    case Operation::multiply: return "*";
    case Operation::divide: return "/";
    case Operation::remainder: return "%";
    case Operation::concatenate: return "||";
    case Operation::negation: return "NOT ";
    case Operation::minus: return "-";
    case Operation::between: return "BETWEEN";
    case Operation::constant:
    case Operation::path:
    case Operation::call: return "";
    }
    return "";
}

std::string string_text(const boost::json::string& value) {
    std::string text = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') {
            text += '\\';
        }
        if (static_cast<unsigned char>(c) < 0x20) {
            text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            text += c;
        }
    }
    return text + "'";
}

/// How tightly a part holds together; operands that hold less tightly need parentheses.
enum Level : int { either, both, negated, compared, sum, product, signed_value, single };

Level level_of(const Part& part) {
    switch (part.operation) {
    case Operation::any_of: return either;
    case Operation::all_of: return both;
    case Operation::negation: return negated;
    case Operation::add:
    case Operation::subtract:
    case Operation::concatenate: return sum;
    case Operation::multiply:
    case Operation::divide:
    case Operation::remainder: return product;
    case Operation::minus: return signed_value;
    case Operation::constant:
    case Operation::path:
    case Operation::call: return single;
    default: return compared;
    }
}

/// What an operand must be at least; chains of sums and products lean to the left.
Level level_needed(const Part& part, std::size_t operand) {
    const Level own = level_of(part);
    switch (own) {
    case either: return both;
    case both: return negated;
    case compared: return sum;
    case sum: return operand == 0 ? sum : product;
    case product: return operand == 0 ? product : signed_value;
    case negated:
    case signed_value: return own;
    case single: return either;
    }
    return single;
}

/// Recursion is bounded by depth_max.
class Printer {
  public:
    explicit Printer(const Expression& expression) : expression_(expression) {}

    std::string print(const Part& part) {
        switch (part.operation) {
        case Operation::constant:
            return part.constant ? constant_text(*part.constant) : "undefined";
        case Operation::path: return to_text(part.path);
        case Operation::call: return fmt::format("{}({})", part.function->name, joined(part, ", "));
        case Operation::between:
            return fmt::format("{} BETWEEN {} AND {}", operand(part, 0), operand(part, 1),
                               operand(part, 2));
        case Operation::negation:
        case Operation::minus: return std::string(symbol_of(part.operation)) + operand(part, 0);
        default: return joined(part, fmt::format(" {} ", symbol_of(part.operation)));
        }
    }

  private:
    std::string operand(const Part& part, std::size_t index) {
        const Part& wanted = expression_.operand(part, index);
        const std::string text = print(wanted);
        return level_of(wanted) < level_needed(part, index) ? "(" + text + ")" : text;
    }

    std::string joined(const Part& part, std::string_view separator) {
        std::string text;
        for (std::size_t i = 0; i < part.operands.size(); ++i) {
            text += i == 0 ? std::string_view() : separator;
            text += operand(part, i);
        }
        return text;
    }

    const Expression& expression_;
};

} // namespace

std::string constant_text(const Json& value) {
    if (const auto* text = value.if_string()) {
        return string_text(*text);
    }
    if (const auto* number = value.if_double()) {
        return fmt::format("{}", *number);
    }
    if (const auto* array = value.if_array()) {
        std::string text = "[";
        for (const Json& element : *array) {
            text += (text.size() == 1 ? "" : ", ") + constant_text(element);
        }
        return text + "]";
    }
    return muster::to_text(value);
}

std::vector<const Path*> paths_of(const Expression& expression) {
    std::vector<const Path*> paths;
    for (const Part& part : expression.parts) {
        if (part.operation == Operation::path) {
            paths.push_back(&part.path);
        }
    }
    return paths;
}

std::string to_text(const Expression& expression) {
    return Printer(expression).print(expression.whole());
}

} // namespace muster::query
