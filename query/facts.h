#pragma once
// What a condition is held against.

#include "query/path.h"
#include "query/value.h"

namespace muster::query {

class Facts {
  public:
    virtual ~Facts() = default;
    /// Undefined if there is no such thing. A value that is pointed to must stay as long as the
    /// facts do.
    [[nodiscard]] virtual Value find(const Path& path) const = 0;
};

/// A row that is there as a document, which must outlive this: Root::document paths.
class DocumentFacts final : public Facts {
  public:
    explicit DocumentFacts(const JsonObject& document) : document_(document) {}

    [[nodiscard]] Value find(const Path& path) const override {
        return path.root == Root::document ? Value::at(find_in(document_, path)) : Value();
    }

  private:
    const JsonObject& document_;
};

} // namespace muster::query
