#pragma once
// What commands print: JSON for programs, tables for people.

#include "base/json.h"
#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

enum class OutputFormat { table, json };

/// Columns as wide as their widest cell; the last one is not padded.
std::string format_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows);

/// Indented JSON text.
std::string format_json(const Json& value);

/// A member by a dotted path as text: strings bare, absent empty, everything else as JSON.
std::string cell(const Json& value, std::string_view path);

/// To standard output, at once, so that a reader of a pipe sees it.
void print(std::string_view text);

/// `muster: what went wrong` to standard error.
void print_error(const Error& error);

} // namespace muster::app
