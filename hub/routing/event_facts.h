#pragma once
// What routing conditions see of an event:
//
//   alarm                   an application property; names compare without case
//   $contentType            a system property. `$connectionDeviceId`,
//   `$iothub-connection-device-id`
//                           and the like are one name: case, dashes and `iothub-` do not count
//   $body.weather.wind      the body, if it says that it is JSON in UTF-8, and is
//   $twin.tags.site         the twin of the event's device or module, as it is now
//
// Everything else is undefined. All values but those of body and twin are strings.

#include "base/json.h"
#include "base/result.h"
#include "hub/events/event.h"
#include "query/facts.h"

#include <functional>
#include <optional>

namespace muster::hub {

/// A twin as the service API shows it; nothing if there is no such identity. May wait for storage.
using TwinLookup = std::function<Result<std::optional<JsonObject>>(const IdentityId&)>;

/// Reads body and twin when a condition first asks for them, and then keeps them. For one thread;
/// the event and the look-up outlive it.
class EventFacts final : public query::Facts {
  public:
    EventFacts(const Event& event, const TwinLookup& twins) : event_(event), twins_(twins) {}

    [[nodiscard]] query::Value find(const query::Path& path) const override;

    /// Why the twin could not be read: what was undefined for that reason decides nothing.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    [[nodiscard]] query::Value property(const query::Path& path) const;
    [[nodiscard]] query::Value system_property(const query::Path& path) const;
    [[nodiscard]] const Json* body() const;
    [[nodiscard]] const JsonObject* twin() const;

    const Event& event_;
    const TwinLookup& twins_;
    mutable bool body_was_read_ = false;
    mutable bool twin_was_read_ = false;
    mutable std::optional<Json> body_;
    mutable std::optional<JsonObject> twin_;
    mutable std::optional<Error> failure_;
};

/// The value of a system property of the event itself, by its key on the wire ("$.ct"); null if the
/// sender set none. The last one counts (iothub A.8).
const std::string* wire_property(const Event& event, std::string_view key);

/// The body as JSON, if the event says that it is JSON in UTF-8, and it is.
std::optional<Json> json_body(const Event& event);

} // namespace muster::hub
