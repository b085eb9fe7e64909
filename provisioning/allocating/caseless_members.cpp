#include "provisioning/allocating/caseless_members.h"

#include "base/text.h"

namespace muster::provisioning {

const Json* CaselessMembers::find(std::string_view name) {
    const Json* found = nullptr;
    for (const auto& [key, value] : object_) {
        if (!equal_ignoring_case(key, name)) {
            continue;
        }
        if (found != nullptr) {
            refuse(path_ + std::string(name) + " is there twice");
        }
        found = &value;
    }
    return failed() || found == nullptr || found->is_null() ? nullptr : found;
}

const JsonObject* CaselessMembers::object(std::string_view name) {
    const Json* found = find(name);
    if (found == nullptr) {
        return nullptr;
    }
    if (!found->is_object()) {
        refuse(path_ + std::string(name) + " must be an object");
        return nullptr;
    }
    return &found->get_object();
}

void CaselessMembers::refuse(std::string_view why) {
    if (!failed()) {
        mistake_ = why;
    }
}

Result<void> CaselessMembers::verdict() const {
    if (mistake_) {
        return fail(Code::malformed, *mistake_);
    }
    return {};
}

} // namespace muster::provisioning
