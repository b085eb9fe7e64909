#include "provisioning/enrollment.h"

namespace muster::provisioning {

namespace {

JsonObject object_at(const JsonObject& parent, std::string_view key) {
    const Json* member = find_member(parent, key);
    return member != nullptr && member->is_object() ? member->as_object() : JsonObject();
}

} // namespace

DeviceId IndividualEnrollment::hub_device_id() const {
    return device_id.value_or(DeviceId(id.text()));
}

InitialTwin initial_twin_of(const EnrollmentTerms& terms) {
    if (!terms.initial_twin) {
        return {};
    }
    return {
        .tags = object_at(*terms.initial_twin, "tags"),
        .desired = object_at(object_at(*terms.initial_twin, "properties"), "desired"),
    };
}

} // namespace muster::provisioning
