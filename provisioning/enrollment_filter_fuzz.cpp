// Whatever text comes: it is refused with a place inside it, or it can be asked of any document,
// and asking twice gives the same answer.

#include "base/check.h"
#include "provisioning/enrollment_filter.h"

#include <cstdint>
#include <string>

namespace muster::provisioning {
namespace {

void check_refusal(const Error& error, std::size_t query_bytes) {
    CHECK(error.code == Code::malformed);
    CHECK(error.detail.starts_with("at "));
    const unsigned long at = std::stoul(error.detail.substr(3));
    CHECK(at >= 1 && at <= query_bytes + 1);
}

/// The bytes after the first NUL are the document, or a fixed one stands in.
JsonObject document_in(std::string_view text) {
    if (auto document = parse_json_object(text)) {
        return *std::move(document);
    }
    return {{"registrationId", "a"},
            {"iotHubs", JsonArray{"h", 1, nullptr}},
            {"createdDateTimeUtc", "2030-01-01T00:00:00.0000000Z"},
            {"initialTwin", JsonObject{{"tags", JsonObject{{"a", 1}, {"b", "text"}}}}}};
}

} // namespace
} // namespace muster::provisioning

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::provisioning;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view query = input.substr(0, input.find('\0'));
    const auto filter = parse_enrollment_query(query);
    if (!filter) {
        check_refusal(filter.error(), query.size());
        return 0;
    }
    const std::string_view rest = query.size() < size ? input.substr(query.size() + 1) : "";
    const muster::JsonObject document = document_in(rest);
    CHECK(filter->matches(document) == filter->matches(document));
    CHECK(!filter->matches_everything() || filter->matches(document));
    return 0;
}
