#pragma once
// A twin as queries look at it, over the documents that the stores keep. Most conditions want one
// or two members of a large document: they are found in its text, and only the members are parsed.

#include "hub/live.h"
#include "query/facts.h"

#include <cstdint>
#include <optional>
#include <string>

namespace muster::hub {

struct Device;

/// The stored document of an identity without its keys (hub/documents.h), in the clear: what a
/// query may see of it.
std::string facts_text(const Device& device);

/// A row as it was copied out of a store.
struct TwinRowTexts {
    std::string id;    // IdentityId::text()
    std::string facts; // facts_text()
    std::string twin;  // its stored document
    Live::Presence presence;
    std::int64_t messages_waiting = 0;
};

/// Not thread safe.
class TwinRow final : public query::Facts {
  public:
    explicit TwinRow(TwinRowTexts texts) : texts_(std::move(texts)) {}

    [[nodiscard]] const std::string& id() const { return texts_.id; }

    /// The same as in document().
    [[nodiscard]] query::Value find(const query::Path& path) const override;

    /// As GET shows it (iothub B.7). Error: internal, if what is stored cannot be read.
    [[nodiscard]] Result<JsonObject> document() const;

  private:
    [[nodiscard]] std::optional<query::Value> find_quickly(const query::Path& path) const;
    [[nodiscard]] query::Value find_in_document(const query::Path& path) const;

    TwinRowTexts texts_;
    mutable std::optional<Result<JsonObject>> document_;
};

} // namespace muster::hub
