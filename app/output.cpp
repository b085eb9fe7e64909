#include "app/output.h"

#include "base/text.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace muster::app {

namespace {

constexpr std::size_t indent_step = 2;

void indented(const Json& value, std::size_t depth, std::string& out) {
    const auto line = [&](std::size_t at) {
        out += '\n';
        out.append(at * indent_step, ' ');
    };
    if (value.is_object() && !value.as_object().empty()) {
        out += '{';
        bool first = true;
        for (const auto& [key, member] : value.as_object()) {
            out += first ? "" : ",";
            first = false;
            line(depth + 1);
            out += boost::json::serialize(Json(key)) + ": ";
            indented(member, depth + 1, out);
        }
        line(depth);
        out += '}';
    } else if (value.is_array() && !value.as_array().empty()) {
        out += '[';
        bool first = true;
        for (const Json& element : value.as_array()) {
            out += first ? "" : ",";
            first = false;
            line(depth + 1);
            indented(element, depth + 1, out);
        }
        line(depth);
        out += ']';
    } else {
        out += boost::json::serialize(value);
    }
}

} // namespace

std::string format_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const std::string& title : header) {
        widths.push_back(title.size());
    }
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string text;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const bool last = i + 1 == cells.size();
            text += last ? cells[i] : fmt::format("{:<{}}  ", cells[i], widths[i]);
        }
        return text + '\n';
    };
    std::string out = line(header);
    for (const auto& row : rows) {
        out += line(row);
    }
    return out;
}

std::string format_json(const Json& value) {
    std::string out;
    indented(value, 0, out);
    return out + '\n';
}

std::string cell(const Json& value, std::string_view path) {
    const Json* at = &value;
    for (const std::string_view step : split(path, '.')) {
        at = at->is_object() ? find_member(at->as_object(), step) : nullptr;
        if (at == nullptr) {
            return {};
        }
    }
    return at->is_string() ? std::string(at->as_string()) : boost::json::serialize(*at);
}

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void print_error(const Error& error) {
    fmt::print(stderr, "muster: {}\n",
               error.detail.empty() ? std::string(to_string(error.code)) : error.detail);
}

} // namespace muster::app
