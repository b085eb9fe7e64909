#include "crypto/distinguished_name.h"

#include "base/text.h"
#include "crypto/certificate_handle.h"

#include <openssl/objects.h>

#include <array>

namespace muster::crypto {

namespace {

std::string identifier_of(const ASN1_OBJECT* object) {
    std::array<char, 256> text{};
    const int size = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
    return size > 0 && static_cast<std::size_t>(size) < text.size() ? text.data() : "";
}

std::string text_of(const char* name) {
    return name == nullptr ? "" : name;
}

std::vector<NameAttribute> attributes_of(const X509_NAME* name) {
    const ErrorScope errors;
    std::vector<NameAttribute> attributes;
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
        std::optional<std::string> value = to_utf8(X509_NAME_ENTRY_get_data(entry));
        if (!value) {
            continue;
        }
        const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
        const int known = OBJ_obj2nid(object);
        attributes.push_back({.short_name = known == NID_undef ? "" : text_of(OBJ_nid2sn(known)),
                              .long_name = known == NID_undef ? "" : text_of(OBJ_nid2ln(known)),
                              .identifier = identifier_of(object),
                              .value = *std::move(value)});
    }
    return attributes;
}

} // namespace

bool NameAttribute::is_called(std::string_view name) const {
    return !name.empty() && (equal_ignoring_case(name, short_name) ||
                             equal_ignoring_case(name, long_name) || name == identifier);
}

std::vector<NameAttribute> subject_attributes(const Certificate& certificate) {
    return attributes_of(X509_get_subject_name(certificate.handle().facts()));
}

std::vector<NameAttribute> issuer_attributes(const Certificate& certificate) {
    return attributes_of(X509_get_issuer_name(certificate.handle().facts()));
}

} // namespace muster::crypto
