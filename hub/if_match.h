#pragma once
// If-Match of the service API (iothub B.1).

#include "base/ids.h"

#include <cstdint>
#include <string_view>

namespace muster::hub {

struct IfMatch {
    enum class Kind : std::uint8_t { absent, any, exactly };
    Kind kind = Kind::absent;
    ETag etag;

    /// `*`, `"*"`, `E`, `"E"`, `W/"E"`.
    static IfMatch from_header(std::string_view value);

    /// Does a change of the resource that has this etag now have the caller's consent?
    [[nodiscard]] bool permits(const ETag& current) const {
        return kind != Kind::exactly || etag == current;
    }
};

} // namespace muster::hub
