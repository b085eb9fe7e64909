#include "query/parser.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace muster::query {

namespace {

struct Symbol {
    std::string_view text;
    Operation operation;
};

constexpr std::array comparisons{Symbol{"=", Operation::equal},
                                 Symbol{"!=", Operation::unequal},
                                 Symbol{"<>", Operation::unequal},
                                 Symbol{"<", Operation::less},
                                 Symbol{"<=", Operation::less_or_equal},
                                 Symbol{">", Operation::greater},
                                 Symbol{">=", Operation::greater_or_equal}};
constexpr std::array sums{Symbol{"+", Operation::add}, Symbol{"-", Operation::subtract},
                          Symbol{"||", Operation::concatenate}};
constexpr std::array products{Symbol{"*", Operation::multiply}, Symbol{"/", Operation::divide},
                              Symbol{"%", Operation::remainder}};

std::optional<Operation> operation_of(const Token& token, std::span<const Symbol> symbols) {
    const auto found = std::ranges::find_if(
        symbols, [&](const Symbol& symbol) { return token.is_symbol(symbol.text); });
    return found == symbols.end() ? std::nullopt : std::optional(found->operation);
}

std::string described(const Token& token) {
    if (token.kind == Token::Kind::end) {
        return "the end";
    }
    constexpr std::size_t characters_max = 40;
    return token.text.size() > characters_max
               ? "something else"
               : fmt::format("{0}{1}{0}", token.kind == Token::Kind::string ? "" : "'", token.text);
}

/// The values behind the words; nothing is `undefined`.
struct Keyword {
    std::string_view word;
    std::optional<Json> value;
};

const std::array<Keyword, 4>& keywords() {
    static const std::array<Keyword, 4> table{
        Keyword{"true", Json(true)}, Keyword{"false", Json(false)}, Keyword{"null", Json(nullptr)},
        Keyword{"undefined", std::nullopt}};
    return table;
}

const Keyword* keyword_named(std::string_view word) {
    const auto found = std::ranges::find_if(keywords(), [&](const Keyword& keyword) {
        return equal_ignoring_case(keyword.word, word);
    });
    return found == keywords().end() ? nullptr : &*found;
}

} // namespace

Parser::Parser(std::string_view text, Dialect dialect)
    : lexer_(text,
             dialect == Dialect::routing ? Lexer::Dashes::in_system_names : Lexer::Dashes::refused),
      dialect_(dialect) {
    const auto characters = std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    if (!is_valid_utf8(text)) {
        mistake_at(0, "the text is not valid UTF-8");
    } else if (characters > static_cast<std::ptrdiff_t>(text_characters_max)) {
        mistake_at(0, fmt::format("the text is longer than {} characters", text_characters_max));
    } else {
        advance();
    }
}

// -- tokens -----------------------------------------------------------------------------------

void Parser::take(Result<Token> token) {
    if (token) {
        token_ = std::move(*token);
    } else if (!error_) {
        error_ = std::move(token.error());
    }
    if (error_) {
        token_ = Token{};
    }
}

void Parser::advance() {
    if (!error_) {
        take(lexer_.next());
    }
}

void Parser::mistake_at(std::size_t offset, std::string_view what) {
    if (!error_) {
        take(lexer_.mistake(offset, what));
    }
}

void Parser::expected(std::string_view what) {
    mistake_at(token_.offset, fmt::format("expected {} but found {}", what, described(token_)));
}

bool Parser::is_at_word(std::string_view word) const {
    return token_.is_word(word);
}

bool Parser::is_at_symbol(std::string_view symbol) const {
    return token_.is_symbol(symbol);
}

bool Parser::take_word(std::string_view word) {
    const bool is_here = is_at_word(word);
    if (is_here) {
        advance();
    }
    return is_here;
}

bool Parser::take_symbol(std::string_view symbol) {
    const bool is_here = is_at_symbol(symbol);
    if (is_here) {
        advance();
    }
    return is_here;
}

void Parser::need_word(std::string_view word) {
    if (!take_word(word)) {
        expected(word);
    }
}

void Parser::need_symbol(std::string_view symbol) {
    if (!take_symbol(symbol)) {
        expected(fmt::format("'{}'", symbol));
    }
}

Name Parser::name(std::string_view what) {
    const bool is_quoted = lexer_.is_at_quoted_name(token_);
    if (is_quoted) {
        take(lexer_.quoted_name(token_));
    }
    if (token_.kind != Token::Kind::name) {
        expected(what);
        return {};
    }
    Name name{.text = std::string(token_.text), .offset = token_.offset, .is_quoted = is_quoted};
    advance();
    return name;
}

std::uint64_t Parser::count(std::string_view what) {
    const auto* integer = token_.kind == Token::Kind::number ? token_.value.if_int64() : nullptr;
    if (integer == nullptr) {
        expected(what);
        return 0;
    }
    const auto value = static_cast<std::uint64_t>(*integer); // no number begins with a minus
    advance();
    return value;
}

