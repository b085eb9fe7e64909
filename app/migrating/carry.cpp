#include "app/migrating/carry.h"

#include "base/file.h"
#include "base/text.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

namespace muster::app {

namespace {

constexpr std::size_t certificate_bytes_max = 1024 * 1024;
constexpr std::array<std::string_view, 5> read_only_members{
    "etag", "createdDateTimeUtc", "lastUpdatedDateTimeUtc", "registrationState", "registrations"};

std::string upper_case(std::string_view text) {
    std::string upper(text);
    for (char& c : upper) {
        c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return upper;
}

const JsonObject* object_member(const JsonObject& object, std::string_view name) {
    const Json* member = find_member(object, name);
    return member != nullptr ? member->if_object() : nullptr;
}

/// `{"info":{"sha256Thumbprint":..}}` becomes `{"certificate":PEM}`.
Result<JsonObject> with_certificate(const JsonObject& slot, const CertificateShelf& shelf) {
    const auto* info = object_member(slot, "info");
    const auto thumbprint =
        info != nullptr ? string_member(*info, "sha256Thumbprint") : Result<std::string>("");
    if (!thumbprint || thumbprint->empty()) {
        return fail(Code::malformed, "a certificate without its SHA-256 thumbprint");
    }
    const auto pem = shelf.find(*thumbprint);
    if (!pem) {
        const auto subject = string_member(*info, "subjectName").value_or("");
        return fail(Code::not_found, fmt::format("the certificate '{}' with SHA-256 {} is needed",
                                                 subject, *thumbprint));
    }
    return JsonObject{{"certificate", *pem}};
}

Result<void> complete_certificates(JsonObject& x509, const CertificateShelf& shelf) {
    for (const std::string_view container : {"clientCertificates", "signingCertificates"}) {
        Json* slots = x509.if_contains(container);
        if (slots == nullptr || !slots->is_object()) {
            continue;
        }
        for (auto& slot : slots->as_object()) {
            if (!slot.value().is_object()) {
                continue;
            }
            auto completed = with_certificate(slot.value().as_object(), shelf);
            if (!completed) {
                return std::unexpected(completed.error());
            }
            slot.value() = std::move(*completed);
        }
    }
    return {};
}

void map_hub(Json& hub, const std::map<std::string, std::string>& hubs) {
    if (!hub.is_string()) {
        return;
    }
    const auto mapped = hubs.find(to_lower(std::string(hub.as_string())));
    if (mapped != hubs.end()) {
        hub = mapped->second;
    }
}

void map_hubs(JsonObject& item, const std::map<std::string, std::string>& hubs) {
    if (Json* hub = item.if_contains("iotHubHostName")) {
        map_hub(*hub, hubs);
    }
    Json* list = item.if_contains("iotHubs");
    if (list != nullptr && list->is_array()) {
        for (Json& hub : list->as_array()) {
            map_hub(hub, hubs);
        }
    }
}

} // namespace

void CertificateShelf::add(const crypto::Certificate& certificate) {
    by_thumbprint_.emplace(upper_case(certificate.sha256_thumbprint()), certificate.pem());
}

Result<std::size_t> CertificateShelf::add_folder(const std::filesystem::path& folder) {
    static const std::set<std::string> extensions{".pem", ".crt", ".cer", ".der"};
    std::error_code error;
    std::size_t added = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (!extensions.contains(to_lower(entry.path().extension().string()))) {
            continue;
        }
        const auto text = read_file(entry.path(), certificate_bytes_max);
        const auto certificate = text ? crypto::Certificate::from_text(*text)
                                      : Result<crypto::Certificate>(std::unexpected(text.error()));
        const auto from_der =
            !certificate && text ? crypto::Certificate::from_der(*text) : certificate;
        if (from_der) {
            add(*from_der);
            ++added;
        }
    }
    if (error) {
        return fail(Code::not_found, fmt::format("cannot read the folder {}", folder.string()));
    }
    return added;
}

std::optional<std::string> CertificateShelf::find(std::string_view sha256_thumbprint) const {
    const auto found = by_thumbprint_.find(upper_case(sha256_thumbprint));
    return found != by_thumbprint_.end() ? std::optional(found->second) : std::nullopt;
}

bool needs_mechanism(const JsonObject& item) {
    const auto* attestation = object_member(item, "attestation");
    const auto type =
        attestation != nullptr ? string_member(*attestation, "type") : Result<std::string>("");
    return type && equal_ignoring_case(*type, "symmetricKey");
}

Result<JsonObject> carry(const JsonObject& item, const JsonObject* mechanism,
                         const CarryRules& rules) {
    if (object_member(item, "attestation") == nullptr) {
        return fail(Code::malformed, "the source shows no attestation");
    }
    JsonObject carried = item;
    for (const std::string_view member : read_only_members) {
        carried.stable_erase(member);
    }
    if (mechanism != nullptr) {
        carried["attestation"] = *mechanism;
    }
    map_hubs(carried, rules.hubs);
    Json* x509 = carried["attestation"].as_object().if_contains("x509");
    if (x509 != nullptr && x509->is_object()) {
        if (auto done = complete_certificates(x509->as_object(), rules.certificates); !done) {
            return std::unexpected(done.error());
        }
    }
    return carried;
}

} // namespace muster::app
