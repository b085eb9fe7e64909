#include "base/random.h"

#include "base/check.h"
#include "base/encoding.h"

#include <sys/random.h>

#include <cerrno>

namespace muster {

std::string SystemRandom::bytes(std::size_t count) {
    std::string result(count, '\0');
    std::size_t filled = 0;
    while (filled < count) {
        const auto got = ::getrandom(result.data() + filled, count - filled, 0);
        CHECK(got >= 0 || errno == EINTR);
        filled += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    return result;
}

std::string SeededRandom::bytes(std::size_t count) {
    std::string result;
    result.reserve(count);
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count; ++i) {
        word = i % 8 == 0 ? engine_() : word >> 8U;
        result += static_cast<char>(word & 0xFFU);
    }
    return result;
}

std::string new_guid(Random& random) {
    std::string bytes = random.bytes(16);
    // RFC 9562 section 5.4: version 4 and variant 10 stand in fixed bits.
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U);
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
    std::string text = hex_encode_lower(bytes);
    for (const std::size_t at : {20U, 16U, 12U, 8U}) {
        text.insert(at, 1, '-');
    }
    return text;
}

} // namespace muster
