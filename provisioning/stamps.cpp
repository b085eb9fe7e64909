#include "provisioning/stamps.h"

#include "base/encoding.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

/// Where the versions of something made now begin. Were it always 1, whoever still works on what
/// was deleted under the same id could write over what was made there since.
std::int64_t first_version(WallTime now) {
    return std::max<std::int64_t>(now.time_since_epoch().count(), 1);
}

} // namespace

ETag new_etag(Random& random) {
    return ETag(base64_encode('"' + new_guid(random) + '"'));
}

Mark new_mark(const Clock& clock, Random& random) {
    return {.now = clock.wall(), .etag = new_etag(random)};
}

OperationId new_operation(Random& random) {
    return OperationId("5." + hex_encode_lower(random.bytes(8)) + '.' + new_guid(random));
}

MoveToken new_move_token(Random& random) {
    return MoveToken(hex_encode_lower(random.bytes(8)));
}

ResourceStamp first_stamp(const Mark& mark) {
    return {
        .version = first_version(mark.now),
        .etag = mark.etag,
        .created = mark.now,
        .updated = mark.now,
    };
}

ResourceStamp next_stamp(const ResourceStamp& previous, const Mark& mark) {
    return {
        .version = previous.version + 1,
        .etag = mark.etag,
        .created = previous.created,
        .updated = std::max(previous.updated, mark.now),
    };
}

} // namespace muster::provisioning
