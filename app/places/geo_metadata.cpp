#include "app/places/geo_metadata.h"

namespace muster::app {

namespace {

constexpr std::string_view marker = "\xAB\xCD\xEFMaxMind.com";
constexpr std::uint64_t separator_bytes = 16;
constexpr int depth_max = 16; // writers need 3

// The types that matter here.
constexpr unsigned extended_type = 0;
constexpr unsigned pointer_type = 1;
constexpr unsigned text_type = 2;
constexpr unsigned uint16_type = 5;
constexpr unsigned uint32_type = 6;
constexpr unsigned map_type = 7;
constexpr unsigned array_type = 11;
constexpr unsigned container_type = 12; // of caches, as the next one
constexpr unsigned end_type = 13;
constexpr unsigned boolean_type = 14; // its size is its value
constexpr unsigned float_type = 15;   // the last one

bool may_be_in_metadata(unsigned type) {
    return type != pointer_type && type != container_type && type != end_type && type <= float_type;
}

struct Control {
    unsigned type = 0;
    std::size_t size = 0; // bytes, or members of a map or an array
};

/// Values one after another. Each step consumes at least a byte, or fails.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::optional<std::string_view> take(std::size_t count) {
        if (count > rest_.size()) {
            return std::nullopt;
        }
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    /// Big endian.
    std::optional<std::uint32_t> number(std::size_t bytes) {
        const auto taken = bytes <= sizeof(std::uint32_t) ? take(bytes) : std::nullopt;
        if (!taken) {
            return std::nullopt;
        }
        std::uint32_t value = 0;
        for (const char byte : *taken) {
            value = value << 8U | static_cast<unsigned char>(byte);
        }
        return value;
    }

    std::optional<Control> control() {
        const auto first = number(1);
        if (!first) {
            return std::nullopt;
        }
        unsigned type = *first >> 5U;
        if (type == extended_type) {
            const auto extension = number(1);
            if (!extension) {
                return std::nullopt;
            }
            type = *extension + 7;
        }
        const std::size_t size_bytes = (*first & 0x1FU) < 29 ? 0 : (*first & 0x1FU) - 28;
        const auto more = number(size_bytes);
        if (!more || !may_be_in_metadata(type)) {
            return std::nullopt;
        }
        constexpr std::size_t least[] = {0, 29, 285, 65'821};
        return Control{.type = type,
                       .size = size_bytes == 0 ? *first & 0x1FU : least[size_bytes] + *more};
    }

    std::optional<std::string_view> text() {
        const auto head = control();
        return head && head->type == text_type ? take(head->size) : std::nullopt;
    }

    bool skip_value(int depth = 0) {
        const auto head = control();
        if (!head || depth > depth_max) {
            return false;
        }
        if (head->type == boolean_type) {
            return true;
        }
        if (head->type != map_type && head->type != array_type) {
            return take(head->size).has_value();
        }
        for (std::size_t i = 0; i < head->size; ++i) {
            if ((head->type == map_type && !text()) || !skip_value(depth + 1)) {
                return false;
            }
        }
        return true;
    }

    /// False: it is no such number, or `to` has one already.
    bool read_number(unsigned type, std::optional<std::uint32_t>& to) {
        const auto head = control();
        const auto value = head && head->type == type && !to ? number(head->size) : std::nullopt;
        to = value;
        return value.has_value();
    }

  private:
    std::string_view rest_;
};

struct Numbers {
    std::optional<std::uint32_t> node_count;
    std::optional<std::uint32_t> record_bits;
};

bool read_member(Reader& reader, Numbers& to) {
    const auto name = reader.text();
    if (!name) {
        return false;
    }
    if (*name == "node_count") {
        return reader.read_number(uint32_type, to.node_count);
    }
    if (*name == "record_size") {
        return reader.read_number(uint16_type, to.record_bits);
    }
    return reader.skip_value();
}

} // namespace

std::uint64_t GeoMetadata::search_tree_bytes() const {
    return node_count * (record_bits * 2 / 8) + separator_bytes;
}

std::optional<GeoMetadata> read_geo_metadata(std::string_view end_of_file) {
    const std::size_t begin = end_of_file.rfind(marker);
    if (begin == std::string_view::npos) {
        return std::nullopt;
    }
    Reader reader(end_of_file.substr(begin + marker.size()));
    const auto members = reader.control();
    if (!members || members->type != map_type) {
        return std::nullopt;
    }
    Numbers found;
    for (std::size_t i = 0; i < members->size; ++i) {
        if (!read_member(reader, found)) {
            return std::nullopt;
        }
    }
    const auto bits = found.record_bits;
    if (!found.node_count || (bits != 24U && bits != 28U && bits != 32U)) {
        return std::nullopt;
    }
    return GeoMetadata{.node_count = *found.node_count, .record_bits = *bits, .marker = begin};
}

} // namespace muster::app
