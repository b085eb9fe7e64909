#include "provisioning/allocating/glob.h"

#include <cstddef>

namespace muster::provisioning {

namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Where the character that begins at `at` ends.
std::size_t after_character(std::string_view text, std::size_t at) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) {
        ++at;
    }
    return at;
}

/// A place in the text and in the pattern, both at the start of a character.
struct Place {
    std::size_t text = 0;
    std::size_t pattern = 0;
};

/// Takes one character of each, if they fit.
bool step(Place& place, std::string_view text, std::string_view pattern) {
    if (place.text == text.size() || place.pattern == pattern.size()) {
        return false;
    }
    if (pattern[place.pattern] == '?') {
        place = {.text = after_character(text, place.text), .pattern = place.pattern + 1};
        return true;
    }
    const bool escaped = pattern[place.pattern] == '\\' && place.pattern + 1 < pattern.size();
    const std::size_t wanted = place.pattern + (escaped ? 1 : 0);
    if (text[place.text] != pattern[wanted]) {
        return false;
    }
    place = {.text = place.text + 1, .pattern = wanted + 1};
    return true;
}

} // namespace

bool matches_glob(std::string_view text, std::string_view pattern) {
    Place place;
    // Behind the latest star, and where its text ends so far. A mismatch lets that star take one
    // character more; earlier stars never need to, since the latest can take whatever they could.
    Place star;
    bool starred = false;
    while (place.text < text.size() || place.pattern < pattern.size()) {
        if (place.pattern < pattern.size() && pattern[place.pattern] == '*') {
            star = {.text = place.text, .pattern = ++place.pattern};
            starred = true;
        } else if (!step(place, text, pattern)) {
            if (!starred || star.text == text.size()) {
                return false;
            }
            star.text = after_character(text, star.text);
            place = star;
        }
    }
    return true;
}

bool is_glob(std::string_view pattern) {
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '\\' && ++at == pattern.size()) {
            return false;
        }
    }
    return true;
}

} // namespace muster::provisioning
