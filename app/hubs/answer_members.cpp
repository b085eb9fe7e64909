#include "app/hubs/answer_members.h"

#include "app/hubs/hub_refusal.h"
#include "crypto/keys.h"

#include <algorithm>
#include <utility>

namespace muster::app {

namespace {

constexpr std::size_t etag_bytes_max = 256;
constexpr std::size_t texts_max = 100;

} // namespace

std::string AnswerMembers::text(std::string_view name) {
    auto value = string_member(document_, name);
    if (!value) {
        wrong(name);
        return {};
    }
    return std::move(*value);
}

bool AnswerMembers::flag(std::string_view name) {
    const Json* member = find_member(document_, name);
    if (member != nullptr && !member->is_bool()) {
        wrong(name);
    }
    return member != nullptr && member->is_bool() && member->get_bool();
}

const JsonObject& AnswerMembers::object(std::string_view name) {
    static const JsonObject none;
    const Json* member = find_member(document_, name);
    if (member != nullptr && !member->is_object()) {
        wrong(name);
    }
    return member != nullptr && member->is_object() ? member->get_object() : none;
}

std::vector<std::string> AnswerMembers::texts(std::string_view name) {
    const Json* member = find_member(document_, name);
    if (member == nullptr) {
        return {};
    }
    if (!member->is_array() || member->get_array().size() > texts_max ||
        !std::ranges::all_of(member->get_array(), &Json::is_string)) {
        wrong(name);
        return {};
    }
    std::vector<std::string> read;
    for (const Json& one : member->get_array()) {
        read.emplace_back(one.get_string());
    }
    return read;
}

Secret AnswerMembers::key(std::string_view name) {
    const std::string base64 = text(name);
    if (base64.empty()) {
        return {};
    }
    auto decoded = crypto::decode_key(base64);
    if (!decoded) {
        wrong(name);
        return {};
    }
    return std::move(*decoded);
}

ETag AnswerMembers::etag() {
    std::string tag = text("etag");
    const bool usable = !tag.empty() && tag.size() <= etag_bytes_max && tag != "*" &&
                        std::ranges::all_of(tag, [](char byte) {
                            return byte > ' ' && byte < 0x7F && byte != '"';
                        });
    if (!usable) {
        wrong("etag");
        return {};
    }
    return ETag(std::move(tag));
}

void AnswerMembers::wrong(std::string_view name) {
    if (wrong_.empty()) {
        wrong_ = name;
    }
}

void AnswerMembers::note(const AnswerMembers& part) {
    if (!part.wrong_.empty()) {
        wrong(part.wrong_);
    }
}

Result<void> AnswerMembers::outcome() const {
    return wrong_.empty() ? Result<void>() : unreadable("its " + wrong_);
}

} // namespace muster::app
