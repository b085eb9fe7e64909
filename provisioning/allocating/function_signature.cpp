#include "crypto/webhook_signature.h"
#include "provisioning/allocating/function.h"

namespace muster::provisioning {

std::string function_signature(const Secret& key, std::string_view body, WallTime now) {
    return crypto::webhook_signature(key, body, now);
}

} // namespace muster::provisioning
