// What is promised for the time after the trouble.

#include "base/move_mark.h"
#include "tests/simulation/stepped_stores.h"
#include "tests/simulation/world.h"

#include <fmt/format.h>

namespace muster::simulation {

using provisioning::AllocationPolicy;
using provisioning::EnrollmentTerms;
using provisioning::ProvisioningStatus;
using provisioning::RegistrationRecord;
using provisioning::RegistrationStatus;
using provisioning::SymmetricKeyAttestation;

namespace {

const provisioning::SymmetricKeys& keys_of(const EnrollmentTerms& terms) {
    return std::get<SymmetricKeyAttestation>(terms.attestation).keys;
}

/// The hub of a static policy that devices follow.
std::optional<HubName> fixed_hub(const EnrollmentTerms& terms, const RegistrationRecord& record,
                                 const provisioning::Instance& instance) {
    const bool follows = !record.held_at && instance.quarantines.empty() &&
                         terms.reprovision_policy &&
                         terms.reprovision_policy->update_hub_assignment;
    if (!follows || terms.allocation_policy != AllocationPolicy::fixed) {
        return std::nullopt;
    }
    const auto* hub = instance.find_hub(terms.hubs.front());
    return hub != nullptr && hub->apply_allocation_policy ? std::optional(hub->name) : std::nullopt;
}

} // namespace

std::optional<EnrollmentTerms> World::admitting(const SimDevice& device) {
    const auto own =
        stores_->enrollments().find_individual(scope_, RegistrationId(device.name())).value();
    if (own) {
        const bool proves = keys_of(own->terms).primary == device.key();
        return proves && own->terms.status == ProvisioningStatus::enabled
                   ? std::optional(own->terms)
                   : std::nullopt;
    }
    const auto group =
        stores_->enrollments().find_group(scope_, EnrollmentGroupId(fleet_group)).value();
    const bool proves = group && crypto::derive_device_key(keys_of(group->terms).primary,
                                                           device.name()) == device.key();
    return proves && group->terms.status == ProvisioningStatus::enabled
               ? std::optional(group->terms)
               : std::nullopt;
}

std::optional<RegistrationRecord> World::record_of(const std::string& device) {
    return stores_->registrations().find(scope_, RegistrationId(device)).value();
}

/// Decided, and then its hub burnt down: what becomes of it is decided when the device registers.
bool World::waits_for_lost_hub(const std::string& device) {
    const auto record = record_of(device);
    return record && record->plan && hubs_.contains(record->plan->hub) &&
           hubs_.at(record->plan->hub)->is_lost();
}

std::optional<std::string> World::unkept_of(SimDevice& device) {
    const auto record = record_of(device.name());
    const auto terms = admitting(device);
    if (record && record->unfinished() && (terms || !waits_for_lost_hub(device.name()))) {
        return device.name() + " is unfinished: " + summary_of(*record);
    }
    if (!terms) {
        return std::nullopt; // it may be where it was, at one place at most: that is rule 2
    }
    if (!record || record->status != RegistrationStatus::assigned || record->erased) {
        return device.name() +
               " is not assigned: " + (record ? summary_of(*record) : std::string("no record")) +
               ", and hears " + device.refusal();
    }
    const provisioning::Place place = record->assignment->place();
    const Ghost& ghost = rules_.ghost_of(device.name());
    if (ghost.enabled.size() != 1 || *ghost.enabled.begin() != place) {
        return fmt::format("{} is assigned to {} and enabled at {}", device.name(),
                           place.hub.text(),
                           ghost.enabled.empty() ? "none" : ghost.enabled.begin()->hub.text());
    }
    const auto connection = device.connection();
    if (!connection || connection->hub != place.hub || connection->device != place.device_id) {
        return device.name() + " is not connected to " + place.hub.text();
    }
    const auto instance = stores_->instances().all().value().front();
    const auto wanted = fixed_hub(*terms, *record, instance);
    if (wanted && *wanted != place.hub) {
        return fmt::format("{} is at {}, but its enrollment says {}", device.name(),
                           place.hub.text(), wanted->text());
    }
    return std::nullopt;
}

/// Left by an attempt that ended half-way. The record knows it, and the next attempt looks there.
bool World::is_known_half_way(const provisioning::Place& place) {
    const auto record = record_of(Rules::owner_of(place.device_id));
    return record && (record->unconfirmed == place ||
                      (record->assignment && record->assignment->place() == place));
}

std::optional<std::string> World::unkept_at(HubSite& hub) {
    if (hub.is_lost()) {
        return std::nullopt;
    }
    for (const hub::Device& identity : hub.everybody()) {
        const provisioning::Place place{.hub = hub.name(), .device_id = identity.id};
        if (!freezes_twin(identity.status_reason)) {
            continue;
        }
        if (waits_for_lost_hub(Rules::owner_of(identity.id))) {
            continue;
        }
        const bool counts_for_nothing = identity.status_reason.starts_with(moving_in);
        if (!counts_for_nothing || !(rules_.is_late(place) || is_known_half_way(place))) {
            return fmt::format("{} is left at {} with \"{}\"", identity.id.text(),
                               hub.name().text(), identity.status_reason);
        }
        ++late_copies_;
    }
    return std::nullopt;
}

std::optional<std::string> World::unkept() {
    late_copies_ = 0;
    for (const auto& device : devices_) {
        if (auto reason = unkept_of(*device)) {
            return reason;
        }
    }
    for (const auto& [name, hub] : hubs_) {
        if (auto reason = unkept_at(*hub)) {
            return reason;
        }
    }
    return std::nullopt;
}

} // namespace muster::simulation
