#include "hub/twin_limits.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace muster::hub {

namespace {

// The range in which a JavaScript back end and the reference agree about integers.
constexpr std::int64_t integer_min = -4503599627370496;
constexpr std::int64_t integer_max = 4503599627370495;

// The formula counts nulls, control characters and empty containers as nothing. What a half really
// takes is held to this multiple of its limit, at this much for a node beside its text.
constexpr std::size_t weight_factor = 8;
constexpr std::size_t node_weight = 8;

std::string_view view(boost::json::string_view text) {
    return {text.data(), text.size()};
}

/// Calls `each` with the width in bytes of every C0 or C1 control character. The text is UTF-8.
template <class Each>
void for_each_control(std::string_view text, Each each) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x20 || byte == 0x7f) {
            each(std::size_t{1});
        } else if (byte == 0xc2 && at + 1 < text.size() &&
                   static_cast<unsigned char>(text[at + 1]) < 0xa0) {
            each(std::size_t{2}); // U+0080 to U+009F
        }
    }
}

bool has_control(std::string_view text) {
    bool found = false;
    for_each_control(text, [&](std::size_t) { found = true; });
    return found;
}

std::size_t bytes_without_controls(std::string_view text) {
    std::size_t bytes = text.size();
    for_each_control(text, [&](std::size_t width) { bytes -= width; });
    return bytes;
}

class ContentsCheck {
  public:
    ContentsCheck(std::string_view half, const TwinLimits& limits) : half_(half), limits_(limits) {}

    Result<void> object(const JsonObject& properties, std::size_t depth) const {
        if (depth > limits_.depth_max) {
            return too_deep();
        }
        for (const auto& [key, value] : properties) {
            if (auto fine = this->key(view(key)); !fine) {
                return fine;
            }
            if (auto fine = this->value(value, depth); !fine) {
                return fine;
            }
        }
        return {};
    }

  private:
    Result<void> key(std::string_view key) const {
        if (key.size() > limits_.key_bytes_max) {
            return refuse(fmt::format("has a key over {} bytes", limits_.key_bytes_max));
        }
        if (has_control(key)) {
            return refuse("has a key with a control character");
        }
        if (key.find_first_of(".$ ") != std::string_view::npos) {
            return refuse("has a key with a '.', a '$' or a space");
        }
        return {};
    }

    Result<void> value(const Json& value, std::size_t depth) const {
        switch (value.kind()) {
        case boost::json::kind::object: return object(value.get_object(), depth + 1);
        case boost::json::kind::array: return array(value.get_array(), depth + 1);
        case boost::json::kind::string: return string(view(value.get_string()));
        case boost::json::kind::int64: return integer(value.get_int64());
        case boost::json::kind::uint64: return integer_out_of_range(); // only beyond int64
        case boost::json::kind::double_: return number(value.get_double());
        case boost::json::kind::bool_:
        case boost::json::kind::null: break;
        }
        return {};
    }

    Result<void> array(const JsonArray& elements, std::size_t depth) const {
        if (depth > limits_.depth_max) {
            return too_deep();
        }
        for (const Json& element : elements) {
            if (auto fine = value(element, depth); !fine) {
                return fine;
            }
        }
        return {};
    }

    Result<void> string(std::string_view text) const {
        if (text.size() > limits_.string_bytes_max) {
            return refuse(fmt::format("has a string over {} bytes", limits_.string_bytes_max));
        }
        return {};
    }

    Result<void> integer(std::int64_t value) const {
        const bool in_range = value >= integer_min && value <= integer_max;
        return in_range ? Result<void>{} : integer_out_of_range();
    }

    Result<void> integer_out_of_range() const {
        return refuse(fmt::format("has an integer outside {} to {}", integer_min, integer_max));
    }

    Result<void> number(double value) const {
        return std::isfinite(value) ? Result<void>{} : refuse("has a number that is not finite");
    }

    Result<void> too_deep() const {
        return refuse(fmt::format("is nested deeper than {} levels", limits_.depth_max));
    }

    Result<void> refuse(std::string_view why) const {
        return fail(Code::malformed, fmt::format("{} {}", half_, why));
    }

    std::string_view half_;
    const TwinLimits& limits_;
};

struct Size {
    std::size_t counted = 0; // by the formula
    std::size_t weight = 0;
};

void add_text(Size& size, std::string_view text) {
    size.counted += bytes_without_controls(text);
    size.weight += text.size();
}

void add(Size& size, const Json& value);

void add(Size& size, const JsonObject& properties) {
    for (const auto& [key, value] : properties) {
        add_text(size, view(key));
        add(size, value);
    }
}

void add(Size& size, const Json& value) {
    size.weight += node_weight;
    if (const auto* object = value.if_object()) {
        add(size, *object);
    } else if (const auto* array = value.if_array()) {
        for (const Json& element : *array) {
            add(size, element);
        }
    } else if (const auto* string = value.if_string()) {
        add_text(size, view(*string));
    } else if (value.is_number()) {
        size.counted += 8;
    } else if (value.is_bool()) {
        size.counted += 4;
    }
}

} // namespace

Result<void> check_contents(std::string_view half, const JsonObject& properties,
                            const TwinLimits& limits) {
    return ContentsCheck(half, limits).object(properties, 0);
}

std::size_t counted_bytes(const JsonObject& properties) {
    Size size;
    add(size, properties);
    return size.counted;
}

Result<void> check_size(std::string_view half, const JsonObject& properties,
                        std::size_t bytes_max) {
    Size size;
    add(size, properties);
    if (size.counted > bytes_max) {
        return fail(Code::malformed, fmt::format("{} would take {} bytes of the {} allowed", half,
                                                 size.counted, bytes_max));
    }
    if (size.weight > weight_factor * bytes_max) {
        return fail(Code::malformed,
                    fmt::format("{} has too many empty values or control characters", half));
    }
    return {};
}

} // namespace muster::hub
