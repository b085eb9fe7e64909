#pragma once
// What `muster enrollment create` and `muster group create` have in common: the options that become
// the members of an enrollment document (reference: dps-service 2.1, 2.2, 3).

#include "base/json.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace muster::app {

struct EnrollmentFields {
    std::string primary_key;
    std::string secondary_key;
    std::string certificate_file; // the device's own, or the group's signer
    std::string ca_name;
    std::string allocation_policy;
    std::string webhook_url; // custom allocation: a function, a rule, or both
    std::string rule;
    std::string fallback_policy;         // when the function cannot be asked
    std::string reprovision = "migrate"; // or "reset", "never"
    std::vector<std::string> hubs;
    std::string initial_twin_file; // {"tags":..,"properties":{"desired":..}}
    bool iot_edge = false;
    bool disabled = false;
    bool update = false; // replace what is there
};

void add_enrollment_fields(CLI::App& command, EnrollmentFields& fields);

/// Everything but the id. `certificate_slot` is "clientCertificates" or "signingCertificates".
Result<JsonObject> enrollment_document(const EnrollmentFields& fields,
                                       std::string_view certificate_slot);

} // namespace muster::app
