#pragma once
// The members of an object that a hub sent, read one after the other; after the first mistake the
// rest is skipped.

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

/// The object must outlive it. What is absent or null reads as empty.
class AnswerMembers {
  public:
    explicit AnswerMembers(const JsonObject& document) : document_(document) {}

    std::string text(std::string_view name);
    bool flag(std::string_view name);
    const JsonObject& object(std::string_view name);
    std::vector<std::string> texts(std::string_view name);
    Secret key(std::string_view name);
    /// Such a one as can be sent back in If-Match, and means itself there.
    ETag etag();

    void wrong(std::string_view name);
    /// Takes over what went wrong in a part.
    void note(const AnswerMembers& part);

    /// Error: unavailable, naming the first member that is wrong.
    [[nodiscard]] Result<void> outcome() const;

  private:
    const JsonObject& document_;
    std::string wrong_;
};

} // namespace muster::app
