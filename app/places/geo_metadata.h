#pragma once
// What a database in MaxMind's format (https://maxmind.github.io/MaxMind-DB/) says of itself, read
// before the library reads it: libmaxminddb (up to 1.13) multiplies in 32 bits, and walks a search
// tree of more nodes than the file has beyond its end.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::app {

/// The metadata stand in the last bytes of a file, so many at most.
inline constexpr std::size_t geo_metadata_bytes_max = 128 * 1024;

struct GeoMetadata {
    std::uint64_t node_count = 0;
    std::uint64_t record_bits = 0; // 24, 28 or 32; a node is two records
    std::size_t marker = 0;        // where the metadata begin, in the bytes that were read

    /// With what separates it from the data.
    [[nodiscard]] std::uint64_t search_tree_bytes() const;
};

/// From the last bytes of a file. Nothing, if there are no metadata as writers write them: pointers
/// and members that are there twice are refused, because readers may take them differently.
std::optional<GeoMetadata> read_geo_metadata(std::string_view end_of_file);

} // namespace muster::app
