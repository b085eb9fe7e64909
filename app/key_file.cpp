#include "app/key_file.h"

#include "base/file.h"

#include <fmt/format.h>

namespace muster::app {

namespace {

constexpr unsigned private_mode = 0600;
constexpr std::size_t file_bytes_max = 64 * 1024;

} // namespace

Result<crypto::KeyRing> read_key_file(const std::filesystem::path& file) {
    auto text = read_file(file, file_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    const Secret content(std::move(*text));
    auto keys = crypto::KeyRing::parse(content.reveal());
    if (!keys) {
        return fail(keys.error().code, fmt::format("{}: {}", file.string(), keys.error().detail));
    }
    return keys;
}

Result<void> write_key_file(const std::filesystem::path& file, const crypto::KeyRing& keys) {
    const Secret content = keys.file_text();
    return write_file_atomically(file, std::string(content.reveal()), private_mode);
}

} // namespace muster::app
