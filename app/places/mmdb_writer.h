#pragma once
// Writes tiny databases in MaxMind's format (https://maxmind.github.io/MaxMind-DB/), for tests:
//
//   search tree   nodes of two 24-bit records: another node, nothing, or a place in the data
//   16 zero bytes
//   data          values: control byte (type, size), bytes
//   metadata      after a marker, a map

#include "base/check.h"
#include "provisioning/ip_range.h"

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::app {

/// An encoded value.
namespace mmdb {

inline std::string control(unsigned type, std::size_t size) {
    CHECK(size < 29 + 256);
    const bool is_long = size >= 29;
    const bool is_extended = type > 7;
    const auto low = static_cast<unsigned>(is_long ? 29 : size);
    std::string out(1, static_cast<char>((is_extended ? 0U : type) << 5U | low));
    if (is_extended) {
        out += static_cast<char>(type - 7);
    }
    if (is_long) {
        out += static_cast<char>(size - 29);
    }
    return out;
}

inline std::string big_endian(std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (std::size_t i = bytes; i-- > 0;) {
        out += static_cast<char>(value >> (8 * i) & 0xFFU);
    }
    return out;
}

inline std::string text(std::string_view value) {
    return control(2, value.size()) + std::string(value);
}

inline std::string real(double value) {
    return control(3, 8) + big_endian(std::bit_cast<std::uint64_t>(value), 8);
}

inline std::string single(float value) {
    return control(15, 4) + big_endian(std::bit_cast<std::uint32_t>(value), 4);
}

inline std::string uint16(std::uint16_t value) {
    return control(5, 2) + big_endian(value, 2);
}

inline std::string uint32(std::uint32_t value) {
    return control(6, 4) + big_endian(value, 4);
}

inline std::string uint64(std::uint64_t value) {
    return control(9, 8) + big_endian(value, 8);
}

inline std::string array(const std::vector<std::string>& values) {
    std::string out = control(11, values.size());
    for (const std::string& value : values) {
        out += value;
    }
    return out;
}

inline std::string map(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string out = control(7, members.size());
    for (const auto& [name, value] : members) {
        out += text(name) + value;
    }
    return out;
}

/// The record of a city, as GeoLite2-City has it.
inline std::string city(std::string_view name, std::string_view country, double latitude,
                        double longitude) {
    return map({{"city", map({{"names", map({{"en", text(name)}})}})},
                {"country", map({{"iso_code", text(country)}})},
                {"location", map({{"latitude", real(latitude)}, {"longitude", real(longitude)}})}});
}

} // namespace mmdb

/// IPv4 networks are at ::/96, as in the published databases.
class MmdbWriter {
  public:
    void add(std::string_view cidr, const std::string& value) {
        const auto range = provisioning::parse_ip_range(cidr);
        CHECK(range.has_value() && range->prefix_bits > 0);
        auto bytes = range->base.bytes;
        if (range->base.is_ipv4()) {
            bytes[10] = bytes[11] = 0; // not ::ffff:0:0/96
        }
        const auto place = static_cast<std::uint32_t>(data_.size());
        data_ += value;
        std::size_t node = 0;
        for (std::size_t bit = 0; bit + 1 < range->prefix_bits; ++bit) {
            node = next(nodes_[node][bit_of(bytes, bit)]);
        }
        nodes_[node][bit_of(bytes, range->prefix_bits - 1)] = {Record::data, place};
    }

    [[nodiscard]] std::string file() const {
        std::string out;
        for (const auto& node : nodes_) {
            out += mmdb::big_endian(number(node[0]), 3) + mmdb::big_endian(number(node[1]), 3);
        }
        out += std::string(separator_bytes, '\0') + data_;
        return out + "\xAB\xCD\xEFMaxMind.com" + metadata();
    }

  private:
    static constexpr std::size_t separator_bytes = 16;

    struct Record {
        enum Kind : std::uint8_t { nothing, node, data } kind = nothing;

        std::uint32_t to = 0;
    };

    static std::size_t bit_of(const std::array<std::uint8_t, 16>& bytes, std::size_t bit) {
        return bytes[bit / 8] >> (7 - bit % 8) & 1U;
    }

    /// The node that the record leads to, made if there is none.
    std::size_t next(Record& record) {
        if (record.kind == Record::node) {
            return record.to;
        }
        const auto made = static_cast<std::uint32_t>(nodes_.size());
        record = {Record::node, made};
        nodes_.emplace_back(); // `record` is gone from here on
        return made;
    }

    [[nodiscard]] std::uint64_t number(const Record& record) const {
        switch (record.kind) {
        case Record::nothing: return nodes_.size();
        case Record::node: return record.to;
        case Record::data: return nodes_.size() + separator_bytes + record.to;
        }
        CHECK(false);
        return 0;
    }

    [[nodiscard]] std::string metadata() const {
        return mmdb::map({{"binary_format_major_version", mmdb::uint16(2)},
                          {"binary_format_minor_version", mmdb::uint16(0)},
                          {"build_epoch", mmdb::uint64(1'893'456'000)},
                          {"database_type", mmdb::text("GeoLite2-City")},
                          {"description", mmdb::map({{"en", mmdb::text("made by a test")}})},
                          {"ip_version", mmdb::uint16(6)},
                          {"languages", mmdb::array({mmdb::text("en")})},
                          {"node_count", mmdb::uint32(static_cast<std::uint32_t>(nodes_.size()))},
                          {"record_size", mmdb::uint16(24)}});
    }

    std::vector<std::array<Record, 2>> nodes_{1};
    std::string data_;
};

} // namespace muster::app
