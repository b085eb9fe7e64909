#include "provisioning/preconditions.h"

#include "base/text.h"

#include <string>

namespace muster::provisioning {

namespace {

using Kind = IfMatch::Kind;

std::unexpected<Error> missing(std::string_view what) {
    return fail(Code::not_found, std::string(what) + " not found");
}

std::unexpected<Error> stale() {
    return fail(Code::precondition, "the etag in If-Match is not the current one");
}

} // namespace

IfMatch IfMatch::from_header(std::string_view value) {
    std::string_view text = trim(value);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    if (text.empty()) {
        return {};
    }
    if (text == "*") {
        return {.kind = Kind::any, .etag = {}};
    }
    return {.kind = Kind::exactly, .etag = ETag(std::string(text))};
}

Result<Expected> permit_put(const ResourceStamp* stored, const IfMatch& if_match,
                            std::string_view what) {
    if (stored == nullptr) {
        switch (if_match.kind) {
        case Kind::absent: return Expected{0};
        case Kind::any: return missing(what);
        case Kind::exactly: return stale();
        }
    }
    if (if_match.kind == Kind::absent) {
        return fail(Code::already_exists, std::string(what) + " already exists");
    }
    if (if_match.kind == Kind::exactly && if_match.etag != stored->etag) {
        return stale();
    }
    return Expected{stored->version};
}

Result<Expected> permit_upsert(const ResourceStamp* stored, const IfMatch& if_match,
                               std::string_view what) {
    if (stored != nullptr && if_match.kind == Kind::absent) {
        return Expected{stored->version};
    }
    return permit_put(stored, if_match, what);
}

Result<Expected> permit_erase(const ResourceStamp* stored, const IfMatch& if_match,
                              std::string_view what) {
    if (stored == nullptr) {
        return missing(what);
    }
    if (if_match.kind == Kind::exactly && if_match.etag != stored->etag) {
        return stale();
    }
    return Expected{stored->version};
}

} // namespace muster::provisioning
