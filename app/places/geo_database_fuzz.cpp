// A database is a file from elsewhere: whatever is in it, a look-up ends, and finds a place on
// earth or none.

#include "app/places/places.h"
#include "base/check.h"
#include "store/temporary_folder.h"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

/// The library (up to 1.11) forgets some memory when it refuses a file, once for each file.
extern "C" const char* __lsan_default_suppressions() { // NOLINT: the name is the sanitizer's
    return "leak:libmaxminddb";
}

/// And says so after each.
extern "C" const char* __lsan_default_options() { // NOLINT: the name is the sanitizer's
    return "print_suppressions=0";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const muster::store::TemporaryFolder folder;
    const std::filesystem::path file = folder.path() / "places.mmdb";
    std::filesystem::remove(file); // one that is open must not change
    std::ofstream(file, std::ios::binary) << std::string(data, data + size);
    const auto database = muster::app::GeoDatabase::open(file);
    for (const char* address : {"192.0.2.77", "255.255.255.255", "2001:db8::7", "::1"}) {
        const auto found = database ? (*database)->find(address) : std::nullopt;
        CHECK(!found || std::abs(found->point.latitude) <= 90);
    }
    return 0;
}
