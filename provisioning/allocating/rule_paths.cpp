#include "provisioning/allocating/rule_paths.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace muster::provisioning {

namespace {

/// What may follow a name.
enum class Keys : std::uint8_t { none, one, any };

struct KnownName {
    std::string_view name; // with dots
    RuleSource source;
    Keys keys = Keys::none;
};

constexpr std::array known_names{
    KnownName{"registrationId", RuleSource::registration_id},
    KnownName{"currentHub", RuleSource::current_hub},
    KnownName{"payload", RuleSource::payload, Keys::any},
    KnownName{"certificate.subject", RuleSource::subject, Keys::one},
    KnownName{"certificate.issuer", RuleSource::issuer, Keys::one},
    KnownName{"address", RuleSource::address},
    KnownName{"location.latitude", RuleSource::latitude},
    KnownName{"location.longitude", RuleSource::longitude},
    KnownName{"time.hour", RuleSource::hour},
    KnownName{"time.minute", RuleSource::minute},
    KnownName{"time.weekday", RuleSource::weekday},
    KnownName{"time.date", RuleSource::date},
};

bool permits(Keys keys, std::size_t count) {
    switch (keys) {
    case Keys::none: return count == 0;
    case Keys::one: return count == 1;
    case Keys::any: break;
    }
    return true;
}

bool begins_with(std::span<const std::string> names, std::span<const std::string_view> prefix) {
    return names.size() >= prefix.size() &&
           std::ranges::equal(names.first(prefix.size()), prefix, equal_ignoring_case);
}

} // namespace

std::optional<RulePath> rule_path(std::span<const std::string> names) {
    for (const KnownName& known : known_names) {
        const std::vector<std::string_view> prefix = split(known.name, '.');
        if (!begins_with(names, prefix) || !permits(known.keys, names.size() - prefix.size())) {
            continue;
        }
        const auto keys = names.subspan(prefix.size());
        return RulePath{.source = known.source, .keys = {keys.begin(), keys.end()}};
    }
    return std::nullopt;
}

bool is_rule_constant(std::string_view word) {
    return equal_ignoring_case(word, "null") || equal_ignoring_case(word, "true") ||
           equal_ignoring_case(word, "false");
}

} // namespace muster::provisioning
