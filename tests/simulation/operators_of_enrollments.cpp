#include "provisioning/enrollments.h"
#include "tests/simulation/operators.h"

#include <fmt/format.h>

namespace muster::simulation {

using provisioning::AllocationPolicy;
using provisioning::EnrollmentGroup;
using provisioning::EnrollmentTerms;
using provisioning::IfMatch;
using provisioning::IndividualEnrollment;
using provisioning::Instance;
using provisioning::ProvisioningStatus;
using provisioning::ReprovisionPolicy;
using provisioning::SymmetricKeyAttestation;

namespace {

const IfMatch any{.kind = IfMatch::Kind::any, .etag = {}};
const IfMatch absent{};

SymmetricKeyAttestation keys(const Secret& primary) {
    return {.keys = {.primary = primary, .secondary = primary}};
}

/// Reads it, changes it, puts it back.
template <class Id, class Edit>
Result<void> edit(Services& services, const Id& id, Edit change) {
    auto found = services.enrollments.get(id);
    if (!found) {
        return std::unexpected(found.error());
    }
    if constexpr (std::is_same_v<Id, RegistrationId>) {
        change(found->enrollment);
        return outcome_of(services.enrollments.put(found->enrollment, any, operator_principal));
    } else {
        change(*found);
        return outcome_of(services.enrollments.put(*found, any, operator_principal));
    }
}

} // namespace

JsonObject Operators::new_initial_twin() {
    ++twins_;
    return {{"tags", {{"given", twins_}}}, {"properties", {{"desired", {{"wish", twins_}}}}}};
}

Secret Operators::new_key() {
    return Secret(fmt::format("key-number-{:05}-of-the-simulation.", ++keys_));
}

void Operators::edit_allocation(EnrollmentTerms& terms) {
    Dice& dice = world_.stage.dice;
    terms.hubs.clear();
    terms.custom_allocation.reset();
    switch (dice.below(6)) {
    case 0: terms.allocation_policy.reset(); break;
    case 1: terms.allocation_policy = AllocationPolicy::hashed; break;
    case 2:
        terms.allocation_policy = AllocationPolicy::hashed;
        terms.hubs = {some_hub(), some_hub()};
        if (terms.hubs[0] == terms.hubs[1]) {
            terms.hubs.pop_back();
        }
        break;
    case 3: terms.allocation_policy = AllocationPolicy::geo_latency; break;
    case 4:
        terms.allocation_policy = AllocationPolicy::custom;
        terms.custom_allocation = JsonObject{{"webhookUrl", "https://function.example.net/choose"},
                                             {"apiVersion", "2019-03-31"}};
        break;
    default:
        terms.allocation_policy = AllocationPolicy::fixed;
        terms.hubs = {some_hub()};
        break;
    }
}

void Operators::edit_terms(EnrollmentTerms& terms) {
    Dice& dice = world_.stage.dice;
    if (dice.one_in(3)) {
        constexpr bool flags[][2] = {{true, true}, {true, false}, {false, false}, {true, true}};
        const std::size_t choice = dice.below(5);
        terms.reprovision_policy.reset();
        if (choice < 4) {
            terms.reprovision_policy = ReprovisionPolicy{.update_hub_assignment = flags[choice][0],
                                                         .migrate_device_data = flags[choice][1]};
        }
    }
    if (dice.percent(70)) {
        edit_allocation(terms);
    }
    if (dice.one_in(3)) {
        terms.initial_twin = new_initial_twin();
    }
}

void Operators::enroll(Services& services) {
    EnrollmentGroup group{.id = EnrollmentGroupId(fleet_group),
                          .terms = {.attestation = keys(group_key_)},
                          .stamp = {}};
    group.terms.initial_twin = new_initial_twin();
    edit_terms(group.terms);
    tell("enrolls the fleet",
         outcome_of(services.enrollments.put(group, absent, operator_principal)));
    for (const auto& device : devices_) {
        if (crypto::derive_device_key(group_key_, device->name()) == device->key()) {
            continue;
        }
        IndividualEnrollment own{.id = RegistrationId(device->name()),
                                 .device_id = {},
                                 .device_information = {},
                                 .terms = {.attestation = keys(device->key())},
                                 .stamp = {}};
        own.terms.initial_twin = new_initial_twin();
        edit_terms(own.terms);
        tell("enrolls " + device->name(),
             outcome_of(services.enrollments.put(own, absent, operator_principal)));
    }
}

void Operators::change_terms() {
    const std::string name = some_device().name();
    const bool of_group = world_.stage.dice.one_in(2);
    some_server().call([this, name, of_group](Services& services) {
        if (of_group) {
            tell("changes the fleet's terms",
                 edit(services, EnrollmentGroupId(fleet_group),
                      [&](EnrollmentGroup& group) { edit_terms(group.terms); }));
        } else {
            tell("changes the terms of " + name,
                 edit(services, RegistrationId(name),
                      [&](IndividualEnrollment& own) { edit_terms(own.terms); }));
        }
    });
}

void Operators::change_status() {
    const std::string name = some_device().name();
    const auto status =
        world_.stage.dice.one_in(3) ? ProvisioningStatus::disabled : ProvisioningStatus::enabled;
    const bool of_group = world_.stage.dice.one_in(2);
    const std::string what = status == ProvisioningStatus::disabled ? "disables " : "enables ";
    some_server().call([this, name, status, of_group, what](Services& services) {
        if (of_group) {
            tell(what + "the fleet",
                 edit(services, EnrollmentGroupId(fleet_group),
                      [&](EnrollmentGroup& group) { group.terms.status = status; }));
        } else {
            tell(what + name, edit(services, RegistrationId(name),
                                   [&](IndividualEnrollment& own) { own.terms.status = status; }));
        }
    });
}

void Operators::delete_enrollment() {
    const std::string name = some_device().name();
    some_server().call([this, name](Services& services) {
        tell("deletes the enrollment of " + name,
             services.enrollments.erase(RegistrationId(name), any, operator_principal));
    });
}

/// Also for a member of the group, which has an enrollment of its own from then on.
void Operators::create_enrollment() {
    SimDevice& device = some_device();
    IndividualEnrollment own{.id = RegistrationId(device.name()),
                             .device_id = {},
                             .device_information = {},
                             .terms = {.attestation = keys(device.key())},
                             .stamp = {}};
    own.terms.initial_twin = new_initial_twin();
    edit_terms(own.terms);
    some_server().call([this, own](Services& services) {
        tell("creates an enrollment of " + own.id.text(),
             outcome_of(services.enrollments.put(own, absent, operator_principal)));
    });
}

void Operators::rename_device() {
    const std::string name = some_device().name();
    const bool plain = world_.stage.dice.one_in(2);
    const DeviceId wanted(plain ? name : name + ".b");
    some_server().call([this, name, wanted](Services& services) {
        tell(name + " is to be " + wanted.text() + " at its hub",
             edit(services, RegistrationId(name),
                  [&](IndividualEnrollment& own) { own.device_id = wanted; }));
    });
}

void Operators::roll_key() {
    SimDevice& device = some_device();
    const Secret key = new_key();
    some_server().call([this, &device, key](Services& services) {
        const auto rolled =
            edit(services, RegistrationId(device.name()),
                 [&](IndividualEnrollment& own) { own.terms.attestation = keys(key); });
        tell("rolls the key of " + device.name(), rolled);
        if (rolled) {
            world_.stage.engine.at(world_.stage.dice.between(Duration(0), std::chrono::seconds(20)),
                                   [&device, key] { device.set_key(key); });
        }
    });
}

void Operators::roll_group_key() {
    const Secret key = new_key();
    some_server().call([this, key](Services& services) {
        const auto rolled =
            edit(services, EnrollmentGroupId(fleet_group),
                 [&](EnrollmentGroup& group) { group.terms.attestation = keys(key); });
        tell("rolls the key of the fleet", rolled);
        if (!rolled) {
            return;
        }
        for (const auto& device : devices_) {
            if (crypto::derive_device_key(group_key_, device->name()) == device->key()) {
                device->set_key(crypto::derive_device_key(key, device->name()));
            }
        }
        group_key_ = key;
    });
}

void Operators::delete_record() {
    const std::string name = some_device().name();
    some_server().call([this, name](Services& services) {
        tell("deletes the record of " + name, services.enrollments.erase_registration(
                                                  RegistrationId(name), any, operator_principal));
    });
}

} // namespace muster::simulation
