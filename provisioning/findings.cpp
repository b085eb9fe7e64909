#include "provisioning/findings.h"

#include <utility>

namespace muster::provisioning {

namespace {

constexpr std::size_t summary_bytes_max = 4096;
constexpr std::string_view cut = "; and more";

JsonArray to_document(const std::vector<Finding>& findings) {
    JsonArray list;
    for (const Finding& finding : findings) {
        const CatalogueEntry& entry = catalogue_entry(finding.code);
        list.push_back(
            JsonObject{{"code", entry.name}, {"detail", finding.detail}, {"remedy", entry.remedy}});
    }
    return list;
}

/// Parts joined with "; ". A long list is cut: the log line has a bound.
class Summary {
  public:
    void add(std::string_view part) {
        if (is_cut_) {
            return;
        }
        if (text_.size() + part.size() > summary_bytes_max) {
            is_cut_ = true;
            text_ += cut;
            return;
        }
        if (!text_.empty()) {
            text_ += "; ";
        }
        text_ += part;
    }

    std::string take() && { return std::move(text_); }

  private:
    std::string text_;
    bool is_cut_ = false;
};

std::string line_of(const Finding& finding) {
    return std::string(catalogue_entry(finding.code).name) + ": " + finding.detail;
}

void add(Summary& summary, const Considered& considered) {
    const std::string head =
        (considered.kind == "enrollment" ? "enrollment '" : "group '") + considered.id + "': ";
    if (considered.findings.empty()) {
        summary.add(head + "accepts the proof");
    }
    for (const Finding& finding : considered.findings) {
        summary.add(head + line_of(finding));
    }
}

} // namespace

void add(Explanation& explanation, Considered considered) {
    if (explanation.considered.size() >= explanation_considered_max) {
        ++explanation.left_out;
        return;
    }
    explanation.considered.push_back(std::move(considered));
}

JsonObject to_document(const Explanation& explanation) {
    JsonArray considered;
    for (const Considered& one : explanation.considered) {
        considered.push_back(JsonObject{
            {"kind", one.kind}, {"id", one.id}, {"findings", to_document(one.findings)}});
    }
    JsonObject document{{"considered", std::move(considered)},
                        {"findings", to_document(explanation.findings)}};
    if (explanation.left_out > 0) {
        document["leftOut"] = explanation.left_out;
    }
    return document;
}

std::string summary_of(const Explanation& explanation) {
    Summary summary;
    for (const Considered& one : explanation.considered) {
        add(summary, one);
    }
    if (explanation.left_out > 0) {
        summary.add(std::to_string(explanation.left_out) + " more enrollments");
    }
    for (const Finding& finding : explanation.findings) {
        summary.add(line_of(finding));
    }
    return std::move(summary).take();
}

} // namespace muster::provisioning
