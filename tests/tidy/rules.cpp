#include "tests/tidy/rules.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace muster::tidy {

namespace {

using Names = std::set<std::string, std::less<>>;

const std::map<std::string, Names, std::less<>>& layers() {
    static const std::map<std::string, Names, std::less<>> table{
        {"base", {"base"}},
        {"crypto", {"crypto", "base"}},
        {"codec", {"codec", "base"}},
        {"session", {"session", "codec", "crypto", "base"}},
        {"net", {"net", "session", "crypto", "base"}},
        {"provisioning", {"provisioning", "crypto", "base"}},
        {"query", {"query", "base"}},
        {"hub", {"hub", "query", "crypto", "base"}},
        {"store", {"store", "provisioning", "hub", "query", "crypto", "base"}},
        {"gateway",
         {"gateway", "provisioning", "hub", "query", "session", "codec", "crypto", "base"}},
        {"device", {"device", "net", "session", "codec", "crypto", "base"}},
        {"app",
         {"app", "gateway", "store", "provisioning", "hub", "query", "device", "net", "session",
          "codec", "crypto", "base"}},
    };
    return table;
}

/// Text that may stand only in files whose path starts with one of these.
struct Reserved {
    std::string_view text;
    std::vector<std::string_view> places;
};

const std::vector<Reserved>& reserved() {
    static const std::vector<Reserved> table{
        {"#include <openssl/", {"crypto/", "net/"}},
        {"#include <boost/asio", {"net/"}},
        {"#include <boost/beast", {"session/http_"}},
        {"#include <sqlite3.h>", {"store/sqlite/", "bench/"}},
        {"#include <wslay/", {"session/"}},
        {"#include <curl/", {"net/"}},
        {"#include <nats/", {"net/nats_"}},
        {"#include <spdlog/", {"base/"}},
        {"#include <toml++/", {"app/"}},
        {"#include <CLI/", {"app/", "bench/"}},
        {"#include <sys/socket.h>", {"net/", "tests/", "bench/"}},
        {"#include <netinet/", {"net/", "tests/", "bench/"}},
        {"system_clock::now", {"base/"}},
        {"steady_clock::now", {"base/", "tests/", "bench/"}},
        {"getrandom(", {"base/"}},
        {"std::random_device", {"base/"}},
        {"using namespace std;", {}},
    };
    return table;
}

constexpr std::string_view banned_names[] = {"Manager", "Helper", "Util"};
constexpr std::size_t lines_max = 500;
constexpr std::size_t columns_max = 100;

bool starts_with_any(std::string_view text, const std::vector<std::string_view>& prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view prefix) { return text.starts_with(prefix); });
}

/// Columns, not bytes: continuation bytes of UTF-8 do not count.
std::size_t columns_of(std::string_view line) {
    return static_cast<std::size_t>(
        std::count_if(line.begin(), line.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string_view code_of(std::string_view line) {
    return line.substr(0, line.find("//"));
}

void check_line(const Source& source, std::size_t number, std::vector<Finding>& findings) {
    const std::string_view line = source.lines[number - 1];
    const auto found = [&](std::string what) {
        findings.push_back({source.path, number, std::move(what)});
    };
    if (columns_of(line) > columns_max) {
        found("longer than 100 columns");
    }
    if (const auto todo = line.find("TODO"); todo != std::string_view::npos) {
        const std::string_view rest = line.substr(todo + 4);
        if (!rest.starts_with("(soon)") && !rest.starts_with("(perf)") &&
            !rest.starts_with("(security)")) {
            found("a TODO needs a type: soon, perf or security");
        }
    }
    for (const std::string_view name : banned_names) {
        const std::string_view code = code_of(line);
        const auto at = code.find(name);
        const bool declares = code.find("class ") != std::string_view::npos ||
                              code.find("struct ") != std::string_view::npos;
        if (declares && at != std::string_view::npos) {
            found("names say what a thing is; '" + std::string(name) + "' does not");
        }
    }
}

std::string_view own_include(std::string_view line) {
    constexpr std::string_view start = "#include \"";
    if (!line.starts_with(start)) {
        return {};
    }
    line.remove_prefix(start.size());
    return line.substr(0, line.find('"'));
}

/// `DPS-DEVICE-37` and the like, wherever they stand in the text.
std::set<std::string> numbers_in(std::string_view text) {
    std::set<std::string> numbers;
    for (const std::string_view list : {"DPS-DEVICE-", "DPS-SERVICE-", "IOTHUB-"}) {
        for (auto at = text.find(list); at != std::string_view::npos;
             at = text.find(list, at + 1)) {
            auto end = at + list.size();
            while (end < text.size() && text[end] >= '0' && text[end] <= '9') {
                ++end;
            }
            if (end > at + list.size()) {
                numbers.emplace(text.substr(at, end - at));
            }
        }
    }
    return numbers;
}

} // namespace

Source make_source(std::string path, std::string_view text) {
    Source source{path, path.substr(0, path.find('/')), {}};
    std::istringstream stream{std::string(text)};
    for (std::string line; std::getline(stream, line);) {
        source.lines.push_back(line);
    }
    return source;
}

std::vector<Source> read_sources(const std::filesystem::path& root) {
    std::vector<Source> sources;
    std::vector<std::string> folders{"tests", "bench"};
    for (const auto& [folder, allowed] : layers()) {
        folders.push_back(folder);
    }
    for (const std::string& folder : folders) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            const auto& path = entry.path();
            const bool ours = path.string().find("node_modules") == std::string::npos &&
                              (path.extension() == ".h" || path.extension() == ".cpp" ||
                               path.extension() == ".js" || path.extension() == ".mjs");
            if (!entry.is_regular_file() || !ours) {
                continue;
            }
            std::ifstream file(path);
            const std::string text((std::istreambuf_iterator<char>(file)),
                                   std::istreambuf_iterator<char>());
            sources.push_back(make_source(std::filesystem::relative(path, root).string(), text));
        }
    }
    std::sort(sources.begin(), sources.end(),
              [](const Source& left, const Source& right) { return left.path < right.path; });
    return sources;
}

