// muster rekey: new keys for the secrets at rest.

#include "app/command_line.h"
#include "app/data_folder.h"
#include "app/key_file.h"
#include "store/stores.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace muster::app {

namespace {

struct RekeyOptions {
    std::filesystem::path data;
    std::filesystem::path key_file;
};

/// The file holds the old keys until everything is under the new one: whenever this is interrupted,
/// it holds every key that is needed, and the command can be run again.
Result<store::SealingProgress> rekey(const RekeyOptions& options, Random& random) {
    auto folder = DataFolder::open(options.data.empty() ? default_data_folder() : options.data);
    if (!folder) {
        return std::unexpected(folder.error());
    }
    const auto file = options.key_file.empty() ? folder->sealing_key() : options.key_file;
    auto keys = read_key_file(file);
    if (!keys) {
        return std::unexpected(keys.error());
    }
    keys->add_key(random);
    if (auto written = write_key_file(file, *keys); !written) {
        return std::unexpected(written.error());
    }
    auto progress = store::seal_database(folder->database(), *keys);
    if (!progress) {
        return progress;
    }
    keys->drop_old_keys();
    if (auto written = write_key_file(file, *keys); !written) {
        return std::unexpected(written.error());
    }
    return progress;
}

} // namespace

void add_rekey(CLI::App& root, Chosen& chosen, const Environment& environment) {
    CLI::App* command = root.add_subcommand("rekey", "Seal the database's secrets under a new key");
    command->footer("The server must be stopped. Interrupted, it can be run again. Backups of the\n"
                    "database need the key file of their time.");
    auto options = std::make_shared<RekeyOptions>();
    command->add_option("--data", options->data, "data folder")->envname("MUSTER_DATA");
    command->add_option("--key-file", options->key_file, "if it is not in the data folder")
        ->envname("MUSTER_KEY_FILE");
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            auto done = rekey(*options, environment.random);
            if (!done) {
                return failed(done.error());
            }
            print(fmt::format("{} documents looked at, {} sealed under the new key.\n",
                              done->documents, done->sealed));
            return ExitCode::ok;
        });
    });
}

} // namespace muster::app
