// muster hub job show|list|cancel, and muster hub configuration show|list

#include "app/command_line.h"
#include "base/encoding.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <utility>

namespace muster::app {

namespace {

using Row = std::vector<std::string>;

/// What is shown of one kind of thing, and where it is found.
struct Kind {
    std::string_view name; // "job"
    std::string path;      // of one, before its id
    std::string list_path;
    std::vector<std::string> heading;
    Row (*row)(const std::string& hub, const Json& document);
};

Row job_row(const std::string& hub, const Json& job) {
    return {cell(job, "jobId"),
            hub,
            cell(job, "type"),
            cell(job, "status"),
            cell(job, "deviceJobStatistics.deviceCount"),
            cell(job, "deviceJobStatistics.succeededCount"),
            cell(job, "deviceJobStatistics.failedCount"),
            cell(job, "startTime"),
            cell(job, "endTime")};
}

Row configuration_row(const std::string& hub, const Json& configuration) {
    return {cell(configuration, "id"),
            hub,
            cell(configuration, "priority"),
            cell(configuration, "systemMetrics.results.targetedCount"),
            cell(configuration, "systemMetrics.results.appliedCount"),
            cell(configuration, "targetCondition")};
}

const Kind& jobs() {
    static const Kind kind{
        "job",
        "/jobs/v2/",
        "/jobs/v2/query",
        {"JOB", "HUB", "TYPE", "STATUS", "DEVICES", "SUCCEEDED", "FAILED", "STARTS", "ENDED"},
        job_row};
    return kind;
}

const Kind& configurations() {
    static const Kind kind{"configuration",
                           "/configurations/",
                           "/configurations",
                           {"CONFIGURATION", "HUB", "PRIORITY", "TARGETED", "APPLIED", "TARGET"},
                           configuration_row};
    return kind;
}

struct Options {
    ConnectOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string id;
};

void print_rows(const Kind& kind, OutputFormat format, const Json& document,
                const std::vector<Row>& rows) {
    print(format == OutputFormat::json ? format_json(document) : format_table(kind.heading, rows));
}

/// What is asked of one.
struct Question {
    std::string_view method = "GET";
    std::string_view verb = {}; // behind its path
};

/// Asks the first of the hubs that knows it.
Result<void> ask_one(const Kind& kind, const Question& question, const Options& options,
                     const Environment& environment) {
    auto hubs = connect_hubs(options.connect, environment.clock);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    const std::string path = kind.path + percent_encode(options.id) + std::string(question.verb);
    for (ApiClient& hub : *hubs) {
        auto found = hub.send_json({.method = std::string(question.method), .path = path});
        if (found) {
            print_rows(kind, options.format, *found, {kind.row(hub.host(), *found)});
            return {};
        }
        if (found.error().code != Code::not_found) {
            return std::unexpected(found.error());
        }
    }
    return fail(Code::not_found,
                "no hub knows the " + std::string(kind.name) + " '" + options.id + "'");
}

Result<void> list(const Kind& kind, const Options& options, const Environment& environment) {
    auto hubs = connect_hubs(options.connect, environment.clock);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    JsonArray documents;
    std::vector<Row> rows;
    for (ApiClient& hub : *hubs) {
        auto page = hub.send_json({.method = "GET", .path = kind.list_path});
        if (!page) {
            return std::unexpected(page.error());
        }
        if (!page->is_array()) {
            return fail(Code::internal, "the hub answered with something else than a list");
        }
        for (Json& document : page->as_array()) {
            rows.push_back(kind.row(hub.host(), document));
            documents.push_back(std::move(document));
        }
    }
    print_rows(kind, options.format, Json(std::move(documents)), rows);
    return {};
}

/// The commands of one kind.
class Commands {
  public:
    Commands(CLI::App& parent, Chosen& chosen, const Environment& environment)
        : parent_(parent), chosen_(chosen), environment_(environment) {}

    CLI::App* add(const char* name, const char* description, auto run) {
        CLI::App* command = parent_.add_subcommand(name, description);
        add_hub_options(*command, options_->connect);
        add_output_option(*command, options_->format);
        command->callback(
            [options = options_, run, &chosen = chosen_, &environment = environment_] {
                chosen.set([options, run, &environment] {
                    auto done = run(*options, environment);
                    return done ? ExitCode::ok : failed(done.error());
                });
            });
        return command;
    }

    void add_with_id(const char* name, const char* description, auto run) {
        add(name, description, run)->add_option("id", options_->id, "its id")->required();
    }

  private:
    CLI::App& parent_;
    Chosen& chosen_;
    const Environment& environment_;
    std::shared_ptr<Options> options_ = std::make_shared<Options>();
};

} // namespace

void add_hub_jobs(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* job = hub.add_subcommand("job", "Scheduled twin updates and methods");
    job->require_subcommand(1);
    Commands commands(*job, chosen, environment);
    commands.add_with_id("show", "Show one, on whichever hub it is",
                         [](const Options& options, const Environment& outside) {
                             return ask_one(jobs(), {}, options, outside);
                         });
    commands.add("list", "List the newest 100 of each hub",
                 [](const Options& options, const Environment& outside) {
                     return list(jobs(), options, outside);
                 });
    commands.add_with_id("cancel", "Cancel one: what it has not begun, it will not",
                         [](const Options& options, const Environment& outside) {
                             return ask_one(jobs(), {"POST", "/cancel"}, options, outside);
                         });
}

void add_hub_configurations(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* configuration =
        hub.add_subcommand("configuration", "Desired properties by target condition");
    configuration->require_subcommand(1);
    Commands commands(*configuration, chosen, environment);
    commands.add_with_id("show", "Show one, on whichever hub it is",
                         [](const Options& options, const Environment& outside) {
                             return ask_one(configurations(), {}, options, outside);
                         });
    commands.add("list", "List those of each hub",
                 [](const Options& options, const Environment& outside) {
                     return list(configurations(), options, outside);
                 });
}

} // namespace muster::app
