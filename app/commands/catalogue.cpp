// muster catalogue: every reason for which a device can be refused, with cause and remedy

#include "app/command_line.h"
#include "provisioning/findings.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace muster::app {

namespace {

struct CatalogueOptions {
    OutputFormat format = OutputFormat::table;
    std::string code;
};

JsonObject document_of(const provisioning::CatalogueEntry& entry) {
    return {{"code", entry.name},
            {"deviceErrorCode", entry.device_error_code},
            {"cause", entry.cause},
            {"remedy", entry.remedy}};
}

std::string text_of(const provisioning::CatalogueEntry& entry) {
    return fmt::format("{} (the device sees {})\n  {}\n  -> {}\n", entry.name,
                       entry.device_error_code, entry.cause, entry.remedy);
}

/// By its name, or by the six digits that a device was told.
bool is_asked_for(const provisioning::CatalogueEntry& entry, const std::string& code) {
    return code.empty() || code == entry.name || code == std::to_string(entry.device_error_code);
}

Result<void> show(const CatalogueOptions& options) {
    JsonArray documents;
    std::string text;
    for (const auto& entry : provisioning::finding_catalogue()) {
        if (is_asked_for(entry, options.code)) {
            documents.push_back(document_of(entry));
            text += text_of(entry);
        }
    }
    if (documents.empty()) {
        return fail(Code::not_found, "the catalogue has no code '" + options.code + "'");
    }
    print(options.format == OutputFormat::json ? format_json(documents) : text);
    return {};
}

} // namespace

void add_catalogue(CLI::App& root, Chosen& chosen) {
    CLI::App* command =
        root.add_subcommand("catalogue", "Why devices are refused: every code, cause and remedy");
    auto options = std::make_shared<CatalogueOptions>();
    command->add_option("code", options->code, "only this one: token_expired, or 401002");
    add_output_option(*command, options->format);
    command->callback([options, &chosen] {
        chosen.set([options] {
            auto done = show(*options);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
}

} // namespace muster::app
