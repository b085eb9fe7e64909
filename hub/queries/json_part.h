#pragma once
// Finds a part of a JSON text without reading the rest of it. Only for texts that we wrote
// ourselves (base/json.h: compact, valid): of any other it finds something or nothing.

#include <optional>
#include <string_view>

namespace muster::hub {

/// The text of the object's member, nothing if it has none. Time: linear in the text, no memory.
std::optional<std::string_view> member_text(std::string_view object, std::string_view name);

} // namespace muster::hub
