// Whatever a function answers: it is refused in few words, or it names a host, and a twin and a
// payload that can be written and read again as they are.

#include "base/check.h"
#include "provisioning/allocating/function.h"
#include "provisioning/grammar.h"

#include <cstdint>

namespace muster::provisioning {
namespace {

constexpr std::size_t refusal_bytes_max = 512;

void check_round_trip(const JsonObject& object) {
    const auto again = parse_json_object(to_text(object));
    CHECK(again.has_value());
    CHECK(*again == object);
}

void check_answer(const FunctionAnswer& answer) {
    CHECK(answer.hub || answer.twin || answer.payload);
    CHECK(!answer.hub || is_host_name(answer.hub->text()));
    if (answer.twin) {
        CHECK(!answer.twin->desired.contains("$metadata"));
        check_round_trip(answer.twin->tags);
        check_round_trip(answer.twin->desired);
    }
    if (answer.payload) {
        check_round_trip(*answer.payload);
    }
}

} // namespace
} // namespace muster::provisioning

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::provisioning;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto answer = read_function_answer(body);
    if (!answer) {
        CHECK(answer.error().code == muster::Code::malformed);
        CHECK(answer.error().detail.size() <= refusal_bytes_max);
        return 0;
    }
    check_answer(*answer);
    return 0;
}
