#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace muster {

namespace {

/// Receives the events of Boost's parser and builds the value. It differs from Boost's own handler
/// in two ways: doubles are read to the nearest value (Boost 1.81 is off by a bit now and then, so
/// that 21.3 would not come back as 21.3), and members are counted, see has_duplicate_keys.
class ValueBuilder {
  public:
    // The text as a whole is bounded, so none of its parts needs a bound of its own.
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    using Text = boost::json::string_view;
    using Failure = boost::json::error_code;

    ValueBuilder() { stack_.reset(); }

    Json release() { return stack_.release(); }

    [[nodiscard]] std::size_t members_seen() const { return members_seen_; }

    bool on_document_begin(Failure&) { return true; }

    bool on_document_end(Failure&) { return true; }

    bool on_object_begin(Failure&) { return true; }

    bool on_object_end(std::size_t count, Failure&) {
        members_seen_ += count;
        stack_.push_object(count);
        return true;
    }

    bool on_array_begin(Failure&) { return true; }

    bool on_array_end(std::size_t count, Failure&) {
        stack_.push_array(count);
        return true;
    }

    bool on_key_part(Text part, std::size_t, Failure&) {
        stack_.push_chars(part);
        return true;
    }

    bool on_key(Text part, std::size_t, Failure&) {
        stack_.push_key(part);
        return true;
    }

    bool on_string_part(Text part, std::size_t, Failure&) {
        stack_.push_chars(part);
        return true;
    }

    bool on_string(Text part, std::size_t, Failure&) {
        stack_.push_string(part);
        return true;
    }

    bool on_number_part(Text part, Failure&) {
        number_.append(part.data(), part.size());
        return true;
    }

    bool on_int64(std::int64_t value, Text, Failure&) {
        number_.clear();
        stack_.push_int64(value);
        return true;
    }

    bool on_uint64(std::uint64_t value, Text, Failure&) {
        number_.clear();
        stack_.push_uint64(value);
        return true;
    }

    bool on_double(double approximate, Text part, Failure& failure) {
        if (std::isinf(approximate)) {
            failure = boost::json::error::exponent_overflow;
            return false;
        }
        number_.append(part.data(), part.size());
        double value = approximate;
        // Fails only for what is nearer to zero than a double can be; then the approximation is it.
        static_cast<void>(std::from_chars(number_.data(), number_.data() + number_.size(), value));
        number_.clear();
        stack_.push_double(value);
        return true;
    }

    bool on_bool(bool value, Failure&) {
        stack_.push_bool(value);
        return true;
    }

    bool on_null(Failure&) {
        stack_.push_null();
        return true;
    }

    bool on_comment_part(Text, Failure&) { return true; }

    bool on_comment(Text, Failure&) { return true; }

  private:
    boost::json::value_stack stack_;
    std::string number_;
    std::size_t members_seen_ = 0;
};

std::size_t count_members(const Json& value) {
    std::size_t count = 0;
    if (const auto* object = value.if_object()) {
        count += object->size();
        for (const auto& member : *object) {
            count += count_members(member.value());
        }
    } else if (const auto* array = value.if_array()) {
        for (const auto& element : *array) {
            count += count_members(element);
        }
    }
    return count;
}

/// A repeated key replaced the member before it, so fewer members are left than were read.
bool has_duplicate_keys(const Json& value, std::size_t members_seen) {
    return count_members(value) != members_seen;
}

bool is_json_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view without_trailing_space(std::string_view text) {
    while (!text.empty() && is_json_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

} // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.bytes_max) {
        return fail(Code::too_large, fmt::format("JSON over {} bytes", limits.bytes_max));
    }
    text = without_trailing_space(text);
    boost::json::parse_options options;
    options.max_depth = limits.depth_max;
    boost::json::basic_parser<ValueBuilder> parser(options);
    boost::json::error_code failure;
    const std::size_t consumed = parser.write_some(false, text.data(), text.size(), failure);
    if (failure) {
        return fail(Code::malformed,
                    fmt::format("not JSON: {} near byte {}", failure.message(), consumed));
    }
    if (consumed != text.size()) {
        return fail(Code::malformed, fmt::format("text after the JSON value at byte {}", consumed));
    }
    const std::size_t members_seen = parser.handler().members_seen();
    Json value = parser.handler().release();
    if (has_duplicate_keys(value, members_seen)) {
        return fail(Code::malformed, "a JSON object names a key twice");
    }
    return value;
}

Result<JsonObject> parse_json_object(std::string_view text, const JsonLimits& limits) {
    auto value = parse_json(text, limits);
    if (!value) {
        return std::unexpected(std::move(value.error()));
    }
    if (!value->is_object()) {
        return fail(Code::malformed, "not a JSON object");
    }
    return std::move(value->get_object());
}

const Json* find_member(const JsonObject& object, std::string_view key) {
    const Json* member = object.if_contains(key);
    return member == nullptr || member->is_null() ? nullptr : member;
}

Result<std::string> string_member(const JsonObject& object, std::string_view key,
                                  std::string_view when_unset) {
    const Json* member = find_member(object, key);
    if (member == nullptr) {
        return std::string(when_unset);
    }
    if (!member->is_string()) {
        return fail(Code::malformed, fmt::format("{} must be a string", key));
    }
    const auto& text = member->get_string();
    return std::string(text.data(), text.size());
}

} // namespace muster
