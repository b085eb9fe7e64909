// What parses can be printed and parsed again, and is then the same; it comes to something.

#include "base/check.h"
#include "query/condition.h"

#include <cstddef>
#include <cstdint>

namespace {

using namespace muster;
using namespace muster::query;

/// Has something of every kind under every root.
class Everything final : public Facts {
  public:
    [[nodiscard]] Value find(const Path& path) const override {
        return Value::at(find_in(values_, path, 0));
    }

  private:
    Json values_{{"a", 1},
                 {"b", "text"},
                 {"c", {1, "x", nullptr}},
                 {"d", {{"e", 0.5}, {"f", true}}},
                 {"tags", {{"a", "x"}, {"b", -7}}}};
};

void check(std::string_view text, Dialect dialect) {
    const auto condition = parse_condition(text, dialect);
    if (!condition) {
        CHECK(condition.error().code == Code::malformed);
        return;
    }
    const auto again = parse_condition(to_text(*condition), dialect);
    // Printing writes some characters longer than they were.
    CHECK(again ? *again == *condition
                : again.error().detail.find("longer than") != std::string::npos);
    const Everything facts;
    CHECK(matches(*condition, facts) == (outcome(*condition, facts) == true));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(text, Dialect::twin);
    check(text, Dialect::routing);
    return 0;
}
