#pragma once
// What tests of allocation decide by.

#include "provisioning/allocation.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

inline LinkedHub linked(std::string_view name, int weight = 1, std::string location = "local") {
    LinkedHub hub;
    hub.name = HubName(name);
    hub.weight = weight;
    hub.location = std::move(location);
    return hub;
}

inline RegistrationId numbered_device(int number) {
    return RegistrationId("device-" + std::to_string(number));
}

/// One device, what is known, and the allocation that comes of it.
struct AllocationCase {
    AllocationCase() = default;

    explicit AllocationCase(std::vector<LinkedHub> hubs) { instance.hubs = std::move(hubs); }

    [[nodiscard]] AllocationFacts facts() const {
        return {
            .id = id, .terms = terms, .instance = instance, .current = current, .inputs = inputs};
    }

    [[nodiscard]] Allocation allocated() const { return allocate(facts()); }

    /// "" without one.
    [[nodiscard]] std::string hub() const { return allocated().hub.value_or(HubName()).text(); }

    RegistrationId id{"dev-1"};
    EnrollmentTerms terms;
    Instance instance;
    std::optional<HubName> current;
    AllocationInputs inputs;
};

} // namespace muster::provisioning
