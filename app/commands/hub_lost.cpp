// muster hub lost|found: whether a hub that was unlinked will ever be back

#include "app/commands/administering.h"
#include "base/encoding.h"

#include <fmt/format.h>

#include <memory>

namespace muster::app {

namespace {

struct LostOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string hub;
    bool sure = false;
};

Result<void> declare(const LostOptions& options, Administration& administration,
                     std::string_view what) {
    const auto path = administration.instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    const auto declared = send_for_object(
        administration.api(),
        {.method = "POST",
         .path = *path + "/hubs/" + percent_encode(options.hub) + '/' + std::string(what)});
    if (!declared) {
        return std::unexpected(declared.error());
    }
    print(options.format == OutputFormat::json ? format_json(*declared)
                                               : fmt::format("{} is {}\n", options.hub, what));
    return {};
}

Result<void> lost(const LostOptions& options, Administration& administration) {
    if (!options.sure) {
        return fail(Code::malformed,
                    fmt::format("the devices of '{}' are then assigned elsewhere as new ones, with "
                                "their initial twins; say --yes",
                                options.hub));
    }
    return declare(options, administration, "lost");
}

Result<void> found(const LostOptions& options, Administration& administration) {
    return declare(options, administration, "found");
}

} // namespace

void add_hub_lost(CLI::App& hub, Chosen& chosen) {
    const auto options = std::make_shared<LostOptions>();
    const auto add = [&](const char* name, const char* description, auto run) {
        CLI::App* command = hub.add_subcommand(name, description);
        command->add_option("hub", options->hub, "host name of the hub, which is not linked")
            ->required();
        add_instance_options(*command, options->connect);
        add_output_option(*command, options->format);
        administer(*command, chosen, options, run);
        return command;
    };
    add("lost", "Say that an unlinked hub will never be back", lost)
        ->add_flag("--yes", options->sure, "yes, its twins are lost, too");
    add("found", "Say that it is back after all", found);
}

} // namespace muster::app
