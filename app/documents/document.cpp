#include "app/documents/document.h"

#include "base/text.h"
#include "crypto/certificate.h"
#include "provisioning/documents.h"
#include "provisioning/documents/instance_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace muster::app {

namespace {

using provisioning::View;

constexpr std::array<std::pair<DocumentKind, std::string_view>, 4> kinds{{
    {DocumentKind::instance, "Instance"},
    {DocumentKind::certificate, "Certificate"},
    {DocumentKind::group, "EnrollmentGroup"},
    {DocumentKind::enrollment, "Enrollment"},
}};

std::string_view id_member(DocumentKind kind) {
    return kind == DocumentKind::group ? "enrollmentGroupId" : "registrationId";
}

// ---- keys ----

/// Keys that were left open come out of the reader empty, and must not be written as such.
void drop_open_keys(JsonObject& spec) {
    auto* attestation = spec.if_contains("attestation");
    auto* keys = attestation != nullptr && attestation->is_object()
                     ? attestation->as_object().if_contains("symmetricKey")
                     : nullptr;
    if (keys == nullptr || !keys->is_object()) {
        return;
    }
    for (const std::string_view slot : {"primaryKey", "secondaryKey"}) {
        const Json* key = find_member(keys->as_object(), slot);
        if (key == nullptr || (key->is_string() && key->as_string().empty())) {
            keys->as_object().stable_erase(slot);
        }
    }
    if (keys->as_object().empty()) {
        attestation->as_object().stable_erase("symmetricKey");
    }
}

bool has_member(const JsonObject& object, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (find_member(object, name) != nullptr) {
            return true;
        }
    }
    return false;
}

bool object_has(const JsonObject& spec, std::string_view object, std::string_view member) {
    const Json* found = find_member(spec, object);
    return found != nullptr && found->is_object() && has_member(found->as_object(), {member});
}

bool any_item_has(const JsonObject& spec, std::string_view list, std::string_view member) {
    const Json* items = find_member(spec, list);
    if (items == nullptr || !items->is_array()) {
        return false;
    }
    for (const Json& item : items->as_array()) {
        if (item.is_object() && has_member(item.as_object(), {member})) {
            return true;
        }
    }
    return false;
}

// ---- one form for each kind ----

template <class Read>
Result<JsonObject> canonical_enrollment(DocumentKind kind, const std::string& name, JsonObject spec,
                                        Read read) {
    spec[id_member(kind)] = name;
    const auto enrollment = read(spec);
    if (!enrollment) {
        return std::unexpected(enrollment.error());
    }
    JsonObject canonical = to_document(*enrollment, View::exported_with_keys);
    canonical.stable_erase(id_member(kind));
    drop_open_keys(canonical);
    return canonical;
}

Result<JsonObject> canonical_certificate(const JsonObject& spec) {
    const auto text = string_member(spec, "certificate");
    if (!text) {
        return std::unexpected(text.error());
    }
    const auto certificate = crypto::Certificate::from_text(*text);
    if (!certificate) {
        return fail(Code::malformed, "certificate: " + certificate.error().detail);
    }
    const Json* verified = find_member(spec, "verified");
    if (verified != nullptr && !verified->is_bool()) {
        return fail(Code::malformed, "verified must be true or false");
    }
    return JsonObject{{"verified", verified != nullptr && verified->as_bool()},
                      {"certificate", certificate->pem()}};
}

constexpr std::array<std::string_view, 12> instance_members{
    "tenant",          "location", "tags",     "hosts",         "allocationPolicy",
    "evenLoad",        "hubs",     "policies", "ipFilterRules", "publicNetworkAccess",
    "sharedKeyAccess", "quotas"};
