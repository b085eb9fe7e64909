// muster moves [list|cancel|retry|forget]: what is under way at hubs

#include "app/commands/administering.h"
#include "base/encoding.h"

#include <fmt/format.h>

#include <memory>

namespace muster::app {

namespace {

struct MoveOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string id;
    bool even_fenced = false;
};

using Options = std::shared_ptr<MoveOptions>;

/// "hub-1 -> hub-2", or the one place there is.
std::string way_of(const Json& move) {
    const auto from = cell(move, "plan.from.hub");
    const auto to = cell(move, "plan.to.hub");
    return from.empty() ? to : to.empty() ? from : from + " -> " + to;
}

/// "erase at hub-1, 12 tries: hub is busy".
std::string describe_chore(const Json& chore) {
    const auto problem = cell(chore, "problem");
    return fmt::format("{} at {}, {} tries{}", cell(chore, "kind"), cell(chore, "hub"),
                       cell(chore, "tries"), problem.empty() ? "" : ": " + problem);
}

std::string chores_of(const Json& move) {
    const auto* chores = move.is_object() ? move.as_object().if_contains("chores") : nullptr;
    std::string text;
    if (chores == nullptr || !chores->is_array()) {
        return text;
    }
    for (const Json& chore : chores->as_array()) {
        text += (text.empty() ? "" : "; ") + describe_chore(chore);
    }
    return text;
}

Result<void> list(const MoveOptions& options, Administration& administration) {
    const auto path = administration.instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    const auto moves =
        read_list(administration.api(),
                  {.request = {.method = "GET", .path = *path + "/moves"}, .member = "moves"});
    if (!moves) {
        return std::unexpected(moves.error());
    }
    if (options.format == OutputFormat::json) {
        print(format_json(*moves));
        return {};
    }
    std::vector<std::vector<std::string>> rows;
    for (const Json& move : *moves) {
        rows.push_back({cell(move, "registrationId"), cell(move, "plan.kind"),
                        cell(move, "plan.stage"), way_of(move), cell(move, "plan.operation"),
                        cell(move, "lastUpdatedDateTimeUtc"), chores_of(move)});
    }
    print(rows.empty()
              ? "nothing is under way\n"
              : format_table({"ID", "PLAN", "STAGE", "HUBS", "OPERATION", "SINCE", "LEFT TO DO"},
                             rows));
    return {};
}

Result<void> send(const MoveOptions& options, Administration& administration,
                  std::string_view verb) {
    const auto path = administration.instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    ApiClient::Request request{.method = "POST",
                               .path = *path + "/moves/" + percent_encode(options.id) + '/' +
                                       std::string(verb)};
    if (options.even_fenced) {
        request.query.emplace_back("evenFenced", "true");
    }
    const auto done = administration.api().send(request);
    return done ? Result<void>() : std::unexpected(done.error());
}

Result<void> cancel(const MoveOptions& options, Administration& administration) {
    return send(options, administration, "cancel");
}

Result<void> retry(const MoveOptions& options, Administration& administration) {
    return send(options, administration, "retry");
}

Result<void> forget(const MoveOptions& options, Administration& administration) {
    return send(options, administration, "forget");
}

struct Verb {
    const char* name;
    const char* description;
    Result<void> (*run)(const MoveOptions&, Administration&);
};

CLI::App* add_verb(CLI::App& moves, const Verb& verb, const Options& options, Chosen& chosen) {
    CLI::App* command = moves.add_subcommand(verb.name, verb.description);
    if (verb.run != list) {
        command->add_option("id", options->id, "registration id")->required();
    }
    add_instance_options(*command, options->connect);
    add_output_option(*command, options->format);
    administer(*command, chosen, options, verb.run);
    return command;
}

} // namespace

void add_moves(CLI::App& root, Chosen& chosen) {
    CLI::App* moves =
        root.add_subcommand("moves", "Devices on their way, and what is left to do at hubs");
    moves->require_subcommand(0, 1);
    const auto options = std::make_shared<MoveOptions>();
    add_instance_options(*moves, options->connect);
    add_output_option(*moves, options->format);
    moves->callback([moves, options, &chosen] {
        if (moves->get_subcommands().empty()) {
            chosen.set(administering(options, list));
        }
    });
    for (const Verb& verb :
         {Verb{"list", "List them, as without a verb", list},
          Verb{"cancel", "Give up one that is not decided: the device stays where it was", cancel},
          Verb{"retry", "Try again now", retry}}) {
        add_verb(*moves, verb, options, chosen);
    }
    add_verb(*moves, {"forget", "Do no more at hubs: somebody has seen to it", forget}, options,
             chosen)
        ->add_flag("--even-fenced", options->even_fenced,
                   "even if the device stays disabled where it is");
}

} // namespace muster::app
