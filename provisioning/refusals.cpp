#include "provisioning/refusals.h"

namespace muster::provisioning {

namespace {

constexpr std::size_t reasons_bytes_max = 4096;
constexpr std::string_view cut = "; and more";

} // namespace

std::unexpected<Error> refuse_token(std::string reasons) {
    return fail(Code::unauthenticated, "unauthorized", std::move(reasons));
}

std::unexpected<Error> refuse_certificate(std::string reasons) {
    return fail(Code::attestation_failed, "invalid certificate", std::move(reasons));
}

void add_reason(std::string& reasons, std::string_view reason) {
    if (reasons.size() + reason.size() > reasons_bytes_max) {
        if (!reasons.ends_with(cut)) {
            reasons += cut;
        }
        return;
    }
    if (!reasons.empty()) {
        reasons += "; ";
    }
    reasons += reason;
}

} // namespace muster::provisioning
