// Whatever document arrives: it is refused, or what was read of it can be stored and comes back.

#include "base/check.h"
#include "provisioning/documents.h"

#include <cstdint>

namespace muster::provisioning {
namespace {

template <class Container>
bool keeps(const Attestation& attestation) {
    const auto* container = std::get_if<Container>(&attestation);
    return container != nullptr &&
           (container->certificates.kept.primary || container->certificates.kept.secondary);
}

template <class Resource, class Read>
void check_round_trip(Resource resource, Read read_stored) {
    const Attestation& attestation = resource.terms.attestation;
    if (keeps<ClientCertificates>(attestation) || keeps<SigningCertificates>(attestation)) {
        return; // has to be completed before it can be stored
    }
    resource.stamp.version = 1;
    resource.stamp.etag = ETag("IjAi");
    const JsonObject stored = to_document(resource, View::stored);
    const auto again = read_stored(stored);
    CHECK(again.has_value());
    CHECK(to_document(*again, View::stored) == stored);
}

} // namespace
} // namespace muster::provisioning

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::provisioning;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto document = muster::parse_json_object(text);
    if (!document) {
        return 0;
    }
    if (const auto enrollment = individual_from_document(*document)) {
        check_round_trip(*enrollment, stored_individual);
    }
    if (const auto group = group_from_document(*document)) {
        check_round_trip(*group, stored_group);
    }
    if (const auto record = stored_registration(*document)) {
        CHECK(stored_registration(to_stored_document(*record)).has_value());
    }
    return 0;
}
