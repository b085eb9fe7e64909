#pragma once
// What a caller may say of an instance, checked and applied. Pure: no store, no clock; randomness
// only makes keys.

#include "base/random.h"
#include "provisioning/instances.h"

#include <string>

namespace muster::provisioning {

inline constexpr std::string_view owner_policy = "provisioningserviceowner";
inline constexpr std::size_t policy_key_bytes = 32;

/// What can be said without looking at any instance. Error: malformed, naming the member.
Result<void> check_settings(const InstanceSettings& settings);

/// A new instance before any settings: the owner's policy with new keys, defaults for the rest.
Instance blank_instance(const InstanceSettings& settings, IdScope scope, Random& random);

struct SettingsContext {
    const std::string& domain;
    const Principal& by;
    Random& random;
};

/// `instance` with the settings, which check_settings let pass and whose hubs bear their names.
/// Error: malformed (a hub twice, or without connection string and not linked yet; a host that
/// belongs to another name).
Result<Instance> with_settings(Instance instance, const InstanceSettings& settings,
                               const SettingsContext& context);

/// Nothing to be stored; asked before the second gets a stamp of its own.
bool says_the_same(const Instance& left, const Instance& right);

/// Who may do what only the server's own configuration may: link its own hubs without a key.
bool is_configuration(const Principal& principal);

/// `{name}.{domain}` in lower case: the host that stands first in every instance.
std::string host_of(std::string_view name, std::string_view domain);

/// As it is to be served where the domain has become another one since it was stored: under its
/// new name too, unless another instance of `stored` has that.
Instance with_own_host(Instance instance, const std::vector<Instance>& stored,
                       std::string_view domain);

} // namespace muster::provisioning