// -- paths ------------------------------------------------------------------------------------

Path Parser::rooted(const Name& first) const {
    if (dialect_ == Dialect::twin) {
        return {.root = Root::document, .steps = {first.text}};
    }
    if (first.is_quoted || !first.text.starts_with('$')) {
        return {.root = Root::property, .steps = {first.text}};
    }
    if (equal_ignoring_case(first.text, "$body")) {
        return {.root = Root::body, .steps = {}};
    }
    if (equal_ignoring_case(first.text, "$twin")) {
        return {.root = Root::twin, .steps = {}};
    }
    return {.root = Root::system, .steps = {first.text.substr(1)}};
}

void Parser::further_steps(Path& path) {
    while (!failed()) {
        if (take_symbol(".")) {
            path.steps.emplace_back(name("a name after '.'").text);
        } else if (is_at_symbol("[") && !lexer_.is_at_quoted_name(token_)) {
            advance();
            path.steps.emplace_back(static_cast<std::size_t>(count("an index")));
            need_symbol("]");
        } else {
            return;
        }
    }
}

Path Parser::path_from(const Name& first) {
    if (!first.is_quoted && is_reserved_word(first.text)) {
        mistake_at(
            first.offset,
            fmt::format("expected a value but found '{0}'; write [[{0}]] for a name", first.text));
        return {};
    }
    Path path = rooted(first);
    further_steps(path);
    if (path.root == Root::twin && path.steps.empty()) {
        expected("'.' after '$twin'");
    }
    const bool is_quoted_source = first.is_quoted && equal_ignoring_case(first.text, "devices");
    const bool is_row = path.root == Root::document || path.root == Root::twin;
    return is_row && !is_quoted_source ? with_own_spelling(std::move(path)) : path;
}

// -- expressions ------------------------------------------------------------------------------

PartIndex Parser::add(Part part) {
    std::size_t depth = 1;
    for (const PartIndex operand : part.operands) {
        depth = std::max(depth, failed() ? 1 : depths_[operand] + 1);
    }
    if (depth > depth_max) {
        mistake_at(token_.offset, fmt::format("more than {} operators deep", depth_max));
    }
    parts_.push_back(std::move(part));
    depths_.push_back(depth);
    return static_cast<PartIndex>(parts_.size() - 1);
}

PartIndex Parser::add_constant(std::optional<Json> value) {
    return add({.operation = Operation::constant, .constant = std::move(value)});
}

bool Parser::enter() {
    if (++nesting_ > nesting_max) {
        mistake_at(token_.offset, fmt::format("nested more than {} deep", nesting_max));
    }
    return !failed();
}

Result<Expression> Parser::expression() {
    parts_.clear();
    depths_.clear();
    any_of();
    if (failed()) {
        return std::unexpected(error());
    }
    return Expression{std::move(parts_)};
}

Result<void> Parser::finish() {
    if (!is_at_end()) {
        expected("an operator or the end");
    }
    return failed() ? Result<void>(std::unexpected(error())) : Result<void>();
}

PartIndex Parser::joined(Level level, std::string_view word, Operation operation) {
    std::vector<PartIndex> operands{(this->*level)()};
    while (take_word(word)) {
        operands.push_back((this->*level)());
    }
    if (operands.size() == 1) {
        return operands.front();
    }
    return add({.operation = operation, .operands = std::move(operands)});
}

PartIndex Parser::any_of() {
    return joined(&Parser::all_of, "OR", Operation::any_of);
}

PartIndex Parser::all_of() {
    return joined(&Parser::negation, "AND", Operation::all_of);
}

PartIndex Parser::negation() {
    if (!take_word("NOT")) {
        return comparison();
    }
    PartIndex result = 0;
    if (enter()) {
        result = add({.operation = Operation::negation, .operands = {negation()}});
    }
    leave();
    return result;
}

PartIndex Parser::comparison() {
    const PartIndex left = sum();
    if (take_word("IN")) {
        return in_array(left, Operation::is_in);
    }
    if (take_word("NIN")) {
        return in_array(left, Operation::is_not_in);
    }
    if (take_word("BETWEEN")) {
        return between(left);
    }
    if (take_word("NOT")) {
        need_word("IN");
        return in_array(left, Operation::is_not_in);
    }
    const auto operation = operation_of(token_, comparisons);
    if (!operation) {
        return left;
    }
    advance();
    const PartIndex right = sum();
    return add({.operation = *operation, .operands = {left, right}});
}

PartIndex Parser::between(PartIndex value) {
    const PartIndex low = sum();
    need_word("AND");
    const PartIndex high = sum();
    return add({.operation = Operation::between, .operands = {value, low, high}});
}

