#pragma once
// What is shown of a customAllocationDefinition, and what a caller who writes it back left out: its
// signingKey is treated as the keys of an attestation are (dps-service 6.4, 7).

#include "base/json.h"
#include "provisioning/documents.h"

#include <optional>
#include <string>
#include <string_view>

namespace muster::provisioning {

/// The address without what may be secret in it: `https://****@host/path?****`.
std::string masked_url(std::string_view url);

/// As the view shows it: without its signingKey wherever keys are not shown.
JsonObject shown_definition(const JsonObject& definition, View view);

/// For functions, logs and the audit trail: without its signingKey, the webhookUrl masked.
JsonObject masked_definition(const JsonObject& definition);

/// A signingKey that is absent, null or "****" is the stored one, if there still is a webhookUrl
/// that it could sign for; an empty one removes it. Everything else stays exactly as sent.
std::optional<JsonObject> complete_definition(std::optional<JsonObject> wanted,
                                              const std::optional<JsonObject>& stored);

} // namespace muster::provisioning
