#include "app/commands/findings.h"

#include "app/output.h"

#include <fmt/format.h>

namespace muster::app {

namespace {

const JsonArray& list_in(const Json& value, std::string_view member) {
    static const JsonArray none;
    const auto* object = value.if_object();
    const auto* list = object == nullptr ? nullptr : object->if_contains(member);
    return list != nullptr && list->is_array() ? list->as_array() : none;
}

std::string describe_finding(const Json& finding, std::string_view subject) {
    std::string text =
        fmt::format("    {}{}: {}\n", subject, cell(finding, "code"), cell(finding, "detail"));
    if (const auto remedy = cell(finding, "remedy"); !remedy.empty()) {
        text += fmt::format("      -> {}\n", remedy);
    }
    return text;
}

std::string describe_considered(const Json& considered) {
    const auto subject =
        fmt::format("{} '{}': ", cell(considered, "kind") == "enrollment" ? "enrollment" : "group",
                    cell(considered, "id"));
    const auto& findings = list_in(considered, "findings");
    if (findings.empty()) {
        return fmt::format("    {}accepts the proof\n", subject);
    }
    std::string text;
    for (const Json& finding : findings) {
        text += describe_finding(finding, subject);
    }
    return text;
}

} // namespace

std::string describe_findings(const Json& explanation) {
    std::string text;
    for (const Json& considered : list_in(explanation, "considered")) {
        text += describe_considered(considered);
    }
    for (const Json& finding : list_in(explanation, "findings")) {
        text += describe_finding(finding, "");
    }
    if (const auto left_out = cell(explanation, "leftOut"); !left_out.empty()) {
        text += fmt::format("    and {} more enrollments that are not shown\n", left_out);
    }
    return text;
}

} // namespace muster::app
