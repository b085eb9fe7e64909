#include "app/documents/yaml.h"

#include <fmt/format.h>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <utility>

namespace muster::app {

namespace {

constexpr std::size_t text_bytes_max = 64 * 1024 * 1024;
constexpr std::size_t depth_max = 64;

// ---- reading ----

std::unexpected<Error> refuse(const std::string& file, const YAML::Mark& mark,
                              const std::string& what) {
    return fail(Code::malformed, fmt::format("{}:{}: {}", file, mark.line + 1, what));
}

/// A plain scalar in YAML's core schema, as far as JSON has it.
Json plain_scalar(const std::string& text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
        return nullptr;
    }
    if (text == "true" || text == "True" || text == "TRUE") {
        return true;
    }
    if (text == "false" || text == "False" || text == "FALSE") {
        return false;
    }
    const char* begin = text.data() + (text.front() == '+' ? 1 : 0);
    const char* end = text.data() + text.size();
    std::int64_t integer = 0;
    if (const auto parsed = std::from_chars(begin, end, integer);
        parsed.ec == std::errc() && parsed.ptr == end) {
        return integer;
    }
    double number = 0;
    const bool looks_like_number = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
    if (const auto parsed = std::from_chars(begin, end, number);
        looks_like_number && parsed.ec == std::errc() && parsed.ptr == end &&
        std::isfinite(number)) {
        return number;
    }
    return Json(text);
}

/// Builds values from the parser's events. Aliases are refused before they are expanded: a few
/// bytes of them could become gigabytes.
class Builder final : public YAML::EventHandler {
  public:
    explicit Builder(const std::string& file) : file_(file) {}

    [[nodiscard]] const std::optional<Error>& mistake() const { return mistake_; }

    [[nodiscard]] std::vector<Json> take() { return std::move(documents_); }

    void OnDocumentStart(const YAML::Mark& /*mark*/) override {}

    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        add(mark, nullptr);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        fault(mark, "aliases are not accepted");
    }

    /// Quoted scalars come with the tag "!", plain ones with "?".
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        if (expects_name()) {
            take_name(mark, value);
        } else if (tag == "!") {
            add(mark, Json(value));
        } else if (tag.empty() || tag == "?") {
            add(mark, plain_scalar(value));
        } else {
            fault(mark, "tags are not accepted");
        }
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, JsonArray());
    }

    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, JsonObject());
    }

    void OnMapEnd() override { close(); }

  private:
    struct Level {
        YAML::Mark mark;
        Json value;
        std::optional<std::string> name; // of the member whose value comes next
    };

    /// The first one counts; what follows it is not looked at.
    void fault(const YAML::Mark& mark, const std::string& what) {
        if (!mistake_) {
            mistake_ = refuse(file_, mark, what).error();
        }
    }

    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            fault(mark, "anchors are not accepted");
        }
    }

    [[nodiscard]] bool expects_name() const {
        return !levels_.empty() && levels_.back().value.is_object() && !levels_.back().name;
    }

    void take_name(const YAML::Mark& mark, const std::string& name) {
        if (levels_.back().value.as_object().contains(name)) {
            fault(mark, fmt::format("'{}' stands twice", name));
        }
        levels_.back().name = name;
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Json empty) {
        refuse_anchor(mark, anchor);
        if (!tag.empty() && tag != "?") {
            fault(mark, "tags are not accepted");
        }
        if (expects_name()) {
            fault(mark, "a member's name must be a text");
            levels_.back().name = "";
        }
        if (levels_.size() >= depth_max) {
            fault(mark, "nested too deeply");
        }
        levels_.push_back({.mark = mark, .value = std::move(empty), .name = {}});
    }

    void close() {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        add(level.mark, std::move(level.value));
    }

    void add(const YAML::Mark& mark, Json value) {
        if (levels_.empty()) {
            documents_.push_back(std::move(value));
            return;
        }
        Level& level = levels_.back();
        if (auto* array = level.value.if_array()) {
            array->push_back(std::move(value));
        } else if (level.name) {
            level.value.as_object()[*level.name] = std::move(value);
            level.name.reset();
        } else {
            fault(mark, "a member's name must be a text");
            level.name = "";
        }
    }

    const std::string& file_;
    std::vector<Level> levels_;
    std::vector<Json> documents_;
    std::optional<Error> mistake_;
};

