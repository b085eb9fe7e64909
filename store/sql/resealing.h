#pragma once
// Seals what is in the clear or under an old key, a bounded number of rows at a time.

#include "crypto/sealing.h"
#include "store/sql/sealed_table.h"
#include "store/stores.h"

#include <optional>
#include <string>

namespace muster::store::sql {

/// One walk over every table with sealed documents. Each step is a unit of work of its own; what an
/// earlier walk has done is found done.
class Resealing {
  public:
    explicit Resealing(const crypto::KeyRing& keys) : keys_(keys) {}

    /// Looks at the next rows and seals those that need it; tells how many. Nothing at the end of
    /// the walk. Error: internal, if a document cannot be opened.
    Result<std::optional<std::int64_t>> step(Connection& connection);

    [[nodiscard]] const SealingProgress& progress() const { return progress_; }

  private:
    struct Document {
        std::string tenant;
        std::string id;
        std::string text;
    };

    Result<std::vector<Document>> next_documents(Connection& connection) const;
    Result<bool> seal(Connection& connection, const Document& document) const;

    const crypto::KeyRing& keys_;
    std::size_t table_ = 0;
    std::string last_tenant_;
    std::string last_id_;
    SealingProgress progress_;
};

} // namespace muster::store::sql