constexpr std::array<std::string_view, 7> instance_facts{
    "idScope",    "state",      "etag", "createdDateTimeUtc", "lastUpdatedDateTimeUtc",
    "formerHubs", "quarantines"};

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// What is absent stays absent: it means "as it is". Checked by the reader of the real PUT, which
/// ignores what it does not know; here that is a slip of the pen, and nobody would ever notice.
Result<JsonObject> canonical_instance(const std::string& name, const JsonObject& spec) {
    JsonObject checked = spec;
    checked["name"] = name;
    if (const auto settings = provisioning::instance_settings(checked); !settings) {
        return std::unexpected(settings.error());
    }
    JsonObject canonical;
    for (const auto& member : spec) {
        const std::string_view key = member.key();
        if (member.value().is_null() || key == "name" || is_one_of(instance_facts, key)) {
            continue;
        }
        if (!is_one_of(instance_members, key)) {
            return fail(Code::malformed, fmt::format("unknown member '{}'", key));
        }
        canonical[key] = member.value();
    }
    return canonical;
}

Result<JsonObject> canonical_spec(DocumentKind kind, const std::string& name,
                                  const JsonObject& spec) {
    switch (kind) {
    case DocumentKind::instance: return canonical_instance(name, spec);
    case DocumentKind::certificate: return canonical_certificate(spec);
    case DocumentKind::group:
        return canonical_enrollment(kind, name, spec, provisioning::group_from_document);
    case DocumentKind::enrollment:
        return canonical_enrollment(kind, name, spec, provisioning::individual_from_document);
    }
    std::unreachable();
}

} // namespace

std::string_view to_string(DocumentKind kind) {
    for (const auto& [value, text] : kinds) {
        if (value == kind) {
            return text;
        }
    }
    std::unreachable();
}

Result<DocumentKind> parse_document_kind(std::string_view text) {
    for (const auto& [value, name] : kinds) {
        if (equal_ignoring_case(name, text)) {
            return value;
        }
    }
    return fail(Code::malformed, fmt::format("kind '{}' is none of Instance, Certificate, "
                                             "EnrollmentGroup, Enrollment",
                                             text));
}

Result<Document> canonical_document(const Json& value) {
    if (!value.is_object()) {
        return fail(Code::malformed, "a document must have kind, name and spec");
    }
    const JsonObject& object = value.as_object();
    const auto kind_text = string_member(object, "kind");
    const auto name = string_member(object, "name");
    const auto etag = string_member(object, "etag");
    const Json* spec = find_member(object, "spec");
    if (!kind_text || !name || !etag || name->empty() || spec == nullptr || !spec->is_object()) {
        return fail(Code::malformed, "a document must have kind, name and spec");
    }
    const auto kind = parse_document_kind(*kind_text);
    if (!kind) {
        return std::unexpected(kind.error());
    }
    auto canonical = canonical_spec(*kind, *name, spec->as_object());
    if (!canonical) {
        return fail(canonical.error().code,
                    fmt::format("{} '{}': {}", to_string(*kind), *name, canonical.error().detail));
    }
    return Document{.kind = *kind, .name = *name, .spec = std::move(*canonical), .etag = *etag};
}

JsonObject to_json(const Document& document) {
    return {{"kind", to_string(document.kind)}, {"name", document.name}, {"spec", document.spec}};
}

JsonObject request_body(const Document& document) {
    JsonObject body = document.spec;
    if (document.kind == DocumentKind::group || document.kind == DocumentKind::enrollment) {
        body[id_member(document.kind)] = document.name;
    } else if (document.kind == DocumentKind::certificate) {
        body["isVerified"] = body["verified"];
        body.stable_erase("verified");
    } else {
        body["name"] = document.name;
    }
    return body;
}

bool has_secrets(const Document& document) {
    if (document.kind == DocumentKind::instance) {
        return any_item_has(document.spec, "policies", "primaryKey") ||
               any_item_has(document.spec, "policies", "secondaryKey") ||
               any_item_has(document.spec, "hubs", "connectionString");
    }
    return object_has(document.spec, "attestation", "symmetricKey") ||
           object_has(document.spec, "customAllocationDefinition", "signingKey");
}

} // namespace muster::app
