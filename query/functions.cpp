#include "query/functions.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace muster::query {

namespace {

using Arguments = std::span<const Value>;

std::optional<std::string_view> text_of(const Value& value) {
    const auto* text = value.text();
    return text == nullptr ? std::nullopt
                           : std::optional(std::string_view(text->data(), text->size()));
}

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

std::int64_t code_points(std::string_view text) {
    return std::ranges::count_if(text, [](char byte) { return !is_continuation(byte); });
}

/// The byte at which code point `index` begins; the end if there are fewer.
std::size_t byte_of(std::string_view text, std::int64_t index) {
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        if (!is_continuation(text[at]) && index-- == 0) {
            break;
        }
    }
    return at;
}

/// A whole number that is not negative.
std::optional<std::int64_t> count_of(const Value& value) {
    const auto* integer = value.is_defined() ? value.get()->if_int64() : nullptr;
    return integer == nullptr || *integer < 0 ? std::nullopt : std::optional(*integer);
}

Value truth(bool value) {
    return Value::of(Json(value));
}

// -- what a value is --------------------------------------------------------------------------

Value is_defined(Arguments arguments) {
    return truth(arguments[0].is_defined());
}

template <bool (Json::*is_kind)() const noexcept>
Value is_of_kind(Arguments arguments) {
    return truth(arguments[0].is_defined() && (arguments[0].get()->*is_kind)());
}

Value is_number(Arguments arguments) {
    return truth(arguments[0].is_number());
}

Value is_primitive(Arguments arguments) {
    const Json* value = arguments[0].get();
    return truth(value != nullptr && !value->is_object() && !value->is_array());
}

// -- strings ----------------------------------------------------------------------------------

Value length(Arguments arguments) {
    const auto text = text_of(arguments[0]);
    return text ? Value::of(code_points(*text)) : Value();
}

Value concat(Arguments arguments) {
    Value joined = arguments[0].text() == nullptr ? Value() : arguments[0];
    for (const Value& argument : arguments.subspan(1)) {
        joined = concatenate(joined, argument);
    }
    return joined;
}

using TextTest = bool (*)(std::string_view text, std::string_view part);

template <TextTest test>
Value tested(Arguments arguments) {
    const auto text = text_of(arguments[0]);
    const auto part = text_of(arguments[1]);
    return text && part ? truth(test(*text, *part)) : Value();
}

bool starts_with(std::string_view text, std::string_view part) {
    return text.starts_with(part);
}

