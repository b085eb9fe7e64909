#include "provisioning/instance.h"

#include "base/text.h"
#include "provisioning/ip_range.h"

#include <algorithm>
#include <array>

namespace muster::provisioning {

namespace {

struct NamedRight {
    Right right;
    std::string_view name;
};

/// In the order in which they are printed (dps-service 1.6).
constexpr std::array named_rights{
    NamedRight{Right::service_config, "ServiceConfig"},
    NamedRight{Right::device_connect, "DeviceConnect"},
    NamedRight{Right::enrollment_read, "EnrollmentRead"},
    NamedRight{Right::enrollment_write, "EnrollmentWrite"},
    NamedRight{Right::registration_read, "RegistrationStatusRead"},
    NamedRight{Right::registration_write, "RegistrationStatusWrite"},
};

/// dps-service 1.6: the flags nest.
bool contains(Right granted, Right wanted) {
    if (granted == wanted) {
        return true;
    }
    if (granted == Right::enrollment_write) {
        return wanted == Right::enrollment_read || wanted == Right::registration_read ||
               wanted == Right::registration_write;
    }
    return granted == Right::registration_write && wanted == Right::registration_read;
}

bool implied_by_another(Right right, const std::vector<Right>& rights) {
    return std::ranges::any_of(
        rights, [&](Right other) { return other != right && contains(other, right); });
}

template <class T>
const T* find_named(const std::vector<T>& items, std::string_view name) {
    const auto found = std::ranges::find_if(
        items, [&](const T& item) { return equal_ignoring_case(item.name, name); });
    return found == items.end() ? nullptr : &*found;
}

bool applies_to(const IpRule& rule, IpRule::Target side) {
    return rule.target == IpRule::Target::all || rule.target == side;
}

} // namespace

bool AccessPolicy::allows(Right right) const {
    return std::ranges::any_of(rights, [&](Right granted) { return contains(granted, right); });
}

const LinkedHub* Instance::find_hub(const HubName& wanted) const {
    const auto found = std::ranges::find(hubs, wanted, &LinkedHub::name);
    return found == hubs.end() ? nullptr : &*found;
}

const FormerHub* Instance::find_former_hub(const HubName& wanted) const {
    const auto found = std::ranges::find(former_hubs, wanted, &FormerHub::name);
    return found == former_hubs.end() ? nullptr : &*found;
}

const GroupQuarantine* Instance::find_quarantine(const EnrollmentGroupId& group) const {
    const auto found = std::ranges::find(quarantines, group, &GroupQuarantine::group);
    return found == quarantines.end() ? nullptr : &*found;
}

const CaCertificate* Instance::find_certificate(std::string_view wanted) const {
    return find_named(certificates, wanted);
}

const AccessPolicy* Instance::find_policy(std::string_view wanted) const {
    return find_named(policies, wanted);
}

std::string rights_text(const std::vector<Right>& rights) {
    std::string text;
    for (const auto& [right, name] : named_rights) {
        if (std::ranges::find(rights, right) == rights.end() || implied_by_another(right, rights)) {
            continue;
        }
        text += text.empty() ? "" : ", ";
        text += name;
    }
    return text;
}

Result<std::vector<Right>> parse_rights(std::string_view text) {
    std::vector<Right> rights;
    for (const std::string_view part : split(text, ',')) {
        const auto found = std::ranges::find_if(named_rights, [&](const NamedRight& named) {
            return equal_ignoring_case(named.name, trim(part));
        });
        if (found == named_rights.end()) {
            return fail(Code::malformed,
                        "rights are one or more of ServiceConfig, DeviceConnect, EnrollmentRead, "
                        "EnrollmentWrite, RegistrationStatusRead and RegistrationStatusWrite");
        }
        if (std::ranges::find(rights, found->right) == rights.end()) {
            rights.push_back(found->right);
        }
    }
    return rights;
}

bool admits(const Instance& instance, IpRule::Target side, std::string_view text) {
    const auto address = parse_ip_address(text);
    if (!instance.public_network_access) { // dps-service 10.1: the rules are not looked at then
        return address && address->is_private();
    }
    for (const IpRule& rule : instance.ip_rules) {
        if (!applies_to(rule, side)) {
            continue;
        }
        if (!address) {
            return false; // who cannot be placed passes no filter
        }
        if (const auto range = parse_ip_range(rule.mask); range && range->contains(*address)) {
            return rule.action == IpRule::Action::accept;
        }
    }
    return true;
}

} // namespace muster::provisioning
