#include "provisioning/refusals.h"

#include "base/check.h"
#include "base/text.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr std::size_t quoted_bytes_max = 256;

std::string_view told_to_the_device(Code code) {
    switch (code) {
    case Code::unauthenticated: return "unauthorized";
    case Code::attestation_failed: return "invalid certificate";
    case Code::not_found: return "enrollment not found";
    case Code::unsupported: return "TPM attestation is not supported yet";
    case Code::quota_exceeded: return "the quota of registrations is reached";
    default: return "";
    }
}

bool is_control(char c) {
    return (c >= 0 && c < ' ') || c == 0x7F;
}

} // namespace

std::unexpected<Error> refuse(Code code, const Explanation& explanation) {
    return fail(code, std::string(told_to_the_device(code)), summary_of(explanation));
}

Code refusal_code(FindingCode finding) {
    const int digits = catalogue_entry(finding).device_error_code;
    for (const Code code : {Code::unauthenticated, Code::attestation_failed, Code::not_found,
                            Code::quota_exceeded, Code::unsupported, Code::unavailable}) {
        if (device_error_code(code) == digits) {
            return code;
        }
    }
    return Code::internal;
}

int device_error_code(Code code) {
    switch (code) {
    case Code::malformed: return 400004;
    case Code::no_hub_available: return 400208;
    case Code::unauthenticated:
    case Code::forbidden: return 401000;
    case Code::attestation_failed: return 401002;
    case Code::quota_exceeded: return 403203;
    case Code::not_found: return 404201;
    case Code::already_exists:
    case Code::conflict: return 409203;
    case Code::precondition: return 412203;
    case Code::too_large: return 413000;
    case Code::rate_limited: return 429001;
    case Code::internal: return 500001;
    case Code::unsupported: return 501000;
    case Code::unavailable: return 503000;
    case Code::deadline_exceeded: return 504000;
    }
    CHECK(false);
    return 0;
}

std::string in_quotes(std::string_view text) {
    const bool is_long = text.size() > quoted_bytes_max;
    std::string shown(text.substr(0, quoted_bytes_max));
    const bool is_text = is_valid_utf8(shown);
    std::ranges::replace_if(
        shown, [&](char c) { return is_control(c) || (c < 0 && !is_text); }, '?');
    return "'" + shown + (is_long ? "...'" : "'");
}

} // namespace muster::provisioning
