#include "provisioning/stamps.h"

#include "base/encoding.h"

#include <algorithm>

namespace muster::provisioning {

ETag new_etag(Random& random) {
    return ETag(base64_encode('"' + new_guid(random) + '"'));
}

Mark new_mark(const Clock& clock, Random& random) {
    return {.now = clock.wall(), .etag = new_etag(random)};
}

ResourceStamp first_stamp(const Mark& mark) {
    return {.version = 1, .etag = mark.etag, .created = mark.now, .updated = mark.now};
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
