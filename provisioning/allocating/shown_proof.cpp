#include "provisioning/allocating/shown_proof.h"

#include "crypto/certificate.h"
#include "provisioning/documents/certificate_document.h"

namespace muster::provisioning {

JsonObject proof_for_function(const JsonObject& note, std::string_view leaf_der) {
    if (note.empty()) {
        return {};
    }
    const std::string_view kind = note.begin()->key();
    JsonObject details;
    if (kind == "x509" && !leaf_der.empty()) {
        if (const auto leaf = crypto::Certificate::from_der(leaf_der)) {
            details["certificateInfo"] = certificate_info(*leaf);
        }
    }
    return {{kind, std::move(details)}};
}

} // namespace muster::provisioning
