#include "base/result.h"

#include <utility>

namespace muster {

std::string_view to_string(Code code) {
    switch (code) {
    case Code::malformed: return "malformed";
    case Code::unauthenticated: return "unauthenticated";
    case Code::forbidden: return "forbidden";
    case Code::not_found: return "not_found";
    case Code::already_exists: return "already_exists";
    case Code::conflict: return "conflict";
    case Code::quota_exceeded: return "quota_exceeded";
    case Code::precondition: return "precondition";
    case Code::too_large: return "too_large";
    case Code::rate_limited: return "rate_limited";
    case Code::attestation_failed: return "attestation_failed";
    case Code::no_hub_available: return "no_hub_available";
    case Code::unsupported: return "unsupported";
    case Code::unavailable: return "unavailable";
    case Code::deadline_exceeded: return "deadline_exceeded";
    case Code::internal: return "internal";
    }
    return "internal";
}

std::unexpected<Error> fail(Code code, std::string detail, std::string cause) {
    return std::unexpected(Error{.code = code,
                                 .detail = std::move(detail),
                                 .cause = std::move(cause),
                                 .retry_after = std::nullopt});
}

} // namespace muster
