// muster export, diff, apply: an instance as code (docs/operating/configuration-as-code.md).

#include "app/command_line.h"
#include "app/documents/configured_instance.h"
#include "app/documents/yaml.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace muster::app {

namespace {

struct Options {
    AdministrationOptions connect;
    std::vector<std::string> files;
    std::vector<std::string> prune;
    std::string kind;
    bool keys = false;
    bool dry_run = false;
    bool exit_code = false;
};

// ---- export ----

Result<void> run_export(const Options& options) {
    auto administration = Administration::connect(options.connect);
    if (!administration) {
        return std::unexpected(administration.error());
    }
    std::optional<DocumentKind> only;
    if (!options.kind.empty()) {
        const auto kind = parse_document_kind(options.kind);
        if (!kind) {
            return std::unexpected(kind.error());
        }
        only = *kind;
    }
    bool first = true;
    const auto keys = options.keys ? Keys::shown : Keys::left_out;
    return export_documents(*administration, keys, only, [&](const Json& value) -> Result<void> {
        const auto document = canonical_document(value);
        if (!document) {
            return std::unexpected(document.error());
        }
        print((first ? "" : "---\n") + to_yaml(to_json(*document)));
        first = false;
        return {};
    });
}

// ---- diff and apply ----

Result<std::set<DocumentKind>> kinds_to_prune(const std::vector<std::string>& names) {
    std::set<DocumentKind> kinds;
    for (const std::string& name : names) {
        if (name == "all") {
            kinds.insert(
                {DocumentKind::certificate, DocumentKind::group, DocumentKind::enrollment});
            continue;
        }
        const auto kind = parse_document_kind(name);
        if (!kind) {
            return std::unexpected(kind.error());
        }
        if (*kind == DocumentKind::instance) {
            return fail(Code::malformed, "an instance is deleted with `muster instance delete`");
        }
        kinds.insert(*kind);
    }
    return kinds;
}

/// The instance that the documents are for: the flag's, else the one that they name.
Result<void> choose_instance(const std::vector<Document>& documents,
                             AdministrationOptions& connect) {
    const auto named = std::ranges::find(documents, DocumentKind::instance, &Document::kind);
    if (named == documents.end()) {
        return {};
    }
    if (!connect.instance.empty() && connect.instance != named->name) {
        return fail(Code::malformed, fmt::format("the documents are of instance '{}', not of '{}'",
                                                 named->name, connect.instance));
    }
    connect.instance = named->name;
    return {};
}

struct Plan {
    Administration administration;
    std::vector<Step> steps;
};

Result<Plan> make_plan(const Options& options) {
    const auto wanted = read_document_files(options.files);
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    auto prune = kinds_to_prune(options.prune);
    if (!prune) {
        return std::unexpected(prune.error());
    }
    AdministrationOptions connect = options.connect;
    if (auto chosen = choose_instance(*wanted, connect); !chosen) {
        return std::unexpected(chosen.error());
    }
    auto administration = Administration::connect(connect);
    if (!administration) {
        return std::unexpected(administration.error());
    }
    const bool compares_keys = std::ranges::any_of(*wanted, has_secrets);
    const auto current =
        current_documents(*administration, compares_keys ? Keys::shown : Keys::left_out);
    if (!current) {
        return std::unexpected(current.error());
    }
    auto steps = compare(*current, *wanted, {.prune = std::move(*prune)});
    if (!steps) {
        return std::unexpected(steps.error());
    }
    return Plan{std::move(*administration), std::move(*steps)};
}

Result<ExitCode> run_diff(const Options& options) {
    const auto plan = make_plan(options);
    if (!plan) {
        return std::unexpected(plan.error());
    }
    print(plan->steps.empty() ? "no difference\n" : describe(plan->steps));
    return options.exit_code && !plan->steps.empty() ? ExitCode::failed : ExitCode::ok;
}

/// A step that is refused does not stop the others, which may have nothing to do with it; all
/// refusals are listed, and the exit code is the first one's.
Result<ExitCode> run_apply(const Options& options) {
    auto plan = make_plan(options);
    if (!plan) {
        return std::unexpected(plan.error());
    }
    print(plan->steps.empty() ? "nothing to change\n" : describe(plan->steps));
    if (options.dry_run || plan->steps.empty()) {
        return ExitCode::ok;
    }
    StepTaker taker(plan->administration);
    std::optional<Error> first;
    std::size_t taken = 0;
    for (const Step& step : plan->steps) {
        if (const auto done = taker.take(step); done) {
            ++taken;
            continue;
        } else {
            Error error = done.error();
            error.detail = fmt::format("{} {}: {}", to_string(step.document.kind),
                                       step.document.name, error.detail);
            print_error(error);
            first = first ? first : error;
        }
    }
    print(fmt::format("{} of {} changes made\n", taken, plan->steps.size()));
    return first ? exit_code_of(first->code) : ExitCode::ok;
}

template <class Run>
void set_action(CLI::App& command, const std::shared_ptr<Options>& options, Chosen& chosen,
                Run run) {
    command.callback([options, &chosen, run] {
        chosen.set([options, run] {
            const Result<ExitCode> done = run(*options);
            return done ? *done : failed(done.error());
        });
    });
}

CLI::App* add_comparing(CLI::App& root, const char* name, const char* description,
                        const std::shared_ptr<Options>& options) {
    CLI::App* command = root.add_subcommand(name, description);
    command->add_option("files", options->files, "YAML or JSON files, - for standard input")
        ->required();
    command->add_option("--prune", options->prune,
                        "also delete what the files leave out, of this kind: Enrollment, "
                        "EnrollmentGroup, Certificate or all; repeatable");
    add_instance_options(*command, options->connect);
    return command;
}

} // namespace

void add_configuration(CLI::App& root, Chosen& chosen) {
    auto exporting = std::make_shared<Options>();
    CLI::App* command = root.add_subcommand("export", "Print an instance as YAML documents");
    command->add_option("--kind", exporting->kind,
                        "only Instance, Certificate, EnrollmentGroup or Enrollment");
    command->add_flag("--keys", exporting->keys, "with symmetric keys and connection strings");
    add_instance_options(*command, exporting->connect);
    set_action(*command, exporting, chosen, [](const Options& options) -> Result<ExitCode> {
        const auto done = run_export(options);
        return done ? Result<ExitCode>(ExitCode::ok) : std::unexpected(done.error());
    });

    auto comparing = std::make_shared<Options>();
    command = add_comparing(root, "diff", "Show what documents would change", comparing);
    command->add_flag("--exit-code", comparing->exit_code, "exit with 1 if there is a difference");
    set_action(*command, comparing, chosen, run_diff);

    auto applying = std::make_shared<Options>();
    command = add_comparing(root, "apply", "Make an instance what documents say", applying);
    command->add_flag("--dry-run", applying->dry_run, "only show what would be changed");
    set_action(*command, applying, chosen, run_apply);
}

} // namespace muster::app