bool ends_with(std::string_view text, std::string_view part) {
    return text.ends_with(part);
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

Value index_of(Arguments arguments) {
    const auto text = text_of(arguments[0]);
    const auto part = text_of(arguments[1]);
    if (!text || !part) {
        return {};
    }
    const auto at = text->find(*part);
    return Value::of(at == std::string_view::npos ? std::int64_t{-1}
                                                  : code_points(text->substr(0, at)));
}

Value substring(Arguments arguments) {
    const auto text = text_of(arguments[0]);
    const auto start = count_of(arguments[1]);
    if (!text || !start) {
        return {};
    }
    const std::string_view rest = text->substr(byte_of(*text, *start));
    if (arguments.size() == 2) {
        return text_value(rest);
    }
    const auto count = count_of(arguments[2]);
    return count ? text_value(rest.substr(0, byte_of(rest, *count))) : Value();
}

Value lower(Arguments arguments) {
    const auto text = text_of(arguments[0]);
    return text ? text_value(to_lower(*text)) : Value();
}

Value upper(Arguments arguments) {
    const auto text = text_of(arguments[0]);
    if (!text) {
        return {};
    }
    std::string changed(*text);
    for (char& c : changed) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text_value(changed);
}

Value as_number(Arguments arguments) {
    if (arguments[0].is_number()) {
        return arguments[0];
    }
    const auto text = text_of(arguments[0]);
    if (!text) {
        return {};
    }
    const std::string_view digits = trim(*text);
    const char* end = digits.data() + digits.size();
    std::int64_t integer = 0;
    if (const auto read = std::from_chars(digits.data(), end, integer);
        read.ec == std::errc() && read.ptr == end) {
        return Value::of(integer);
    }
    double value = 0;
    const auto read = std::from_chars(digits.data(), end, value);
    return read.ec == std::errc() && read.ptr == end ? number(value) : Value();
}

// -- numbers ----------------------------------------------------------------------------------

using Calculation = double (*)(double);

template <Calculation calculation>
Value calculated(Arguments arguments) {
    return arguments[0].is_number() ? number(calculation(to_double(*arguments[0].get()))) : Value();
}

/// What changes no whole number.
template <Calculation calculation>
Value rounded(Arguments arguments) {
    const bool is_whole = arguments[0].is_number() && !arguments[0].get()->is_double();
    return is_whole ? arguments[0] : calculated<calculation>(arguments);
}

Value absolute(Arguments arguments) {
    const Value& value = arguments[0];
    return order_of(value, Value::of(std::int64_t{0})) == Order::less ? negate(value)
           : value.is_number()                                        ? value
                                                                      : Value();
}

Value sign(Arguments arguments) {
    if (!arguments[0].is_number()) {
        return {};
    }
    const Order order = order_of(arguments[0], Value::of(std::int64_t{0}));
    const std::int64_t above = order == Order::greater ? 1 : 0;
    return Value::of(order == Order::less ? std::int64_t{-1} : above);
}

Value square(Arguments arguments) {
    return multiply(arguments[0], arguments[0]);
}

Value power(Arguments arguments) {
    if (!arguments[0].is_number() || !arguments[1].is_number()) {
        return {};
    }
    return number(std::pow(to_double(*arguments[0].get()), to_double(*arguments[1].get())));
}

// -- arrays -----------------------------------------------------------------------------------

Value array_contains(Arguments arguments) {
    const JsonArray* array = arguments[0].is_defined() ? arguments[0].get()->if_array() : nullptr;
    if (array == nullptr || !arguments[1].is_defined()) {
        return {};
    }
    const Json& wanted = *arguments[1].get();
    return truth(
        std::ranges::any_of(*array, [&](const Json& each) { return equals(each, wanted); }));
}

// -- table ------------------------------------------------------------------------------------

double floor_of(double value) {
    return std::floor(value);
}

double ceiling_of(double value) {
    return std::ceil(value);
}

double exp_of(double value) {
    return std::exp(value);
}

double sqrt_of(double value) {
    return std::sqrt(value);
}

constexpr std::array table{
    Function{"IS_DEFINED", 1, 1, is_defined},
    Function{"IS_NULL", 1, 1, is_of_kind<&Json::is_null>},
    Function{"IS_STRING", 1, 1, is_of_kind<&Json::is_string>},
    Function{"IS_NUMBER", 1, 1, is_number},
    Function{"IS_BOOL", 1, 1, is_of_kind<&Json::is_bool>},
    Function{"IS_OBJECT", 1, 1, is_of_kind<&Json::is_object>},
    Function{"IS_ARRAY", 1, 1, is_of_kind<&Json::is_array>},
    Function{"IS_PRIMITIVE", 1, 1, is_primitive},
    Function{"LENGTH", 1, 1, length},
    Function{"CONCAT", 2, arguments_max, concat},
    Function{"STARTS_WITH", 2, 2, tested<starts_with>},
    Function{"ENDS_WITH", 2, 2, tested<ends_with>},
    Function{"CONTAINS", 2, 2, tested<contains>},
    Function{"INDEX_OF", 2, 2, index_of},
    Function{"SUBSTRING", 2, 3, substring},
    Function{"LOWER", 1, 1, lower},
    Function{"UPPER", 1, 1, upper},
    Function{"AS_NUMBER", 1, 1, as_number},
    Function{"ABS", 1, 1, absolute},
    Function{"FLOOR", 1, 1, rounded<floor_of>},
    Function{"CEILING", 1, 1, rounded<ceiling_of>},
    Function{"EXP", 1, 1, calculated<exp_of>},
    Function{"POWER", 2, 2, power},
    Function{"SIGN", 1, 1, sign},
    Function{"SQRT", 1, 1, calculated<sqrt_of>},
    Function{"SQUARE", 1, 1, square},
    Function{"ARRAY_CONTAINS", 2, 2, array_contains},
};

struct Alias {
    std::string_view alias;
    std::string_view name;
};

constexpr std::array aliases{Alias{"STARTSWITH", "STARTS_WITH"}, Alias{"ENDSWITH", "ENDS_WITH"}};

} // namespace

std::span<const Function> functions() {
    return table;
}

const Function* function_named(std::string_view name) {
    for (const Alias& alias : aliases) {
        name = equal_ignoring_case(alias.alias, name) ? alias.name : name;
    }
    const auto found = std::ranges::find_if(
        table, [&](const Function& function) { return equal_ignoring_case(function.name, name); });
    return found == table.end() ? nullptr : &*found;
}

} // namespace muster::query
