#pragma once
// The words of the wire for cloud-to-device messages (iothub A.9, B.14).

#include "hub/messages/message.h"

#include <optional>
#include <string_view>

namespace muster::hub {

std::string_view to_text(Acknowledgement acknowledgement);
std::optional<Acknowledgement> acknowledgement_named(std::string_view name);

/// "Success", "DeliveryCountExceeded", ...
std::string_view to_text(MessageEnd end);
std::optional<MessageEnd> message_end_named(std::string_view name);

/// Whether the sender wants to hear of this end.
bool is_wanted(Acknowledgement acknowledgement, MessageEnd end);

} // namespace muster::hub
