// An instance as configuration documents, page after page: the instance, its certificates, its
// groups, its enrollments, each kind by name. A cursor names the last document shown
// (`EnrollmentGroup/g-1`), so it holds across connections and changes; what is added behind it is
// shown, what is removed is missed by nobody.

#include "base/text.h"
#include "gateway/administration/configuration.h"
#include "gateway/administration/families.h"
#include "gateway/administration/page.h"
#include "provisioning/documents.h"
#include "provisioning/documents/instance_document.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::CaCertificate;
using provisioning::Instance;
using provisioning::View;

struct ExportAsked {
    bool with_keys = false;
    std::size_t count = 0;
    std::optional<DocumentKind> only;
    std::optional<DocumentName> after; // the name folded
};

Result<std::optional<DocumentName>> read_cursor(const AdminCall& call) {
    const auto text = call.parameter("after");
    if (text.empty()) {
        return std::nullopt;
    }
    const auto parts = split_once(text, '/');
    const auto kind = parse_document_kind(parts ? parts->first : std::string_view());
    if (!kind || parts->second.empty() || parts->second != to_lower(parts->second)) {
        return fail(Code::malformed, "after is not a cursor of this list");
    }
    return DocumentName{.kind = *kind, .name = std::string(parts->second)};
}

Result<std::optional<DocumentKind>> read_kind(const AdminCall& call) {
    const auto text = call.parameter("kind");
    if (text.empty()) {
        return std::nullopt;
    }
    const auto kind = parse_document_kind(text);
    if (!kind) {
        return std::unexpected(kind.error());
    }
    return *kind;
}

Result<ExportAsked> read_asked(const AdminCall& call) {
    const auto with_keys = wants_keys(call);
    if (!with_keys) {
        return std::unexpected(with_keys.error());
    }
    const auto count = read_count(call);
    if (!count) {
        return std::unexpected(count.error());
    }
    const auto only = read_kind(call);
    if (!only) {
        return std::unexpected(only.error());
    }
    auto after = read_cursor(call);
    if (!after) {
        return std::unexpected(after.error());
    }
    if (*only && *after && (**after).kind != **only) {
        return fail(Code::malformed, "after is the cursor of another list");
    }
    return ExportAsked{
        .with_keys = *with_keys, .count = *count, .only = *only, .after = *std::move(after)};
}

/// Fills one page, kind after kind.
class Export {
  public:
    Export(const ReachedSite& reached, const ExportAsked& asked)
        : instance_(*reached.instance), enrollments_(*reached.site->enrollments), asked_(asked),
          page_("documents", asked.count) {}

    AdminAnswer run() && {
        using enum DocumentKind;
        for (const auto kind : {instance, certificate, enrollment_group, enrollment}) {
            if (!is_wanted(kind)) {
                continue;
            }
            const auto goes_on = add_all(kind);
            if (!goes_on) {
                return std::unexpected(goes_on.error());
            }
            if (!*goes_on) {
                break;
            }
        }
        return std::move(page_).finish();
    }

  private:
    [[nodiscard]] bool is_wanted(DocumentKind kind) const {
        const auto is_passed = asked_.after && kind < asked_.after->kind;
        return !is_passed && (!asked_.only || *asked_.only == kind);
    }

    /// The folded name after which the kind's documents are still to be shown.
    [[nodiscard]] std::string start_of(DocumentKind kind) const {
        return asked_.after && asked_.after->kind == kind ? asked_.after->name : std::string();
    }

    [[nodiscard]] View view() const {
        return asked_.with_keys ? View::exported_with_keys : View::exported;
    }

    /// False if the page is full.
    bool add(const DocumentName& name, JsonObject spec, const ETag& etag) {
        spec.erase(id_member_of(name.kind));
        auto cursor = std::string(to_string(name.kind)) + '/' + to_lower(name.name);
        return page_.add(configuration_document(name, std::move(spec), etag), std::move(cursor));
    }

    Result<bool> add_all(DocumentKind kind) {
        switch (kind) {
        case DocumentKind::instance: return add_instance();
        case DocumentKind::certificate: return add_certificates();
        case DocumentKind::enrollment_group: return add_groups();
        case DocumentKind::enrollment: return add_enrollments();
        }
        std::unreachable();
    }

    bool add_instance() {
        return !start_of(DocumentKind::instance).empty() ||
               add({DocumentKind::instance, instance_.name}, to_document(instance_, view()),
                   instance_.stamp.etag);
    }

    bool add_certificates() {
        const auto folded = [](const CaCertificate& one) { return to_lower(one.name); };
        auto certificates = instance_.certificates;
        std::ranges::sort(certificates, {}, folded);
        const auto start =
            std::ranges::upper_bound(certificates, start_of(DocumentKind::certificate), {}, folded);
        return std::all_of(start, certificates.end(), [&](const CaCertificate& one) {
            return add({DocumentKind::certificate, one.name},
                       {{"certificate", one.certificate.pem()}, {"verified", one.verified}},
                       one.stamp.etag);
        });
    }

    /// Groups are few and read as a whole.
    Result<bool> add_groups() {
        const auto groups = enrollments_.groups();
        if (!groups) {
            return std::unexpected(groups.error());
        }
        const auto start = start_of(DocumentKind::enrollment_group);
        return std::ranges::all_of(*groups, [&](const provisioning::EnrollmentGroup& group) {
            return group.id.folded() <= start ||
                   add({DocumentKind::enrollment_group, group.id.text()},
                       to_document(group, view()), group.stamp.etag);
        });
    }

    Result<bool> add_enrollments() {
        auto after = start_of(DocumentKind::enrollment);
        while (true) {
            const auto wanted = page_.rows_wanted();
            const auto rows = enrollments_.individuals(after, wanted);
            if (!rows) {
                return std::unexpected(rows.error());
            }
            for (const auto& row : *rows) {
                if (!add({DocumentKind::enrollment, row.id.text()}, to_document(row, view()),
                         row.stamp.etag)) {
                    return false;
                }
                after = row.id.folded();
            }
            if (rows->size() < wanted) {
                return true;
            }
        }
    }

    const Instance& instance_;
    provisioning::Enrollments& enrollments_;
    const ExportAsked& asked_;
    ListPage page_;
};

} // namespace

AdminAnswer export_documents(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    const auto asked = read_asked(call);
    if (!asked) {
        return std::unexpected(asked.error());
    }
    return Export(*reached, *asked).run();
}

} // namespace muster::gateway
