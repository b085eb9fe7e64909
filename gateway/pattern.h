#pragma once
// For tests: compares text with a pattern in which `<name>` stands for any text, the same text
// wherever the name comes again. What a name stood for can be asked, and used in later requests.

#include <map>
#include <string>
#include <string_view>

namespace muster::gateway {

class Pattern {
  public:
    /// True if the whole of text has the pattern's shape. Names stand for the shortest text that
    /// lets the next literal follow.
    bool matches(std::string_view pattern, std::string_view text) {
        while (!pattern.empty()) {
            const auto open = pattern.find('<');
            const auto literal = pattern.substr(0, open);
            if (!text.starts_with(literal)) {
                return false;
            }
            text.remove_prefix(literal.size());
            if (open == std::string_view::npos) {
                return text.empty();
            }
            const auto close = pattern.find('>', open);
            const auto name = std::string(pattern.substr(open + 1, close - open - 1));
            pattern.remove_prefix(close + 1);
            if (!take(name, pattern.substr(0, pattern.find('<')), text)) {
                return false;
            }
        }
        return text.empty();
    }

    /// The pattern with every known name replaced.
    [[nodiscard]] std::string fill(std::string_view pattern) const {
        std::string result;
        while (!pattern.empty()) {
            const auto open = pattern.find('<');
            result += pattern.substr(0, open);
            if (open == std::string_view::npos) {
                break;
            }
            const auto close = pattern.find('>', open);
            result += names_.at(std::string(pattern.substr(open + 1, close - open - 1)));
            pattern.remove_prefix(close + 1);
        }
        return result;
    }

    [[nodiscard]] const std::string& operator[](const std::string& name) const {
        return names_.at(name);
    }

  private:
    bool take(const std::string& name, std::string_view next_literal, std::string_view& text) {
        const auto end = next_literal.empty() ? text.size() : text.find(next_literal);
        if (end == std::string_view::npos) {
            return false;
        }
        const auto value = std::string(text.substr(0, end));
        text.remove_prefix(end);
        if (name == "*") {
            return true;
        }
        return names_.try_emplace(name, value).first->second == value;
    }

    std::map<std::string, std::string> names_;
};

} // namespace muster::gateway
