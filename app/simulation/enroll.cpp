#include "app/simulation/enroll.h"

#include "app/output.h"
#include "base/encoding.h"
#include "crypto/keys.h"

namespace muster::app {

namespace {

constexpr std::chrono::days signer_life{365};
constexpr std::chrono::hours backdated{1};

JsonObject group_document(const std::string& group, JsonObject attestation) {
    return {{"enrollmentGroupId", group},
            {"attestation", std::move(attestation)},
            {"provisioningStatus", "enabled"},
            {"allocationPolicy", "hashed"},
            {"reprovisionPolicy", {{"updateHubAssignment", true}, {"migrateDeviceData", true}}},
            {"initialTwin",
             {{"tags", {{"simulated", true}}},
              {"properties", {{"desired", {{"reportEverySeconds", 60}}}}}}}};
}

std::string path_of(const std::string& group) {
    return "/enrollmentGroups/" + percent_encode(group);
}

} // namespace

Result<Secret> enroll_key_group(ApiClient& client, const std::string& group) {
    auto made =
        client.send_json({.method = "PUT",
                          .path = path_of(group),
                          .body = to_text(group_document(group, {{"type", "symmetricKey"}}))});
    if (!made && made.error().code != Code::conflict) {
        return std::unexpected(made.error());
    }
    auto mechanism =
        client.send_json({.method = "POST", .path = path_of(group) + "/attestationmechanism"});
    if (!mechanism) {
        return std::unexpected(mechanism.error());
    }
    return crypto::decode_key(cell(*mechanism, "symmetricKey.primaryKey"));
}

Result<crypto::Identity> enroll_x509_group(ApiClient& client, const std::string& group,
                                           const Clock& clock, Random& random) {
    const WallTime now = clock.wall();
    auto signer = crypto::issue({.common_name = group + " signer",
                                 .purpose = crypto::Purpose::certificate_authority,
                                 .dns_names = {},
                                 .ip_addresses = {},
                                 .not_before = now - backdated,
                                 .not_after = now + signer_life,
                                 .path_length = 0},
                                nullptr, random);
    if (!signer) {
        return signer;
    }
    const JsonObject attestation{
        {"type", "x509"},
        {"x509",
         {{"signingCertificates", {{"primary", {{"certificate", signer->certificate.pem()}}}}}}}};
    ApiClient::Request request{.method = "PUT",
                               .path = path_of(group),
                               .body = to_text(group_document(group, attestation))};
    auto made = client.send_json(request);
    if (!made && made.error().code == Code::conflict) {
        request.headers.emplace_back("If-Match", "*");
        made = client.send_json(request);
    }
    if (!made) {
        return std::unexpected(made.error());
    }
    return signer;
}

} // namespace muster::app
