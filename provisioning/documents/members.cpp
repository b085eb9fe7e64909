#include "provisioning/documents/members.h"

namespace muster::provisioning {

const Json* MemberReader::find(std::string_view key) {
    return failed() ? nullptr : find_member(object_, key);
}

std::optional<std::string> MemberReader::text(std::string_view key) {
    const Json* member = find(key);
    if (member == nullptr) {
        return std::nullopt;
    }
    if (!member->is_string()) {
        refuse(key, "must be a string");
        return std::nullopt;
    }
    return std::string(member->as_string());
}

std::optional<bool> MemberReader::flag(std::string_view key) {
    const Json* member = find(key);
    if (member == nullptr) {
        return std::nullopt;
    }
    if (!member->is_bool()) {
        refuse(key, "must be true or false");
        return std::nullopt;
    }
    return member->as_bool();
}

std::optional<std::int64_t> MemberReader::number(std::string_view key) {
    const Json* member = find(key);
    if (member == nullptr) {
        return std::nullopt;
    }
    if (!member->is_int64()) {
        refuse(key, "must be an integer");
        return std::nullopt;
    }
    return member->as_int64();
}

const JsonObject* MemberReader::object(std::string_view key) {
    const Json* member = find(key);
    if (member == nullptr) {
        return nullptr;
    }
    if (!member->is_object()) {
        refuse(key, "must be an object");
        return nullptr;
    }
    return &member->as_object();
}

const JsonArray* MemberReader::array(std::string_view key) {
    const Json* member = find(key);
    if (member == nullptr) {
        return nullptr;
    }
    if (!member->is_array()) {
        refuse(key, "must be an array");
        return nullptr;
    }
    return &member->as_array();
}

std::optional<JsonObject> MemberReader::copy(std::string_view key) {
    const JsonObject* member = object(key);
    return member == nullptr ? std::nullopt : std::optional(*member);
}

std::string MemberReader::required_text(std::string_view key) {
    std::optional<std::string> member = text(key);
    if (!member) {
        refuse(key, "is required");
        return {};
    }
    return *std::move(member);
}

const JsonObject& MemberReader::required_object(std::string_view key) {
    static const JsonObject none;
    const JsonObject* member = object(key);
    if (member == nullptr) {
        refuse(key, "is required");
        return none;
    }
    return *member;
}

void MemberReader::refuse(std::string_view key, std::string_view why) {
    if (!failed()) {
        mistake_ = path_of(key) + ' ' + std::string(why);
    }
}

void MemberReader::adopt(const Result<void>& verdict) {
    if (!verdict && !failed()) {
        mistake_ = verdict.error().detail;
    }
}

Result<void> MemberReader::verdict() const {
    if (mistake_) {
        return fail(Code::malformed, *mistake_);
    }
    return {};
}

std::string MemberReader::path_of(std::string_view key) const {
    return path_ + std::string(key);
}

} // namespace muster::provisioning