// ---- writing ----

bool is_plain_text(const std::string& text) {
    const auto is_safe = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/' || c == '@';
    };
    return !text.empty() && std::ranges::all_of(text, is_safe) &&
           (std::isalpha(static_cast<unsigned char>(text.front())) != 0 || text.front() == '/') &&
           plain_scalar(text).is_string();
}

/// A literal block keeps lines as they are; what it cannot keep is quoted.
bool fits_literal(const std::string& text) {
    const auto is_printable = [](unsigned char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); };
    return text.size() > 1 && text.find('\n') != std::string::npos && text.back() == '\n' &&
           text[text.size() - 2] != '\n' && text.front() != ' ' && text.front() != '\n' &&
           std::ranges::all_of(text, is_printable);
}

class Writer {
  public:
    [[nodiscard]] std::string take() { return std::move(out_); }

    /// After "name:" or "-": on the same line, or below it and deeper.
    void value(const Json& value, int indent) {
        if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
            out_ += '\n';
            members(*object, indent + 2);
        } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
            out_ += '\n';
            items(*array, indent + 2);
        } else {
            out_ += ' ';
            leaf(value, indent);
        }
    }

    void members(const JsonObject& object, int indent) {
        bool first = std::exchange(continues_line_, false);
        for (const auto& member : object) {
            out_.append(first ? 0 : static_cast<std::size_t>(indent), ' ');
            first = false;
            text(std::string(member.key()));
            out_ += ':';
            value(member.value(), indent);
        }
    }

    void items(const JsonArray& array, int indent) {
        for (const Json& item : array) {
            out_.append(static_cast<std::size_t>(indent), ' ');
            out_ += '-';
            if (const auto* object = item.if_object(); object != nullptr && !object->empty()) {
                out_ += ' ';
                continues_line_ = true;
                members(*object, indent + 2);
            } else {
                value(item, indent);
            }
        }
    }

    void leaf(const Json& value, int indent) {
        const auto* string = value.if_string();
        if (string == nullptr) {
            out_ += to_text(value) + '\n';
            return;
        }
        const std::string content(*string);
        if (!fits_literal(content)) {
            text(content);
            out_ += '\n';
            return;
        }
        out_ += "|\n";
        for (std::size_t at = 0; at < content.size();) {
            const auto end = content.find('\n', at);
            if (end > at) {
                out_.append(static_cast<std::size_t>(indent) + 2, ' ');
            }
            out_.append(content, at, end - at + 1);
            at = end + 1;
        }
    }

  private:
    /// A JSON string is a double-quoted YAML scalar.
    void text(const std::string& content) {
        out_ += is_plain_text(content) ? content : to_text(Json(content));
    }

    std::string out_;
    bool continues_line_ = false; // the first member stands behind a "- "
};

} // namespace

Result<std::vector<Json>> parse_yaml(std::string_view text, const std::string& file_name) {
    if (text.size() > text_bytes_max) {
        return fail(Code::too_large, fmt::format("{}: more than 64 MiB", file_name));
    }
    Builder builder(file_name);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (!builder.mistake() && parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::Exception& error) { // yaml-cpp has no other way to say it
        return refuse(file_name, error.mark, error.msg);
    }
    if (builder.mistake()) {
        return std::unexpected(*builder.mistake());
    }
    std::vector<Json> documents = builder.take();
    std::erase_if(documents, [](const Json& document) { return document.is_null(); });
    return documents;
}

std::string to_yaml(const Json& value) {
    Writer writer;
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        writer.members(*object, 0);
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        writer.items(*array, 0);
    } else {
        writer.leaf(value, 0);
    }
    return writer.take();
}

} // namespace muster::app
