#include "query/path.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace muster::query {

namespace {

constexpr std::array reserved_words{
    std::string_view("select"),  std::string_view("top"),      std::string_view("from"),
    std::string_view("where"),   std::string_view("group"),    std::string_view("by"),
    std::string_view("as"),      std::string_view("and"),      std::string_view("or"),
    std::string_view("not"),     std::string_view("in"),       std::string_view("nin"),
    std::string_view("true"),    std::string_view("false"),    std::string_view("null"),
    std::string_view("between"), std::string_view("undefined")};

/// Of twins (B.7) and of the rows of jobs (B.9).
constexpr std::array top_names{std::string_view("deviceId"),
                               std::string_view("moduleId"),
                               std::string_view("etag"),
                               std::string_view("deviceEtag"),
                               std::string_view("status"),
                               std::string_view("statusReason"),
                               std::string_view("statusUpdateTime"),
                               std::string_view("connectionState"),
                               std::string_view("lastActivityTime"),
                               std::string_view("cloudToDeviceMessageCount"),
                               std::string_view("authenticationType"),
                               std::string_view("x509Thumbprint"),
                               std::string_view("modelId"),
                               std::string_view("version"),
                               std::string_view("tags"),
                               std::string_view("properties"),
                               std::string_view("capabilities"),
                               std::string_view("deviceScope"),
                               std::string_view("parentScopes"),
                               std::string_view("configurations"),
                               std::string_view("jobId"),
                               std::string_view("jobType"),
                               std::string_view("startTimeUtc"),
                               std::string_view("endTimeUtc"),
                               std::string_view("createdDateTimeUtc"),
                               std::string_view("lastUpdatedDateTimeUtc"),
                               std::string_view("outcome"),
                               std::string_view("error")};

struct InnerName {
    std::string_view parent;
    std::string_view name;
};

constexpr std::array inner_names{
    InnerName{"properties", "desired"}, InnerName{"properties", "reported"},
    InnerName{"capabilities", "iotEdge"}, InnerName{"x509Thumbprint", "primaryThumbprint"},
    InnerName{"x509Thumbprint", "secondaryThumbprint"}};

const std::string* name_at(const Path& path, std::size_t index) {
    return index < path.steps.size() ? std::get_if<std::string>(&path.steps[index]) : nullptr;
}

bool names(const Path& path, std::size_t index, std::string_view name) {
    const std::string* found = name_at(path, index);
    return found != nullptr && equal_ignoring_case(*found, name);
}

void drop_source(Path& path) {
    if (path.steps.size() < 2 || !names(path, 0, "devices")) {
        return;
    }
    const bool has_part =
        path.steps.size() > 2 && (names(path, 1, "modules") || names(path, 1, "jobs"));
    const std::ptrdiff_t count = has_part ? 2 : 1;
    if (name_at(path, static_cast<std::size_t>(count)) != nullptr) {
        path.steps.erase(path.steps.begin(), path.steps.begin() + count);
    }
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

const Json* step_into(const Json& value, const Step& step) {
    if (const auto* name = std::get_if<std::string>(&step)) {
        const JsonObject* object = value.if_object();
        return object == nullptr ? nullptr : object->if_contains(*name);
    }
    const JsonArray* array = value.if_array();
    return array == nullptr ? nullptr : array->if_contains(std::get<std::size_t>(step));
}

std::string_view prefix_of(Root root) {
    switch (root) {
    case Root::document:
    case Root::property: return "";
    case Root::system: return "$";
    case Root::body: return "$body";
    case Root::twin: return "$twin";
    }
    return "";
}

/// The first step of a path without a prefix must not be taken for something else.
bool must_be_quoted(const Path& path, const std::string& name, bool leads) {
    if (!is_plain_name(name)) {
        return !(path.root == Root::system && leads);
    }
    if (!leads || path.root == Root::system) {
        return false;
    }
    return is_reserved_word(name) || equal_ignoring_case(name, "devices") ||
           (path.root == Root::property && name.starts_with('$'));
}

} // namespace

const Json* find_in(const JsonObject& document, const Path& path) {
    const std::string* name = name_at(path, 0);
    const Json* member = name == nullptr ? nullptr : document.if_contains(*name);
    return member == nullptr ? nullptr : find_in(*member, path, 1);
}

const Json* find_in(const Json& value, const Path& path, std::size_t first) {
    const Json* found = &value;
    for (std::size_t i = first; i < path.steps.size() && found != nullptr; ++i) {
        found = step_into(*found, path.steps[i]);
    }
    return found;
}

Path with_own_spelling(Path path) {
    if (path.root == Root::document) {
        drop_source(path);
    }
    for (const std::string_view own : top_names) {
        if (names(path, 0, own)) {
            path.steps.front() = std::string(own);
        }
    }
    for (const InnerName& inner : inner_names) {
        if (names(path, 0, inner.parent) && names(path, 1, inner.name)) {
            path.steps[1] = std::string(inner.name);
        }
    }
    return path;
}

std::string last_name(const Path& path) {
    for (auto step = path.steps.rbegin(); step != path.steps.rend(); ++step) {
        if (const auto* name = std::get_if<std::string>(&*step)) {
            return *name;
        }
    }
    return {};
}

std::string to_text(const Path& path) {
    std::string text(prefix_of(path.root));
    for (std::size_t i = 0; i < path.steps.size(); ++i) {
        const bool leads = i == 0 && path.root != Root::body && path.root != Root::twin;
        const auto* name = std::get_if<std::string>(&path.steps[i]);
        if (name == nullptr) {
            text += fmt::format("[{}]", std::get<std::size_t>(path.steps[i]));
            continue;
        }
        text += leads ? "" : ".";
        text += must_be_quoted(path, *name, leads) ? "[[" + *name + "]]" : *name;
    }
    return text;
}

bool is_plain_name(std::string_view text) {
    if (text.starts_with('$')) {
        text.remove_prefix(1);
    }
    return !text.empty() && is_letter(text.front()) &&
           std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_reserved_word(std::string_view name) {
    return std::ranges::any_of(
        reserved_words, [&](std::string_view word) { return equal_ignoring_case(word, name); });
}

} // namespace muster::query
