#include "gateway/administration/document_limits.h"

#include <algorithm>
#include <cstddef>

namespace muster::gateway {

namespace {

constexpr JsonLimits limits;
constexpr std::size_t escaped_bytes_max = 6; // of one character in a string: \u001f

/// How far a value extends; the bytes are those of its texts, unescaped.
struct Extent {
    std::size_t depth = 0;
    std::size_t text_bytes = 0;
    std::size_t values = 0;

    void include(const Extent& inner) {
        depth = std::max(depth, inner.depth + 1);
        text_bytes += inner.text_bytes;
        values += inner.values;
    }

    /// More than it can be when it is written out.
    [[nodiscard]] std::size_t bytes_at_most() const {
        constexpr std::size_t around_a_value = 32; // quotes, commas, a number's digits
        return text_bytes * escaped_bytes_max + values * around_a_value;
    }
};

/// The recursion is bounded by the body's limits.
Extent extent_of(const Json& value) { // NOLINT(misc-no-recursion)
    Extent extent{.depth = 0, .text_bytes = 0, .values = 1};
    if (const auto* object = value.if_object()) {
        extent.depth = 1;
        for (const auto& [key, member] : *object) {
            extent.text_bytes += key.size();
            extent.include(extent_of(member));
        }
    } else if (const auto* array = value.if_array()) {
        extent.depth = 1;
        for (const auto& element : *array) {
            extent.include(extent_of(element));
        }
    } else if (const auto* text = value.if_string()) {
        extent.text_bytes = text->size();
    }
    return extent;
}

} // namespace

Result<void> check_document_limits(const Json& document) {
    const auto extent = extent_of(document);
    if (extent.depth > limits.depth_max) {
        return fail(Code::malformed, "an enrollment is nested 32 levels deep at most");
    }
    // Written out only if it could be too large, which hardly any is.
    if (extent.bytes_at_most() > limits.bytes_max && to_text(document).size() > limits.bytes_max) {
        return fail(Code::too_large, "an enrollment takes 96 KiB at most");
    }
    return {};
}

} // namespace muster::gateway
