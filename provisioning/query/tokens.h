#pragma once
// The words of a query (enrollment_filter.h) and of a rule (allocating/rule.h): names, texts,
// numbers and symbols, each with its place.
//
//     word   = letter, "_", "$" or any non-ASCII byte, then also digits and "-"; after a dot it may
//              begin with a digit
//     text   = '..' or "..", the quote itself doubled
//     number = as in JSON
//     symbol = one of  = == != <> < <= > >= ( ) [ ] , . *

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::provisioning {

struct QueryToken {
    enum class Kind : std::uint8_t { word, text, number, symbol, end };

    Kind kind = Kind::end;
    std::string text;   // of a text without its quotes
    std::size_t at = 1; // of its first byte, counted from 1
};

/// The last one is an `end`. Error: malformed, with the place.
Result<std::vector<QueryToken>> query_tokens(std::string_view query);

/// `at 27: expected a literal`
std::unexpected<Error> query_mistake(std::size_t at, std::string_view what);

} // namespace muster::provisioning
