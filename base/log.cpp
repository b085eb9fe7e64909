#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace muster::log {

namespace {

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
    case Level::off: return spdlog::level::off;
    }
    return spdlog::level::info;
}

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink, Level level) {
    auto logger = std::make_shared<spdlog::logger>("muster", std::move(sink));
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %-5l %v", spdlog::pattern_time_type::utc);
    logger->set_level(to_spdlog(level));
    logger->flush_on(to_spdlog(level));
    return logger;
}

/// Until start() is called, warnings go to standard error.
std::shared_ptr<spdlog::logger>& logger() {
    static auto instance =
        make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), Level::warning);
    return instance;
}

bool needs_quotes(std::string_view value) {
    return value.empty() || std::ranges::any_of(value, [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte <= 0x20U || byte >= 0x7FU || c == '"' || c == '\\' || c == '=';
           });
}

/// Values come from outside: none may start a line of its own, forge a field or move a terminal's
/// cursor. Bytes above ASCII are shown as escapes for the same reason.
void append_value(std::string& line, std::string_view value) {
    if (!needs_quotes(value)) {
        line += value;
        return;
    }
    line += '"';
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20U || byte >= 0x7FU) {
            fmt::format_to(std::back_inserter(line), "\\x{:02x}", byte);
        } else {
            line += c == '"' || c == '\\' ? "\\" : "";
            line += c;
        }
    }
    line += '"';
}

void write(Level level, std::string_view message, Fields fields) {
    if (!logger()->should_log(to_spdlog(level))) {
        return;
    }
    std::string line(message);
    for (const Field& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        append_value(line, field.value);
    }
    logger()->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

} // namespace

void start(Level level, const std::string& file) {
    if (file.empty()) {
        logger() = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), level);
        return;
    }
    logger() = make_logger(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file), level);
}

void debug(std::string_view message, Fields fields) {
    write(Level::debug, message, fields);
}

void info(std::string_view message, Fields fields) {
    write(Level::info, message, fields);
}

void warning(std::string_view message, Fields fields) {
    write(Level::warning, message, fields);
}

void error(std::string_view message, Fields fields) {
    write(Level::error, message, fields);
}

} // namespace muster::log
