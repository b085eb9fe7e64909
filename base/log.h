#pragma once
// Structured log lines: `2030-01-02T03:04:05.123456Z info  registration refused tracking=... `.
// One line per refused request, written at the edge, level by whose mistake it was. Secret has no
// way in. Thread safe.

#include <initializer_list>
#include <string>
#include <string_view>

namespace muster::log {

enum class Level { debug, info, warning, error, off };

struct Field {
    std::string_view name; // lower_snake_case
    std::string value;
};

using Fields = std::initializer_list<Field>;

/// Lines go to standard error, or to a file once one is set. Called once, at start-up.
void start(Level level, const std::string& file = {});

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warning(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

} // namespace muster::log
