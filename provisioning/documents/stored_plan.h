#pragma once
// What a registration record still has to do, as the stores keep it: its plan and its chores.

#include "base/json.h"
#include "provisioning/documents/members.h"
#include "provisioning/registration.h"

#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

JsonObject place_document(const Place& place);
JsonObject plan_document(const Plan& plan);
JsonArray chores_document(const std::vector<Chore>& chores);

// Mistakes end up in the reader.

std::optional<Place> read_place(MemberReader& members, std::string_view key);
std::optional<Plan> read_plan(MemberReader& members);
std::vector<Chore> read_chores(MemberReader& members);

/// The value that a text names; a text that names none is a mistake.
template <class T>
T known(MemberReader& members, std::string_view key, const std::optional<T>& value) {
    if (!value) {
        members.refuse(key, "has an unknown value");
    }
    return value.value_or(T{});
}

} // namespace muster::provisioning
