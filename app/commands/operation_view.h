#pragma once
// Operations on fleets as people see them: rows, a page of one, a line that moves on while they
// wait.

#include "app/administration.h"
#include "app/output.h"

#include <string>
#include <vector>

namespace muster::app {

const std::vector<std::string>& operation_columns();
std::vector<std::string> operation_row(const Json& operation);

/// All of it, with what went wrong.
std::string describe_operation(const Json& operation);

void print_operation(OutputFormat format, const Json& operation);

/// "op-4f3a9c0d running   812 of 2,000 looked at, 800 moved, 2 failed, 10 under way, done about .."
std::string progress_line(const Json& operation);

/// Tells on standard error how it goes on, until it has ended or waits for somebody. Error:
/// precondition, if it was held or stopped.
Result<Json> wait_for_operation(ApiClient& api, const std::string& path);

} // namespace muster::app
