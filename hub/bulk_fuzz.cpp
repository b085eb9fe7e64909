// Bulk requests are read without harm, within their bounds, and carried out or refused.

#include "base/check.h"
#include "base/random.h"
#include "hub/bulk.h"
#include "hub/fakes.h"

#include <cstddef>
#include <cstdint>

namespace {

using namespace muster;
using namespace muster::hub;

struct Hub {
    ManualClock clock{from_unix_seconds(1'893'456'000)};
    SeededRandom random{1};
    fakes::Stores stores;
    fakes::Workers workers;
    fakes::ManualScheduler timers;
    Service service{HubSettings{.name = HubName("hub-1.example.net"), .devices_max = 50},
                    {.stores = stores.ports(),
                     .workers = workers,
                     .timers = timers,
                     .clock = clock,
                     .random = random}};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto json = parse_json({reinterpret_cast<const char*>(data), size});
    if (!json || !json->is_array()) {
        return 0;
    }
    const auto entries = bulk_entries_from(json->get_array());
    if (!entries) {
        return 0;
    }
    CHECK(entries->size() == json->get_array().size() && entries->size() <= bulk_entries_max);
    Hub hub;
    for (const BulkEntry& entry : *entries) {
        CHECK(!entry.device.empty());
        const Result<Carried> done =
            entry.deed ? carry_out(hub.service, *entry.deed) : std::unexpected(entry.deed.error());
        CHECK(done || done.error().code != Code::internal);
    }
    return 0;
}
