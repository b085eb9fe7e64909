// Twin documents from outside: the body of a service's PATCH or PUT, and a device's report.
// Whatever is accepted keeps within the limits and survives being stored.

#include "base/check.h"
#include "hub/documents.h"
#include "hub/twin.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace muster;

namespace {

void check_accepted(const Result<hub::Twin>& next, const hub::Twin& before) {
    if (!next) {
        CHECK(!next.error().detail.empty());
        return;
    }
    CHECK(hub::check_twin(*next).has_value());
    CHECK(next->version <= before.version + 1);
    const auto again = hub::stored_twin(hub::to_stored_document(*next));
    CHECK(again.has_value());
    CHECK(to_text(hub::to_stored_document(*again)) == to_text(hub::to_stored_document(*next)));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto document = parse_json_object(text);
    if (!document) {
        return 0;
    }
    static const hub::Twin twin = hub::new_twin({{"site", "north"}}, {{"net", {{"apn", "iot"}}}},
                                                {{"fw", {1, 2, {{"x", nullptr}}}}}, WallTime());
    check_accepted(hub::apply_reported(twin, *document, WallTime()), twin);
    const auto update = hub::twin_update_from(*document);
    if (update) {
        check_accepted(hub::apply_patch(twin, *update, WallTime()), twin);
        check_accepted(hub::apply_replace(twin, *update, WallTime()), twin);
    }
    return 0;
}