PartIndex Parser::in_array(PartIndex value, Operation operation) {
    if (!is_at_symbol("[")) {
        expected("'[' and constants");
        return 0;
    }
    const PartIndex elements = add_constant(array());
    return add({.operation = operation, .operands = {value, elements}});
}

PartIndex Parser::sum() {
    PartIndex left = product();
    for (auto operation = operation_of(token_, sums); operation;
         operation = operation_of(token_, sums)) {
        advance();
        const PartIndex right = product();
        left = add({.operation = *operation, .operands = {left, right}});
    }
    return left;
}

PartIndex Parser::product() {
    PartIndex left = unary();
    for (auto operation = operation_of(token_, products); operation;
         operation = operation_of(token_, products)) {
        advance();
        const PartIndex right = unary();
        left = add({.operation = *operation, .operands = {left, right}});
    }
    return left;
}

/// A negative number is a constant, not an operation.
PartIndex Parser::negative_of(PartIndex index) {
    if (failed()) {
        return 0;
    }
    Part& part = parts_[index];
    if (!part.constant || !part.constant->is_number()) {
        return add({.operation = Operation::minus, .operands = {index}});
    }
    part.constant = *negate(Value::at(&*part.constant)).get();
    return index;
}

PartIndex Parser::unary() {
    if (!take_symbol("-")) {
        return primary();
    }
    PartIndex result = 0;
    if (enter()) {
        result = negative_of(unary());
    }
    leave();
    return result;
}

std::optional<PartIndex> Parser::keyword(const Name& name) {
    const Keyword* word = name.is_quoted ? nullptr : keyword_named(name.text);
    return word == nullptr ? std::nullopt : std::optional(add_constant(word->value));
}

PartIndex Parser::primary() {
    if (token_.kind == Token::Kind::number || token_.kind == Token::Kind::string) {
        const PartIndex constant = add_constant(token_.value);
        advance();
        return constant;
    }
    if (is_at_symbol("[") && !lexer_.is_at_quoted_name(token_)) {
        return add_constant(array());
    }
    if (take_symbol("(")) {
        const PartIndex inner = enter() ? any_of() : 0;
        leave();
        need_symbol(")");
        return inner;
    }
    const Name first = name("a value");
    if (const auto constant = keyword(first)) {
        return *constant;
    }
    if (!first.is_quoted && is_at_symbol("(")) {
        return call(first);
    }
    return add({.operation = Operation::path, .path = path_from(first)});
}

PartIndex Parser::call(const Name& name) {
    const Function* function = function_named(name.text);
    if (function == nullptr) {
        mistake_at(name.offset, fmt::format("there is no function {}", name.text.substr(0, 40)));
        return 0;
    }
    advance();
    std::vector<PartIndex> operands;
    if (enter() && !is_at_symbol(")")) {
        do {
            operands.push_back(any_of());
        } while (take_symbol(","));
    }
    leave();
    need_symbol(")");
    if (operands.size() < function->arguments_min || operands.size() > function->arguments_max) {
        mistake_at(name.offset,
                   fmt::format("{} takes {} arguments{}", function->name, function->arguments_min,
                               function->arguments_max > function->arguments_min
                                   ? fmt::format(" to {}", function->arguments_max)
                                   : std::string()));
    }
    return add(
        {.operation = Operation::call, .function = function, .operands = std::move(operands)});
}

bool Parser::element(Json& into) {
    if (is_at_symbol("[")) {
        into = array();
        return true;
    }
    const bool is_negative = take_symbol("-");
    if (token_.kind == Token::Kind::number ||
        (token_.kind == Token::Kind::string && !is_negative)) {
        into = is_negative ? *negate(Value::at(&token_.value)).get() : token_.value;
        advance();
        return true;
    }
    const Keyword* word = token_.kind == Token::Kind::name ? keyword_named(token_.text) : nullptr;
    if (word == nullptr || is_negative) {
        expected("a constant");
        return false;
    }
    into = word->value.value_or(Json());
    advance();
    return word->value.has_value();
}

Json Parser::array() {
    JsonArray elements;
    advance();
    if (enter() && !is_at_symbol("]")) {
        do {
            Json each;
            if (element(each)) {
                elements.push_back(std::move(each));
            }
        } while (take_symbol(","));
    }
    leave();
    need_symbol("]");
    return elements;
}

// -- conditions -------------------------------------------------------------------------------

Result<Condition> parse_condition(std::string_view text, Dialect dialect) {
    Parser parser(text, dialect);
    auto expression = parser.expression();
    if (!expression) {
        return std::unexpected(std::move(expression.error()));
    }
    if (Result<void> finished = parser.finish(); !finished) {
        return std::unexpected(std::move(finished.error()));
    }
    return Condition(std::move(*expression));
}

} // namespace muster::query
