#pragma once
// The one error vocabulary of the whole program. An Error says what its caller can do about it
// (Code), what may be shown to whoever asked (detail) and what belongs in the log only (cause).
// Each edge in gateway/ has one table that turns a Code into its protocol's way of refusing.

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

enum class Code {
    malformed,          // the request itself is wrong; repeating it cannot help
    unauthenticated,    // no proof, or proof that does not verify
    forbidden,          // proven, but lacking the right
    not_found,          // the thing named does not exist
    already_exists,     // creation of what is there already
    conflict,           // somebody else changed it first; read again and decide again
    quota_exceeded,     // the tenant may not have more of these
    precondition,       // the version the caller named (If-Match) is not the current one
    too_large,          // over a stated size limit
    rate_limited,       // too often; retry_after says when
    attestation_failed, // a device's certificate or chain does not lead to its enrollment
    no_hub_available,   // no hub may take the device
    unsupported,        // understood, but not offered here
    unavailable,        // not now: overload, shutting down, a dependency is down
    deadline_exceeded,  // the time given ran out
    internal,           // a fault of ours
};

std::string_view to_string(Code code);

struct [[nodiscard]] Error {
    Code code = Code::internal;
    std::string detail; // safe to show to the caller; lower case, no full stop, no secret
    std::string cause;  // for the log
    std::optional<std::chrono::seconds> retry_after;
};

template <class T = void>
using Result = std::expected<T, Error>;

/// `return fail(Code::not_found, "enrollment not found");`
std::unexpected<Error> fail(Code code, std::string detail, std::string cause = {});

} // namespace muster
