// Queries that parse can be printed and parsed again, and answer something over any rows.

#include "base/check.h"
#include "query/rows.h"

#include <cstddef>
#include <cstdint>

using namespace muster;
using namespace muster::query;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(parse_target(text));
    const auto query = parse_query(text);
    if (!query) {
        CHECK(query.error().code == Code::malformed);
        return 0;
    }
    const auto again = parse_query(to_text(*query));
    CHECK(again ? *again == *query : again.error().detail.find("longer than") != std::string::npos);
    const JsonObject row{{"deviceId", "a"}, {"version", 1}, {"tags", {{"a", 1}, {"b", "x"}}}};
    const DocumentFacts facts(row);
    Aggregation aggregation(*query);
    if (!query->where || matches(*query->where, facts)) {
        CHECK(aggregation.take(facts).has_value());
    }
    CHECK(aggregation.rows().size() <= 1);
    CHECK(projection(*query, facts).size() <= query->items.size());
    return 0;
}
