#include "hub/messages/names.h"

namespace muster::hub {

std::string_view to_text(Acknowledgement acknowledgement) {
    switch (acknowledgement) {
    case Acknowledgement::none: return "none";
    case Acknowledgement::negative: return "negative";
    case Acknowledgement::positive: return "positive";
    case Acknowledgement::full: break;
    }
    return "full";
}

std::optional<Acknowledgement> acknowledgement_named(std::string_view name) {
    for (const auto one : {Acknowledgement::none, Acknowledgement::negative,
                           Acknowledgement::positive, Acknowledgement::full}) {
        if (to_text(one) == name) {
            return one;
        }
    }
    return std::nullopt;
}

std::string_view to_text(MessageEnd end) {
    switch (end) {
    case MessageEnd::success: return "Success";
    case MessageEnd::expired: return "Expired";
    case MessageEnd::delivery_count_exceeded: return "DeliveryCountExceeded";
    case MessageEnd::rejected: return "Rejected";
    case MessageEnd::purged: break;
    }
    return "Purged";
}

std::optional<MessageEnd> message_end_named(std::string_view name) {
    for (const auto one :
         {MessageEnd::success, MessageEnd::expired, MessageEnd::delivery_count_exceeded,
          MessageEnd::rejected, MessageEnd::purged}) {
        if (to_text(one) == name) {
            return one;
        }
    }
    return std::nullopt;
}

bool is_wanted(Acknowledgement acknowledgement, MessageEnd end) {
    switch (acknowledgement) {
    case Acknowledgement::none: return false;
    case Acknowledgement::positive: return end == MessageEnd::success;
    case Acknowledgement::negative: return end != MessageEnd::success;
    case Acknowledgement::full: break;
    }
    return true;
}

} // namespace muster::hub
