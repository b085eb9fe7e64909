#include "provisioning/error_catalogue_page.h"

#include "provisioning/findings.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace muster::provisioning {

namespace {

constexpr std::string_view introduction =
    R"(# Why devices are refused

Every refusal is kept with its reasons: which enrollments were considered, and what failed in each.
`muster events` finds them by registration id, tracking id, group or time; `muster explain` says
what would happen if a device registered now. The device hears only a code of six digits.

This page is made from the table in the code, which `muster catalogue` prints too.

## Findings
)";

constexpr std::string_view codes_head = R"(
## Codes that devices see

As `errorCode` in an error answer, or in the registration state once the device has proved itself.

| Code | Where | Meaning | Findings |
|---|---|---|---|
)";

struct DeviceCode {
    int code;
    std::string_view where;
    std::string_view meaning;
};

constexpr auto device_codes = std::to_array<DeviceCode>({
    {400000, "answer 400", "The request itself is wrong; the message says how."},
    {400004, "answer 400", "An argument is wrong; the message says which."},
    {400207, "state `failed`", "Custom allocation failed."},
    {400208, "state `failed`", "No hub is available."},
    {400209, "state `failed`", "The hub refused the device."},
    {401000, "answer 401", "Unauthorized: no proof, or one that does not hold."},
    {401002, "answer 401", "Invalid certificate."},
    {403000, "state `disabled`", "The enrollment is disabled, or the device is blocked."},
    {403203, "answer 403", "The quota of registrations is reached."},
    {404000, "answer 404", "There is no such ID scope or path."},
    {404201, "answer 404, state `failed`", "There is no enrollment for the device."},
    {404202, "answer 404", "There is no such operation, or no registration of the device."},
    {413000, "answer 413", "The request is too large."},
    {429001, "answer 429", "Too many requests; Retry-After says when to come again."},
    {500001, "answer 500, state `failed`", "A fault of the server, or a hub that does not answer."},
    {501000, "answer 501", "Not supported: TPM attestation."},
    {503000, "answer 503", "The server is overloaded or stopping; Retry-After says when."},
    {504000, "answer 504", "The time for an answer ran out."},
});

std::string section_of(const CatalogueEntry& entry) {
    return fmt::format("\n### {}\n\n{}\n\n*What to do:* {} The device sees {}.\n", entry.name,
                       entry.cause, entry.remedy, entry.device_error_code);
}

std::string findings_with(int code) {
    std::string list;
    for (const CatalogueEntry& entry : finding_catalogue()) {
        if (entry.device_error_code == code) {
            list += fmt::format("{}`{}`", list.empty() ? "" : ", ", entry.name);
        }
    }
    return list;
}

} // namespace

std::string error_catalogue_markdown() {
    std::string page(introduction);
    for (const CatalogueEntry& entry : finding_catalogue()) {
        page += section_of(entry);
    }
    page += codes_head;
    for (const DeviceCode& one : device_codes) {
        page += fmt::format("| {} | {} | {} | {} |\n", one.code, one.where, one.meaning,
                            findings_with(one.code));
    }
    return page;
}

} // namespace muster::provisioning
