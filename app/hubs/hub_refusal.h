#pragma once
// Why a hub said no, in the words of base/result.h (reference: iothub B.5, B.17). What a hub writes
// for humans is not repeated anywhere: it may echo what it was sent, keys among it.

#include "base/json.h"
#include "base/result.h"
#include "net/http_client.h"

#include <string_view>

namespace muster::app {

/// An answer that cannot be what the hub was asked for. Asked again it may do better.
std::unexpected<Error> unreadable(std::string_view what);

/// Of an answer whose status is no success. Errors: those of provisioning::Hubs, not_found (of the
/// device or module), already_exists, precondition, unsupported.
Error refusal_of(const net::HttpReply& reply);

/// The answer to `POST /devices` with one entry, whatever its status.
Result<void> bulk_outcome(const net::HttpReply& reply);

/// The hub knows our key, but the policy lacks the right (401002).
bool lacks_right(const net::HttpReply& reply);

} // namespace muster::app
