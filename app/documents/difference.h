#pragma once
// What must change so that an instance becomes what documents say: a pure comparison, and the steps
// in the order in which they can be taken.

#include "app/documents/document.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::app {

struct MemberChange {
    std::string path; // "hubs[hub-1.example.net].weight"
    std::optional<Json> before;
    std::optional<Json> after;
};

struct Step {
    enum class Action : std::uint8_t { create, update, erase };

    Action action = Action::create;
    Document document;                 // as wanted; as it is, for erase
    std::string etag;                  // of what is replaced or deleted
    std::vector<MemberChange> changes; // of an update
};

struct CompareOptions {
    std::set<DocumentKind> prune; // kinds whose other documents are to be deleted
};

/// `current` and `wanted` are canonical. Secrets that `wanted` leaves out are as they are, and so
/// is every member that a wanted instance leaves out. Error: malformed, if a document stands twice.
Result<std::vector<Step>> compare(const std::vector<Document>& current,
                                  const std::vector<Document>& wanted,
                                  const CompareOptions& options);

/// For people: one line a step, one a change below it. Secrets are shown as `(secret)`.
std::string describe(const std::vector<Step>& steps);

} // namespace muster::app
