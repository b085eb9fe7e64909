// An instance's document from anybody: read or refused, and what a store keeps comes back as it
// was.

#include "base/check.h"
#include "base/json.h"
#include "provisioning/documents/instance_document.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto document = parse_json_object(text);
    if (!document) {
        return 0;
    }
    (void)provisioning::instance_settings(*document);
    const auto instance = provisioning::stored_instance(*document);
    if (!instance) {
        return 0;
    }
    const JsonObject stored = to_document(*instance, provisioning::View::stored);
    const auto again = provisioning::stored_instance(stored);
    CHECK(again.has_value());
    CHECK(to_document(*again, provisioning::View::stored) == stored);
    return 0;
}
