#include "app/importing/importer.h"
#include "base/encoding.h"
#include "base/file.h"
#include "crypto/keys.h"

#include <fmt/format.h>

#include <array>
#include <fstream>

namespace muster::app {

namespace {

constexpr unsigned public_mode = 0644;
constexpr std::size_t progress_bytes_max = 4096;
constexpr std::size_t sample_bytes = 64 * 1024;

struct Number {
    std::string_view name;
    std::int64_t* value;
};

std::array<Number, 7> numbers_of(ImportProgress& progress) {
    return {{{"offset", &progress.position.offset},
             {"line", &progress.position.line},
             {"created", &progress.counts.created},
             {"replaced", &progress.counts.replaced},
             {"unchanged", &progress.counts.unchanged},
             {"refused", &progress.counts.refused},
             {"reportBytes", &progress.report_bytes}}};
}

} // namespace

Result<ImportProgress> read_progress(const std::filesystem::path& file,
                                     const std::string& fingerprint) {
    ImportProgress progress;
    if (!std::filesystem::exists(file)) {
        return progress;
    }
    const auto text = read_file(file, progress_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    const auto document = parse_json_object(*text);
    const auto of = document ? string_member(*document, "file")
                             : Result<std::string>(std::unexpected(document.error()));
    if (!of || *of != fingerprint) {
        return fail(Code::conflict,
                    fmt::format("{} is of another import; remove it to begin anew", file.string()));
    }
    for (const auto& [name, value] : numbers_of(progress)) {
        const Json* member = find_member(*document, name);
        if (member == nullptr || !member->is_int64() || member->as_int64() < 0) {
            return fail(Code::malformed,
                        fmt::format("{} is damaged; remove it to begin anew", file.string()));
        }
        *value = member->as_int64();
    }
    return progress;
}

Result<void> write_progress(const std::filesystem::path& file, const std::string& fingerprint,
                            const ImportProgress& progress) {
    ImportProgress copy = progress;
    JsonObject document{{"file", fingerprint}};
    for (const auto& [name, value] : numbers_of(copy)) {
        document[name] = *value;
    }
    return write_file_atomically(file, to_text(document) + '\n', public_mode);
}

Result<std::string> fingerprint_of(const ImportSettings& settings) {
    const auto& file = settings.file;
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    std::ifstream stream(file, std::ios::binary);
    if (error || !stream) {
        return fail(Code::not_found, fmt::format("cannot read {}", file.string()));
    }
    std::string sample(sample_bytes, '\0');
    stream.read(sample.data(), static_cast<std::streamsize>(sample.size()));
    sample.resize(static_cast<std::size_t>(stream.gcount()));
    return fmt::format(
        "{}-{}", size,
        hex_encode_lower(crypto::sha256(settings.target + '\n' + sample)).substr(0, 32));
}

} // namespace muster::app