std::vector<Finding> check_layers(const Source& source) {
    const auto allowed = layers().find(source.folder);
    if (allowed == layers().end()) {
        return {};
    }
    std::vector<Finding> findings;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
        const std::string_view include = own_include(source.lines[i]);
        if (include.empty()) {
            continue;
        }
        const std::string_view folder = include.substr(0, include.find('/'));
        if (!allowed->second.contains(folder)) {
            findings.push_back(
                {source.path, i + 1, source.folder + "/ may not include " + std::string(include)});
        }
    }
    return findings;
}

std::vector<Finding> check_outside_world(const Source& source) {
    if (source.path.starts_with("tests/tidy/")) {
        return {}; // the table names what it forbids
    }
    std::vector<Finding> findings;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
        for (const Reserved& rule : reserved()) {
            const bool used = code_of(source.lines[i]).find(rule.text) != std::string_view::npos;
            if (used && !starts_with_any(source.path, rule.places)) {
                findings.push_back(
                    {source.path, i + 1, "'" + std::string(rule.text) + "' does not belong here"});
            }
        }
    }
    return findings;
}

std::vector<Finding> check_shape(const Source& source) {
    std::vector<Finding> findings;
    if (source.path.starts_with("tests/tidy/")) {
        return findings; // its own tests hold broken examples
    }
    if (source.lines.size() > lines_max) {
        findings.push_back({source.path, 0, "longer than 500 lines: a question to the design"});
    }
    const bool header = source.path.ends_with(".h");
    if (header &&
        std::find(source.lines.begin(), source.lines.end(), "#pragma once") == source.lines.end()) {
        findings.push_back({source.path, 0, "lacks #pragma once"});
    }
    for (std::size_t number = 1; number <= source.lines.size(); ++number) {
        check_line(source, number, findings);
    }
    return findings;
}

std::vector<Finding> check_conformance(std::string_view page, const std::vector<Source>& tests) {
    constexpr const char* page_name = "docs/conformance.md";
    std::set<std::string> listed;
    std::set<std::string> served;
    std::istringstream lines{std::string(page)};
    for (std::string line; std::getline(lines, line);) {
        const auto numbers = numbers_in(line);
        listed.insert(numbers.begin(), numbers.end());
        if (line.find("| yes") != std::string::npos) {
            served.insert(numbers.begin(), numbers.end());
        }
    }
    std::set<std::string> named;
    std::vector<Finding> findings;
    for (const Source& test : tests) {
        for (std::size_t i = 0; i < test.lines.size(); ++i) {
            for (const std::string& number : numbers_in(test.lines[i])) {
                named.insert(number);
                if (!listed.contains(number)) {
                    findings.push_back({test.path, i + 1, number + " is not on " + page_name});
                }
            }
        }
    }
    for (const std::string& number : served) {
        if (!named.contains(number)) {
            findings.push_back({page_name, 0, number + " is claimed, and no test names it"});
        }
    }
    return findings;
}

} // namespace muster::tidy
