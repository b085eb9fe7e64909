#pragma once
// `muster`: the commands and what they share. One file a command in app/commands/.

#include "app/api_client.h"
#include "app/exit_code.h"
#include "app/output.h"
#include "base/clock.h"
#include "base/random.h"

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace muster::app {

/// What every command is given.
struct Environment {
    const Clock& clock;
    Random& random;
};

/// Parses, runs the one command asked for, and returns the exit code.
ExitCode run_command_line(int count, const char* const* arguments, const Environment& environment);

/// Called by a command's definition: the thing to do once the whole line is parsed.
using Action = std::function<ExitCode()>;

/// Collects the action of the command that was named.
class Chosen {
  public:
    void set(Action action) { action_ = std::move(action); }

    [[nodiscard]] const Action& action() const { return action_; }

  private:
    Action action_;
};

void add_serve(CLI::App& root, Chosen& chosen, const Environment& environment);
void add_rekey(CLI::App& root, Chosen& chosen, const Environment& environment);
void add_configuration(CLI::App& root, Chosen& chosen);
void add_import(CLI::App& root, Chosen& chosen);
void add_migrate(CLI::App& root, Chosen& chosen, const Environment& environment);
void add_token(CLI::App& root, Chosen& chosen, const Environment& environment);
void add_instance(CLI::App& root, Chosen& chosen);
void add_audit(CLI::App& root, Chosen& chosen);
void add_explain(CLI::App& root, Chosen& chosen, const Environment& environment);
void add_events(CLI::App& root, Chosen& chosen);
void add_timeline(CLI::App& root, Chosen& chosen);
void add_catalogue(CLI::App& root, Chosen& chosen);
void add_moves(CLI::App& root, Chosen& chosen);
void add_drain(CLI::App& root, Chosen& chosen);
void add_rebalance(CLI::App& root, Chosen& chosen);
void add_operation(CLI::App& root, Chosen& chosen);
void add_quarantine(CLI::App& root, Chosen& chosen);
void add_suspects(CLI::App& root, Chosen& chosen);
void add_block(CLI::App& root, Chosen& chosen);
void add_unblock(CLI::App& root, Chosen& chosen);
void add_enrollment(CLI::App& root, Chosen& chosen, const Environment& environment);
void add_group(CLI::App& root, Chosen& chosen, const Environment& environment);
void add_registration(CLI::App& root, Chosen& chosen, const Environment& environment);
void add_hub(CLI::App& root, Chosen& chosen, const Environment& environment);
void add_hub_device(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_twin(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_method(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_send(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_feedback(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_jobs(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_configurations(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_monitor(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_endpoints(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_query(CLI::App& hub, Chosen& chosen, const Environment& environment);
void add_hub_lost(CLI::App& hub, Chosen& chosen);
void add_howto(CLI::App& root, Chosen& chosen);
void add_simulate(CLI::App& root, Chosen& chosen, const Environment& environment);

// ---- options that several commands have ----

/// --connection-string, --address, --port, --ca, --data.
void add_connect_options(CLI::App& command, ConnectOptions& options);
/// The same, and --hub.
void add_hub_options(CLI::App& command, ConnectOptions& options);
/// --output json|table.
void add_output_option(CLI::App& command, OutputFormat& format);

/// Prints what went wrong and says so in the exit code.
ExitCode failed(const Error& error);

} // namespace muster::app
