#include "provisioning/batch_audit.h"

#include <algorithm>
#include <set>
#include <string>

namespace muster::provisioning {

namespace {

using Ids = std::set<std::string, std::less<>>;

Ids refused_ids(std::span<const IndividualWrite> rows, std::span<const Result<void>> outcomes) {
    Ids ids;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!outcomes[i]) {
            ids.insert(rows[i].enrollment.id.text());
        }
    }
    return ids;
}

JsonArray without(const JsonArray& ids, const Ids& refused) {
    JsonArray left;
    for (const Json& id : ids) {
        if (!refused.contains(std::string_view(id.as_string()))) {
            left.push_back(id);
        }
    }
    return left;
}

JsonArray to_array(const Ids& ids) {
    return JsonArray(ids.begin(), ids.end());
}

} // namespace

std::optional<Change> settled_change(const Change* change, std::span<const IndividualWrite> rows,
                                     std::span<const Result<void>> outcomes) {
    const bool written =
        std::ranges::any_of(outcomes, [](const auto& outcome) { return outcome.has_value(); });
    if (change == nullptr || !written) {
        return std::nullopt;
    }
    const Ids refused = refused_ids(rows, outcomes);
    if (refused.empty() || !change->after) {
        return *change;
    }
    Change settled = *change;
    for (const auto* name : {"created", "replaced"}) {
        if (Json* ids = settled.after->if_contains(name); ids != nullptr && ids->is_array()) {
            *ids = without(ids->as_array(), refused);
        }
    }
    (*settled.after)["refused"] = to_array(refused);
    return settled;
}

} // namespace muster::provisioning
