#include "provisioning/allocating/answer_twin.h"

#include "provisioning/allocating/caseless_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace muster::provisioning {

namespace {

// iothub B.7, the limits of a hub in Azure. A hub may allow less; then it refuses by itself.
constexpr std::size_t tags_bytes_max = 8 * 1024;
constexpr std::size_t desired_bytes_max = 32 * 1024;
constexpr std::size_t depth_max = 10;
constexpr std::size_t key_bytes_max = 1024;
constexpr std::size_t string_bytes_max = 4096;
constexpr std::int64_t integer_min = -4503599627370496;
constexpr std::int64_t integer_max = 4503599627370495;
constexpr std::array<std::string_view, 2> kept_by_hubs{"$metadata", "$version"};

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::size_t counted(std::string_view text) {
    return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, is_control));
}

/// One part of the twin. Keeps the first mistake, and goes no deeper than the limit.
class PartCheck {
  public:
    explicit PartCheck(std::string_view part) : part_(part) {}

    void object(const JsonObject& properties, std::size_t depth = 0) {
        if (!fits(depth)) {
            return;
        }
        for (const auto& [name, element] : properties) {
            key(name);
            value(element, depth);
        }
    }

    [[nodiscard]] Result<void> verdict(std::size_t bytes_max) const {
        if (mistake_) {
            return fail(Code::malformed, *mistake_);
        }
        if (bytes_ > bytes_max) {
            return fail(Code::malformed, fmt::format("{} would take {} bytes of the {} allowed",
                                                     part_, bytes_, bytes_max));
        }
        return {};
    }

  private:
    bool fits(std::size_t depth) {
        if (depth > depth_max) {
            refuse(fmt::format("is nested deeper than {} levels", depth_max));
        }
        return depth <= depth_max;
    }

    void key(std::string_view name) {
        bytes_ += counted(name);
        if (name.size() > key_bytes_max) {
            refuse(fmt::format("has a key over {} bytes", key_bytes_max));
        }
        if (std::ranges::any_of(name, is_control) ||
            name.find_first_of(".$ ") != std::string_view::npos) {
            refuse("has a key with a '.', a '$', a space or a control character");
        }
    }

    void value(const Json& value, std::size_t depth) {
        switch (value.kind()) {
        case boost::json::kind::object: return object(value.get_object(), depth + 1);
        case boost::json::kind::array: return array(value.get_array(), depth + 1);
        case boost::json::kind::string: return string(value.get_string());
        case boost::json::kind::int64: return integer(value.get_int64());
        case boost::json::kind::uint64: return refuse_integer(); // only beyond int64
        case boost::json::kind::double_: bytes_ += 8; return;
        case boost::json::kind::bool_: bytes_ += 4; return;
        case boost::json::kind::null: return;
        }
    }

    void array(const JsonArray& elements, std::size_t depth) {
        if (!fits(depth)) {
            return;
        }
        for (const Json& element : elements) {
            value(element, depth);
        }
    }

    void string(std::string_view text) {
        bytes_ += counted(text);
        if (text.size() > string_bytes_max) {
            refuse(fmt::format("has a string over {} bytes", string_bytes_max));
        }
    }

    void integer(std::int64_t number) {
        bytes_ += 8;
        if (number < integer_min || number > integer_max) {
            refuse_integer();
        }
    }

    void refuse_integer() {
        refuse(fmt::format("has an integer outside {} to {}", integer_min, integer_max));
    }

    void refuse(std::string_view why) {
        if (!mistake_) {
            mistake_ = fmt::format("{} {}", part_, why);
        }
    }

    std::string_view part_;
    std::size_t bytes_ = 0; // by the formula of iothub B.7
    std::optional<std::string> mistake_;
};

Result<void> check_part(std::string_view part, const JsonObject& properties,
                        std::size_t bytes_max) {
    PartCheck check(part);
    check.object(properties);
    return check.verdict(bytes_max);
}

JsonObject copy_of(const JsonObject* object) {
    return object == nullptr ? JsonObject() : *object;
}

} // namespace

Result<InitialTwin> read_answer_twin(const JsonObject& document) {
    CaselessMembers members(document, "initialTwin.");
    InitialTwin twin{.tags = copy_of(members.object("tags")), .desired = {}};
    if (const JsonObject* properties = members.object("properties")) {
        CaselessMembers inner(*properties, "initialTwin.properties.");
        twin.desired = copy_of(inner.object("desired"));
        if (auto verdict = inner.verdict(); !verdict) {
            return std::unexpected(std::move(verdict).error());
        }
    }
    for (JsonObject* part : {&twin.tags, &twin.desired}) {
        for (const std::string_view name : kept_by_hubs) {
            part->erase(name);
        }
    }
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    if (auto fits = check_part("initialTwin.tags", twin.tags, tags_bytes_max); !fits) {
        return std::unexpected(std::move(fits).error());
    }
    if (auto fits = check_part("initialTwin.properties.desired", twin.desired, desired_bytes_max);
        !fits) {
        return std::unexpected(std::move(fits).error());
    }
    return twin;
}

} // namespace muster::provisioning
