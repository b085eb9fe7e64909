#pragma once
// Configuration documents (docs/administration-api.md): an instance, its certificates, groups and
// enrollments as people write them. Values only.

#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

/// In the order in which they must be made.
enum class DocumentKind : std::uint8_t { instance, certificate, group, enrollment };

std::string_view to_string(DocumentKind kind); // "EnrollmentGroup"
Result<DocumentKind> parse_document_kind(std::string_view text);

struct Document {
    DocumentKind kind = DocumentKind::enrollment;
    std::string name;
    JsonObject spec;  // canonical, see canonical_document
    std::string etag; // of an export; empty otherwise
};

/// `{"kind":..,"name":..,"spec":{..}}`. The spec is checked as the server would and brought into
/// one form: members in one order, enumerations as the service spells them, certificates as PEM,
/// nulls and read-only members gone, an enrollment's id left to the name. Error: malformed, naming
/// the document and the member.
Result<Document> canonical_document(const Json& value);

/// For `to_yaml` and for requests.
JsonObject to_json(const Document& document);

/// What PUT takes: the spec with the enrollment's id.
JsonObject request_body(const Document& document);

/// True if symmetric keys, policy keys or connection strings are written out in it.
bool has_secrets(const Document& document);

} // namespace muster::app
