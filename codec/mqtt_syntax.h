#pragma once
// The grammar of topic names and topic filters (section 4.7).

#include <string_view>

namespace muster::mqtt {

/// What may be published to: not empty, no wildcard.
bool is_topic_name(std::string_view text);

/// What may be subscribed to: not empty, '+' fills a level, '#' fills the last one.
bool is_topic_filter(std::string_view text);

} // namespace muster::mqtt
