#pragma once
// Configuration documents as the export writes them and proposals are read (reference:
// docs/administration-api.md): `{"kind":..,"name":..,"spec":{..}}`.

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::gateway {

/// In the order of an export: each may refer to what comes before it.
enum class DocumentKind : std::uint8_t { instance, certificate, enrollment_group, enrollment };

std::string_view to_string(DocumentKind kind);
/// Error: malformed.
Result<DocumentKind> parse_document_kind(std::string_view text);

/// What a document is about.
struct DocumentName {
    DocumentKind kind = DocumentKind::instance;
    std::string name;

    /// Names compare without case.
    friend bool operator<(const DocumentName& left, const DocumentName& right);
};

/// `EnrollmentGroup "g-1"`, for messages.
std::string describe(const DocumentName& name);

/// The members `kind` and `name`. Error: malformed.
Result<DocumentName> read_document_name(const Json& document);

/// The member of the spec that the name stands for; empty if the kind has none.
std::string_view id_member_of(DocumentKind kind);

JsonObject configuration_document(const DocumentName& name, JsonObject spec, const ETag& etag);

} // namespace muster::gateway
