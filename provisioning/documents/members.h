#pragma once
// Reading the members of a JSON object one after another, straight down, with one check at the end:
// the first mistake is kept, everything after it reads as unset.

#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::provisioning {

class MemberReader {
  public:
    /// `path` names the object in messages: "attestation.", or nothing for the document itself.
    explicit MemberReader(const JsonObject& object, std::string path = {})
        : object_(object), path_(std::move(path)) {}

    std::optional<std::string> text(std::string_view key);
    std::optional<bool> flag(std::string_view key);
    std::optional<std::int64_t> number(std::string_view key);
    const JsonObject* object(std::string_view key);
    const JsonArray* array(std::string_view key);

    /// A copy of the object member, exactly as it is.
    std::optional<JsonObject> copy(std::string_view key);

    /// As above, and its absence is a mistake; then an empty value comes back.
    std::string required_text(std::string_view key);
    const JsonObject& required_object(std::string_view key);

    /// Keeps the value of a result, or its mistake, named by the member.
    template <class T>
    std::optional<T> take(std::string_view key, Result<T> result) {
        if (!result) {
            refuse(key, result.error().detail);
            return std::nullopt;
        }
        return *std::move(result);
    }

    void refuse(std::string_view key, std::string_view why);

    /// Takes over the mistake found further inside, which names its place already.
    void adopt(const Result<void>& verdict);

    [[nodiscard]] bool failed() const { return mistake_.has_value(); }

    /// Code::malformed if anything was wrong.
    [[nodiscard]] Result<void> verdict() const;

    [[nodiscard]] std::string path_of(std::string_view key) const;

  private:
    const Json* find(std::string_view key);

    const JsonObject& object_;
    std::string path_;
    std::optional<std::string> mistake_;
};

} // namespace muster::provisioning
