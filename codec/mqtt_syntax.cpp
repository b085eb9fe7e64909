#include "codec/mqtt_syntax.h"

#include <cstddef>

namespace muster::mqtt {

bool is_topic_name(std::string_view text) {
    return !text.empty() && text.find_first_of("+#") == std::string_view::npos;
}

bool is_topic_filter(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '+' && text[at] != '#') {
            continue;
        }
        const bool level_begins = at == 0 || text[at - 1] == '/';
        const bool filter_ends = at + 1 == text.size();
        const bool level_ends = filter_ends || (text[at] == '+' && text[at + 1] == '/');
        if (!level_begins || !level_ends) {
            return false;
        }
    }
    return !text.empty();
}

} // namespace muster::mqtt
