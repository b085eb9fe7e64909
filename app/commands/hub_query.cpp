// muster hub query: put a query to hubs and print what they answer

#include "app/command_line.h"
#include "base/text.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace muster::app {

namespace {

constexpr std::size_t page_rows_max = 1000;

struct QueryOptions {
    ConnectOptions connect;
    std::string text;
    std::size_t rows_max = 1000;
    bool json = false;
};

struct Answer {
    std::string hub;
    JsonArray rows;
};

/// A value as it stands in a table: strings bare, what is not there empty.
std::string cell_of(const JsonObject& row, const std::string& column) {
    const Json* value = row.if_contains(column);
    if (value == nullptr) {
        return {};
    }
    return value->is_string() ? std::string(value->get_string()) : to_text(*value);
}

/// Of whole twins what fits on a line; of all other rows every member, as they first appear.
std::vector<std::string> columns_of(const std::vector<Answer>& answers, bool are_twins) {
    std::vector<std::string> columns;
    if (are_twins) {
        return {"deviceId", "moduleId", "status", "connectionState", "version", "tags"};
    }
    for (const Answer& answer : answers) {
        for (const Json& row : answer.rows) {
            for (const auto& member : row.as_object()) {
                std::string name(member.key());
                if (std::ranges::find(columns, name) == columns.end()) {
                    columns.push_back(std::move(name));
                }
            }
        }
    }
    return columns;
}

void print_table(const std::vector<Answer>& answers, bool are_twins, bool with_hubs) {
    const auto columns = columns_of(answers, are_twins);
    std::vector<std::string> header = columns;
    if (with_hubs) {
        header.insert(header.begin(), "hub");
    }
    std::vector<std::vector<std::string>> rows;
    for (const Answer& answer : answers) {
        for (const Json& row : answer.rows) {
            auto& cells = rows.emplace_back();
            if (with_hubs) {
                cells.push_back(answer.hub);
            }
            for (const std::string& column : columns) {
                cells.push_back(cell_of(row.as_object(), column));
            }
        }
    }
    print(format_table(header, rows));
}

struct Page {
    JsonArray rows;
    std::string continuation;
    bool has_twins = false;
};

Result<Page> next_page(ApiClient& hub, const QueryOptions& options, const Page& before,
                       std::size_t rows_max) {
    ApiClient::Request request{
        .method = "POST",
        .path = "/devices/query",
        .headers = {{"x-ms-max-item-count", std::to_string(std::min(rows_max, page_rows_max))}},
        .body = to_text(JsonObject{{"query", options.text}}),
        .time_max = std::chrono::seconds(60)};
    if (!before.continuation.empty()) {
        request.headers.emplace_back("x-ms-continuation", before.continuation);
    }
    const auto reply = hub.send(request);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    auto rows = parse_json(reply->body, {.bytes_max = reply->body.size()});
    const bool are_rows =
        rows && rows->is_array() &&
        std::ranges::all_of(rows->get_array(), [](const Json& row) { return row.is_object(); });
    if (!are_rows) {
        return fail(Code::internal, "the hub answered with something else than rows");
    }
    return Page{.rows = std::move(rows->get_array()),
                .continuation = std::string(reply->header("x-ms-continuation")),
                .has_twins = reply->header("x-ms-item-type") == "Twin"};
}

struct Collected {
    std::vector<Answer> answers;
    std::size_t count = 0;
    bool have_twins = false;
    bool has_more = false;
};

/// All pages of one hub, up to what was asked for; as JSON they are printed as they come.
Result<void> collect(ApiClient& hub, const QueryOptions& options, Collected& into) {
    Answer& answer = into.answers.emplace_back(Answer{.hub = hub.host(), .rows = {}});
    Page page;
    do {
        auto next = next_page(hub, options, page, options.rows_max - into.count);
        if (!next) {
            return std::unexpected(next.error());
        }
        page = std::move(*next);
        into.have_twins = page.has_twins;
        into.count += page.rows.size();
        for (Json& row : page.rows) {
            if (options.json) {
                print(to_text(row) + '\n'); // one line each, for programs that read along
            } else {
                answer.rows.push_back(std::move(row));
            }
        }
    } while (!page.continuation.empty() && into.count < options.rows_max);
    into.has_more = into.has_more || !page.continuation.empty();
    return {};
}

Result<void> run(const QueryOptions& options, const Environment& environment) {
    auto hubs = connect_hubs(options.connect, environment.clock);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    Collected collected;
    for (ApiClient& hub : *hubs) {
        if (collected.count >= options.rows_max) {
            collected.has_more = true;
            break;
        }
        if (auto done = collect(hub, options, collected); !done) {
            return done;
        }
    }
    if (!options.json) {
        print_table(collected.answers, collected.have_twins, hubs->size() > 1);
        if (collected.has_more) {
            print("(there are more rows; see --max)\n");
        }
    }
    return {};
}

} // namespace

void add_hub_query(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* command = hub.add_subcommand("query", "Ask for twins with a query");
    auto options = std::make_shared<QueryOptions>();
    command
        ->add_option("query", options->text,
                     "as SELECT deviceId, tags.site FROM devices WHERE status = 'disabled'")
        ->required();
    command->add_flag("--json", options->json, "a JSON document a line, as they come");
    command->add_option("--max", options->rows_max, "rows at most, of all hubs together")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    add_hub_options(*command, options->connect);
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            auto done = run(*options, environment);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
}

} // namespace muster::app
