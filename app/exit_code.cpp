#include "app/exit_code.h"

namespace muster::app {

ExitCode exit_code_of(Code code) {
    switch (code) {
    case Code::malformed:
    case Code::too_large: return ExitCode::usage;
    case Code::unauthenticated:
    case Code::attestation_failed:
    case Code::forbidden: return ExitCode::unauthorized;
    case Code::not_found: return ExitCode::not_found;
    case Code::already_exists:
    case Code::conflict:
    case Code::precondition: return ExitCode::conflict;
    case Code::rate_limited:
    case Code::unavailable: return ExitCode::unavailable;
    case Code::deadline_exceeded: return ExitCode::timed_out;
    case Code::quota_exceeded:
    case Code::no_hub_available:
    case Code::unsupported:
    case Code::internal: return ExitCode::failed;
    }
    return ExitCode::failed;
}

} // namespace muster::app
