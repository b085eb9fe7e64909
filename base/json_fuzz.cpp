// What is read can be written, read again, and is then the same.

#include "base/check.h"
#include "base/json.h"
#include "base/text.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = muster::parse_json(text, {.bytes_max = 4096, .depth_max = 16});
    if (!value) {
        return 0;
    }
    CHECK(muster::is_valid_utf8(text));
    const std::string written = muster::to_text(*value);
    const auto again = muster::parse_json(written, {.bytes_max = written.size(), .depth_max = 16});
    CHECK(again.has_value());
    CHECK(muster::to_text(*again) == written);
    return 0;
}
