#pragma once
// What a parsed condition is made of. Internal to the filter: parser.cpp builds it,
// enrollment_filter.cpp evaluates it.

#include "base/clock.h"
#include "provisioning/enrollment_filter.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace muster::provisioning {

/// How the texts of a member compare.
enum class Meaning : std::uint8_t {
    exact,
    caseless, // ids, host names, enumerations
    time,
};

struct QueryPath {
    std::vector<std::string> keys; // as they are spelled in documents
    Meaning meaning = Meaning::exact;
};

struct QueryNull {};

/// Texts for caseless members are in lower case; numbers are wide enough for every integer and
/// double that JSON has.
using QueryLiteral = std::variant<QueryNull, bool, long double, std::string, WallTime>;

enum class Comparator : std::uint8_t { equal, less, less_or_equal, greater, greater_or_equal };

struct EnrollmentFilter::Node {
    enum class Kind : std::uint8_t {
        all,         // children
        any,         // children
        negation,    // one child
        comparison,  // path, comparator, one literal
        membership,  // path, literals
        defined,     // path
        starts_with, // path, one text
        contains,    // path, one text
    };

    Kind kind = Kind::all;
    std::vector<Node> children;
    QueryPath path;
    Comparator comparator = Comparator::equal;
    std::vector<QueryLiteral> literals;
};

} // namespace muster::provisioning
