#include "provisioning/journal.h"

#include "base/check.h"

namespace muster::provisioning {

std::string_view to_string(DeviceEventKind kind) {
    switch (kind) {
    case DeviceEventKind::refused: return "refused";
    case DeviceEventKind::declined: return "declined";
    case DeviceEventKind::assigned: return "assigned";
    case DeviceEventKind::failed: return "failed";
    case DeviceEventKind::erased: return "erased";
    }
    CHECK(false);
    return {};
}

} // namespace muster::provisioning
