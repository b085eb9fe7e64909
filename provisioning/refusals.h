#pragma once
// How a device is refused: it hears that it was, the operator's log hears why.

#include "base/result.h"

#include <string>
#include <string_view>

namespace muster::provisioning {

/// The token does not prove who the device is (401000).
std::unexpected<Error> refuse_token(std::string reasons);

/// The certificate does not (401002).
std::unexpected<Error> refuse_certificate(std::string reasons);

/// Joins reasons with "; ". A long list is cut: the log line has a bound.
void add_reason(std::string& reasons, std::string_view reason);

} // namespace muster::provisioning
