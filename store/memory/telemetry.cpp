#include "store/memory/ports.h"
#include "store/retention.h"

#include <algorithm>
#include <iterator>

namespace muster::store::memory {

using hub::Message;

Result<void> Telemetry::append(const HubName& hub, std::vector<Message>& messages,
                               const hub::Retention& retention) {
    if (messages.empty()) {
        return {};
    }
    const std::scoped_lock lock(tables_.mutex);
    TelemetryLog& log = tables_.telemetry[hub.text()];
    for (Message& message : messages) {
        message.sequence = ++log.last_sequence;
        log.messages.push_back(message);
    }
    const WallTime allowed = oldest_allowed(messages, retention);
    const auto young = std::ranges::find_if(
        log.messages, [&](const Message& message) { return message.enqueued >= allowed; });
    const LogExtent extent{log.messages.front().sequence, log.last_sequence};
    const std::int64_t first_kept =
        keep_from(extent, young == log.messages.end() ? extent.last + 1 : young->sequence,
                  drops_max(messages.size()), retention);
    while (!log.messages.empty() && log.messages.front().sequence < first_kept) {
        log.messages.pop_front();
    }
    return {};
}

Result<std::vector<Message>> Telemetry::read(const HubName& hub, std::int64_t after,
                                             std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<Message> page;
    for (const Message& message : tables_.telemetry[hub.text()].messages) {
        if (message.sequence > after && page.size() < count_max) {
            page.push_back(message);
        }
    }
    return page;
}

Result<std::int64_t> Telemetry::last_sequence(const HubName& hub) {
    const std::scoped_lock lock(tables_.mutex);
    return tables_.telemetry[hub.text()].last_sequence;
}

} // namespace muster::store::memory
