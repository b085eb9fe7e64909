#include "gateway/administration/configuration.h"

#include "base/text.h"

#include <tuple>
#include <utility>

namespace muster::gateway {

std::string_view to_string(DocumentKind kind) {
    switch (kind) {
    case DocumentKind::instance: return "Instance";
    case DocumentKind::certificate: return "Certificate";
    case DocumentKind::enrollment_group: return "EnrollmentGroup";
    case DocumentKind::enrollment: return "Enrollment";
    }
    std::unreachable();
}

Result<DocumentKind> parse_document_kind(std::string_view text) {
    using enum DocumentKind;
    for (const auto kind : {instance, certificate, enrollment_group, enrollment}) {
        if (text == to_string(kind)) {
            return kind;
        }
    }
    return fail(Code::malformed,
                "kind must be Instance, Certificate, EnrollmentGroup or Enrollment");
}

bool operator<(const DocumentName& left, const DocumentName& right) {
    return std::tuple(left.kind, to_lower(left.name)) <
           std::tuple(right.kind, to_lower(right.name));
}

std::string describe(const DocumentName& name) {
    return std::string(to_string(name.kind)) + " \"" + name.name + '"';
}

Result<DocumentName> read_document_name(const Json& document) {
    const auto* object = document.if_object();
    if (object == nullptr) {
        return fail(Code::malformed, "a configuration document must be an object");
    }
    const auto kind_text = string_member(*object, "kind");
    if (!kind_text) {
        return std::unexpected(kind_text.error());
    }
    const auto kind = parse_document_kind(*kind_text);
    if (!kind) {
        return std::unexpected(kind.error());
    }
    auto name = string_member(*object, "name");
    if (!name || name->empty()) {
        return fail(Code::malformed, "a configuration document must have a name");
    }
    return DocumentName{.kind = *kind, .name = *std::move(name)};
}

std::string_view id_member_of(DocumentKind kind) {
    switch (kind) {
    case DocumentKind::instance: return "name";
    case DocumentKind::certificate: return {};
    case DocumentKind::enrollment_group: return "enrollmentGroupId";
    case DocumentKind::enrollment: return "registrationId";
    }
    std::unreachable();
}

JsonObject configuration_document(const DocumentName& name, JsonObject spec, const ETag& etag) {
    return {{"kind", to_string(name.kind)},
            {"name", name.name},
            {"spec", std::move(spec)},
            {"etag", etag.text()}};
}

} // namespace muster::gateway
