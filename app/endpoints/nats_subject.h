#pragma once
// Where in NATS an event goes: a template of tokens between dots, in which
//
//   {hub}     is the name of the hub in the configuration
//   {source}  telemetry, twin-changes, lifecycle or connections
//   {device}  the device id
//
// What stands for them is one token, whatever is in it: bytes other than letters, digits, `-`, `_`
// and `~` are percent-encoded, dots too.

#include "base/result.h"
#include "hub/events/event.h"

#include <string>
#include <string_view>

namespace muster::app {

class NatsSubject {
  public:
    /// Error: malformed, saying what is wrong.
    static Result<NatsSubject> parse(std::string text);

    [[nodiscard]] std::string of(std::string_view hub, const hub::Event& event) const;

    /// The subjects of all events of the hub, for its stream.
    [[nodiscard]] std::string all_of(std::string_view hub) const;

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    explicit NatsSubject(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

} // namespace muster::app
