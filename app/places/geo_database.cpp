#include "app/places/geo_metadata.h"
#include "app/places/places.h"
#include "base/text.h"
#include "provisioning/ip_range.h"

#include <fmt/format.h>

#include <maxminddb.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <system_error>

namespace muster::app {

namespace {

using provisioning::GeoPoint;
using provisioning::IpAddress;

constexpr std::size_t name_bytes_max = 128;
constexpr std::uint64_t library_tree_bytes_max = 0xFFFF'FFFF; // it multiplies in 32 bits

/// IPv4 as such, also out of its IPv6 coat: not every database knows that one.
std::string numeric_text(const IpAddress& address) {
    const auto& b = address.bytes;
    if (address.is_ipv4()) {
        return fmt::format("{}.{}.{}.{}", b[12], b[13], b[14], b[15]);
    }
    std::string text;
    for (std::size_t i = 0; i < b.size(); i += 2) {
        text += fmt::format("{}{:x}", i == 0 ? "" : ":", b[i] << 8 | b[i + 1]);
    }
    return text;
}

/// A member of a member: {"location", "latitude"}.
template <std::size_t depth>
std::optional<MMDB_entry_data_s> member(MMDB_entry_s entry,
                                        const std::array<const char*, depth>& path) {
    std::array<const char*, depth + 1> terminated{};
    std::ranges::copy(path, terminated.begin());
    MMDB_entry_data_s data{};
    const int status = MMDB_aget_value(&entry, &data, terminated.data());
    return status == MMDB_SUCCESS && data.has_data ? std::optional(data) : std::nullopt;
}

/// Degrees within +-limit; not a number is not within it.
std::optional<double> degrees_of(const std::optional<MMDB_entry_data_s>& data, double limit) {
    double value = 0;
    if (data && data->type == MMDB_DATA_TYPE_DOUBLE) {
        value = data->double_value;
    } else if (data && data->type == MMDB_DATA_TYPE_FLOAT) {
        value = static_cast<double>(data->float_value);
    } else {
        return std::nullopt;
    }
    return std::abs(value) <= limit ? std::optional(value) : std::nullopt;
}

std::optional<GeoPoint> point_of(const MMDB_entry_s& entry) {
    const auto latitude = degrees_of(member<2>(entry, {"location", "latitude"}), 90);
    const auto longitude = degrees_of(member<2>(entry, {"location", "longitude"}), 180);
    if (!latitude || !longitude) {
        return std::nullopt;
    }
    return GeoPoint{.latitude = *latitude, .longitude = *longitude};
}

std::string text_of(const std::optional<MMDB_entry_data_s>& data) {
    if (!data || data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size > name_bytes_max) {
        return {};
    }
    const std::string text(data->utf8_string, data->data_size);
    return is_valid_utf8(text) ? text : std::string();
}

std::string name_of(const MMDB_entry_s& entry) {
    const std::string city = text_of(member<3>(entry, {"city", "names", "en"}));
    const std::string country = text_of(member<2>(entry, {"country", "iso_code"}));
    return city.empty() || country.empty() ? city + country : fmt::format("{}, {}", city, country);
}

/// Asked before the library opens the file, because it walks the tree at once.
Result<void> check_search_tree(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::error_code problem;
    const std::uint64_t size = std::filesystem::file_size(path, problem);
    if (!file || problem) {
        return fail(Code::not_found, fmt::format("{}: cannot be read", path.string()));
    }
    std::string end(std::min<std::uint64_t>(size, geo_metadata_bytes_max), '\0');
    const std::uint64_t before = size - end.size();
    file.seekg(static_cast<std::streamoff>(before));
    file.read(end.data(), static_cast<std::streamsize>(end.size()));
    const auto metadata = file ? read_geo_metadata(end) : std::nullopt;
    if (!metadata) {
        return fail(Code::malformed, fmt::format("{}: is no database of networks", path.string()));
    }
    const std::uint64_t tree_bytes = metadata->search_tree_bytes();
    if (tree_bytes > before + metadata->marker || tree_bytes > library_tree_bytes_max) {
        return fail(Code::malformed,
                    fmt::format("{}: holds fewer networks than it says", path.string()));
    }
    return {};
}

} // namespace

struct GeoDatabase::State {
    MMDB_s file{};
};

GeoDatabase::GeoDatabase(std::unique_ptr<State> state) : state_(std::move(state)) {}

GeoDatabase::~GeoDatabase() {
    MMDB_close(&state_->file);
}

Result<std::unique_ptr<GeoDatabase>> GeoDatabase::open(const std::filesystem::path& file) {
    if (const auto checked = check_search_tree(file); !checked) {
        return std::unexpected(checked.error());
    }
    auto state = std::make_unique<State>();
    const int status = MMDB_open(file.c_str(), MMDB_MODE_MMAP, &state->file);
    if (status != MMDB_SUCCESS) {
        const Code code = status == MMDB_FILE_OPEN_ERROR ? Code::not_found : Code::malformed;
        return fail(code, fmt::format("{}: {}", file.string(), MMDB_strerror(status)));
    }
    return std::unique_ptr<GeoDatabase>(new GeoDatabase(std::move(state)));
}

std::optional<GeoDatabase::Found> GeoDatabase::find(std::string_view text) const {
    const auto address = provisioning::parse_ip_address(text);
    if (!address) {
        return std::nullopt;
    }
    int no_address = 0;
    int problem = MMDB_SUCCESS; // damage, or an IPv6 address in a file of IPv4 ones
    const MMDB_lookup_result_s result =
        MMDB_lookup_string(&state_->file, numeric_text(*address).c_str(), &no_address, &problem);
    if (no_address != 0 || problem != MMDB_SUCCESS || !result.found_entry) {
        return std::nullopt;
    }
    const auto point = point_of(result.entry);
    return point ? std::optional(Found{.point = *point, .name = name_of(result.entry)})
                 : std::nullopt;
}

} // namespace muster::app
