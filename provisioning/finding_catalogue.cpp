// The error catalogue. docs/errors.md is made from it: see error_catalogue_page.h.

#include "base/check.h"
#include "provisioning/findings.h"

#include <array>

namespace muster::provisioning {

namespace {

constexpr auto catalogue = std::to_array<CatalogueEntry>({
    {.code = FindingCode::no_proof,
     .name = "no_proof",
     .cause = "The device presented neither a token nor a client certificate.",
     .remedy = "Give the device a key or a certificate, and let its client send it. A proxy that "
               "ends TLS in between takes the client certificate away.",
     .device_error_code = 401000},
    {.code = FindingCode::token_unreadable,
     .name = "token_unreadable",
     .cause = "The token is not a shared access signature: a part is missing, appears twice, or is "
              "not encoded as it must be.",
     .remedy = "Build it as \"SharedAccessSignature sr=..&sig=..&se=..\", sr and sig "
               "percent-encoded.",
     .device_error_code = 401000},
    {.code = FindingCode::token_expired,
     .name = "token_expired",
     .cause = "The token's expiry (se) is more than five minutes in the past by the server's "
              "clock.",
     .remedy = "Check the device's clock, and make a new token for each registration.",
     .device_error_code = 401000},
    {.code = FindingCode::token_for_another_resource,
     .name = "token_for_another_resource",
     .cause = "The token was made for another ID scope or another registration id.",
     .remedy = "Sign \"{ID scope}/registrations/{registration id}\" with the scope and the id that "
               "the device registers with.",
     .device_error_code = 401000},
    {.code = FindingCode::chain_unreadable,
     .name = "chain_unreadable",
     .cause = "A certificate that the device presented cannot be parsed.",
     .remedy = "Export the device's certificate chain again; \"openssl x509 -text\" must be able "
               "to read each of it.",
     .device_error_code = 401002},
    {.code = FindingCode::chain_too_long,
     .name = "chain_too_long",
     .cause = "The device presented more certificates, or more bytes of them, than any chain "
              "needs.",
     .remedy = "Present the device's certificate and its intermediates only.",
     .device_error_code = 401002},
    {.code = FindingCode::token_missing,
     .name = "token_missing",
     .cause = "The enrollment expects a token signed with a symmetric key; the device presented "
              "none.",
     .remedy = "Let the device use its symmetric key, or change the enrollment's attestation.",
     .device_error_code = 401000},
    {.code = FindingCode::key_mismatch,
     .name = "key_mismatch",
     .cause = "The token is signed with none of the enrollment's keys.",
     .remedy = "Compare the device's key with the enrollment. Perhaps it was rotated, or belongs "
               "to another enrollment or instance.",
     .device_error_code = 401000},
    {.code = FindingCode::key_of_other_spelling,
     .name = "key_of_other_spelling",
     .cause = "The device's key was derived from the group key for another spelling of the "
              "registration id.",
     .remedy = "Derive it for the id exactly as the device registers with, or for the id in lower "
               "case.",
     .device_error_code = 401000},
    {.code = FindingCode::key_not_derived,
     .name = "key_not_derived",
     .cause = "The device signed with the key of the group itself.",
     .remedy = "Derive a key for each device: HMAC-SHA256 of the registration id with the group "
               "key. A group key does not belong on a device.",
     .device_error_code = 401000},
    {.code = FindingCode::key_derived_needlessly,
     .name = "key_derived_needlessly",
     .cause = "The device derived a key from that of its individual enrollment.",
     .remedy = "Use the key of an individual enrollment as it is; only keys of groups are derived "
               "from.",
     .device_error_code = 401000},
    {.code = FindingCode::key_not_decoded,
     .name = "key_not_decoded",
     .cause = "The device signed with the base64 text of a key rather than with the bytes it "
              "stands for.",
     .remedy = "Decode the key from base64 before signing with it.",
     .device_error_code = 401000},
    {.code = FindingCode::certificate_missing,
     .name = "certificate_missing",
     .cause = "The enrollment expects a client certificate; the device presented none.",
     .remedy = "Let the device use its certificate, or change the enrollment's attestation. A "
               "proxy that ends TLS in between takes the client certificate away.",
     .device_error_code = 401002},
    {.code = FindingCode::name_mismatch,
     .name = "name_mismatch",
     .cause = "Neither the common name nor the first DNS name of the device's certificate is the "
              "registration id.",
     .remedy = "Register with the id that the certificate was issued for, or issue one for this "
               "id.",
     .device_error_code = 401002},
    {.code = FindingCode::not_enrolled_certificate,
     .name = "not_enrolled_certificate",
     .cause = "The device's certificate is not one of those in its individual enrollment.",
     .remedy = "Put the certificate it uses now into the free slot of the enrollment, or renew "
               "what is on the device.",
     .device_error_code = 401002},
    {.code = FindingCode::leaf_enrolled_elsewhere,
     .name = "leaf_enrolled_elsewhere",
     .cause = "The device's certificate belongs to an individual enrollment of another "
              "registration id, which shadows the groups.",
     .remedy = "Register with that id, or delete the individual enrollment.",
     .device_error_code = 401002},
    {.code = FindingCode::certificate_expired,
     .name = "certificate_expired",
     .cause = "A certificate on the way from the device to the enrolled one has expired by the "
              "server's clock.",
     .remedy = "Renew the certificate named in the detail.",
     .device_error_code = 401002},
    {.code = FindingCode::certificate_not_yet_valid,
     .name = "certificate_not_yet_valid",
     .cause = "A certificate on the way from the device to the enrolled one is not valid yet by "
              "the server's clock.",
     .remedy = "Check the clocks of whoever issued it and of the server, or wait.",
     .device_error_code = 401002},
    {.code = FindingCode::not_issued_by_anchor,
     .name = "not_issued_by_anchor",
     .cause = "The certificates presented do not lead from the device to the enrolled one: an "
              "intermediate is missing, or another CA of the same name issued them.",
     .remedy = "Let the device present all intermediates, and compare the thumbprints of its chain "
               "with the enrollment.",
     .device_error_code = 401002},
    {.code = FindingCode::anchor_presented,
     .name = "anchor_presented",
     .cause = "The device presented the enrolled CA certificate itself as its own.",
     .remedy = "Issue a certificate for the device with that CA.",
     .device_error_code = 401002},
    {.code = FindingCode::issuer_not_a_ca,
     .name = "issuer_not_a_ca",
     .cause = "A certificate above the device's is not a CA (basic constraints).",
     .remedy = "Issue device certificates with a CA certificate: basicConstraints=CA:TRUE.",
     .device_error_code = 401002},
    {.code = FindingCode::purpose_excluded,
     .name = "purpose_excluded",
     .cause = "The usages of a certificate in the chain exclude TLS client authentication.",
     .remedy = "Issue it with the extended key usage clientAuth (or none) and the key usage "
               "digitalSignature.",
     .device_error_code = 401002},
    {.code = FindingCode::certificate_refused,
     .name = "certificate_refused",
     .cause = "A certificate in the chain breaks the rules: a weak key or hash, a path length, a "
              "broken extension.",
     .remedy = "Read the reason in the detail and issue the certificate anew.",
     .device_error_code = 401002},
    {.code = FindingCode::ca_not_registered,
     .name = "ca_not_registered",
     .cause = "The enrollment names a CA certificate that the instance does not have.",
     .remedy = "Upload the CA certificate under this name, or correct the name in the enrollment.",
     .device_error_code = 401002},
    {.code = FindingCode::ca_not_verified,
     .name = "ca_not_verified",
     .cause = "The enrollment names a CA certificate whose possession nobody has proved.",
     .remedy = "Verify it: ask for a verification code and upload a certificate with this common "
               "name issued by the CA.",
     .device_error_code = 401002},
    {.code = FindingCode::no_attestation,
     .name = "no_attestation",
     .cause = "The enrollment's attestation accepts no proof of a device.",
     .remedy = "Change the enrollment to symmetric keys or X.509.",
     .device_error_code = 401000},
    {.code = FindingCode::attestation_unsupported,
     .name = "attestation_unsupported",
     .cause = "The enrollment expects a TPM, which cannot be proven here yet.",
     .remedy = "Enroll the device with symmetric keys or X.509.",
     .device_error_code = 501000},
    {.code = FindingCode::no_enrollment,
     .name = "no_enrollment",
     .cause = "There is no individual enrollment for the registration id, and no group that such a "
              "proof could lead to.",
     .remedy = "Enroll the device, or compare the ID scope and the registration id that it uses.",
     .device_error_code = 404201},
    {.code = FindingCode::enrollment_disabled,
     .name = "enrollment_disabled",
     .cause = "The device proved itself, but its enrollment is disabled.",
     .remedy = "Enable the enrollment if the device is welcome again.",
     .device_error_code = 403000},
    {.code = FindingCode::device_blocked,
     .name = "device_blocked",
     .cause = "The device proved itself, but an operator has blocked it.",
     .remedy = "\"muster unblock\" lets it in again.",
     .device_error_code = 403000},
    {.code = FindingCode::no_hub,
     .name = "no_hub",
     .cause = "The device proved itself, but the enrollment leaves no hub to choose: none is "
              "linked, or those it names are not or take no new devices.",
     .remedy = "Link a hub, or change the hubs or the allocation policy of the enrollment.",
     .device_error_code = 400208},
    {.code = FindingCode::hub_refused,
     .name = "hub_refused",
     .cause = "The hub that was chosen did not take the device.",
     .remedy = "Read the reason in the detail; check the hub's limits and the access policy that "
               "it is linked with.",
     .device_error_code = 400209},
    {.code = FindingCode::hub_unreachable,
     .name = "hub_unreachable",
     .cause = "The hub that was chosen did not answer in time, several times.",
     .remedy = "Check that the hub is up and reachable from here. The device's next attempt tries "
               "again.",
     .device_error_code = 500001},
    {.code = FindingCode::custom_allocation_failed,
     .name = "custom_allocation_failed",
     .cause =
         "The enrollment's allocation policy is custom, and its function refused the device, "
         "did not answer, or gave an answer that cannot be followed; or its rule led to no hub.",
     .remedy = "Read the detail. A status from 400 to 499 is the function's own decision; for "
               "anything else look at the function, and consider a fallbackPolicy. An address "
               "inside the own network must be allowed in the configuration, [outgoing].",
     .device_error_code = 400207},
    {.code = FindingCode::registration_unknown,
     .name = "registration_unknown",
     .cause = "The device proved itself, but there is no such operation or no registration of it.",
     .remedy = "Let the device register; the record of it may have been deleted.",
     .device_error_code = 404202},
    {.code = FindingCode::network_rule,
     .name = "network_rule",
     .cause = "The IP filter rules or the public network access of the instance do not let in the "
              "device's address.",
     .remedy = "Add a rule that accepts the address, or correct the one that rejects it.",
     .device_error_code = 401000},
    {.code = FindingCode::quota_reached,
     .name = "quota_reached",
     .cause = "The instance holds as many registrations as its quota allows.",
     .remedy = "Delete registrations that are not needed, or raise the quota.",
     .device_error_code = 403203},
    {.code = FindingCode::overloaded,
     .name = "overloaded",
     .cause = "The server could not serve the request in time; a client that retries gets served.",
     .remedy = "Nothing, if it is rare. Otherwise look at the load of the server and at its disk.",
     .device_error_code = 503000},
    {.code = FindingCode::internal_fault,
     .name = "internal_fault",
     .cause = "A fault of the server; its log has the details under the tracking id.",
     .remedy = "Report it with the lines of the log.",
     .device_error_code = 500001},
});

} // namespace

std::span<const CatalogueEntry> finding_catalogue() {
    return catalogue;
}

const CatalogueEntry& catalogue_entry(FindingCode code) {
    const auto index = static_cast<std::size_t>(code);
    CHECK(index < catalogue.size());
    return catalogue[index];
}

} // namespace muster::provisioning
