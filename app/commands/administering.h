#pragma once
// What the commands on the administration API (docs/administration-api.md) share: a connection made
// once the whole line is parsed, and lists walked page after page.

#include "app/administration.h"
#include "app/command_line.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace muster::app {

/// `run(options, administration)`; `options->connect` says where.
template <class Options, class Run>
Action administering(const std::shared_ptr<Options>& options, Run run) {
    return [options, run] {
        auto administration = Administration::connect(options->connect);
        if (!administration) {
            return failed(administration.error());
        }
        const Result<void> done = run(*options, *administration);
        return done ? ExitCode::ok : failed(done.error());
    };
}

/// The same, when the command was chosen.
template <class Options, class Run>
void administer(CLI::App& command, Chosen& chosen, const std::shared_ptr<Options>& options,
                Run run) {
    command.callback([options, run, &chosen] { chosen.set(administering(options, run)); });
}

/// One list of the API.
struct ListToWalk {
    ApiClient::Request request;
    std::string member;           // of each answer: "entries"
    std::string cursor = "after"; // or "before", where the newest comes first
    std::string start;            // a cursor to begin at; empty: the beginning
    std::size_t items_max = 0;    // 0: all of them
};

/// Calls `each` for every item, page after page, until it fails.
Result<void> walk_list(ApiClient& api, ListToWalk list,
                       const std::function<Result<void>(const Json&)>& each);

/// The whole list at once; for those that fit a screen.
Result<JsonArray> read_list(ApiClient& api, ListToWalk list);

/// The object of a 2xx reply.
Result<JsonObject> send_for_object(ApiClient& api, const ApiClient::Request& request);

} // namespace muster::app
