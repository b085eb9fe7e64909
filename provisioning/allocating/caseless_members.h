#pragma once
// Members of an answer whose names are found in any case (dps-device 7.2): the documentation spells
// them in two ways, and serializers in a third. Two that differ in case only are a mistake. The
// first mistake is kept; after it everything reads as unset.

#include "base/json.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace muster::provisioning {

class CaselessMembers {
  public:
    /// `path` names the object in messages: "initialTwin.", or nothing for the document itself.
    explicit CaselessMembers(const JsonObject& object, std::string path = {})
        : object_(object), path_(std::move(path)) {}

    /// The member if it is there and not null.
    const Json* find(std::string_view name);
    const JsonObject* object(std::string_view name);

    void refuse(std::string_view why);

    [[nodiscard]] bool failed() const { return mistake_.has_value(); }

    /// Code::malformed if anything was wrong.
    [[nodiscard]] Result<void> verdict() const;

  private:
    const JsonObject& object_;
    std::string path_;
    std::optional<std::string> mistake_;
};

} // namespace muster::provisioning
