#pragma once
// Paging of the service API's queries (reference: dps-service 5.2). A page is asked for with a size
// and with the token of the page before. The token names the last item shown, so it holds across
// connections, restarts and changes, and with any query text. It is good for one collection of one
// instance only:
//
//     base64( 16 hex digits of SHA-256(scope LF collection LF id of the last item) "." that id )
//
// It gives its holder nothing that the query itself would not; what the digest keeps out are
// mistakes: tokens of another tenant or collection, of another service, and altered ones.

#include "base/ids.h"
#include "base/result.h"
#include "session/http_session.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace muster::gateway {

inline constexpr std::size_t page_items_max = 100; // also the size when none is asked for

struct PageRequest {
    std::string after; // folded id of the last item shown, empty at the start
    std::size_t items_max = page_items_max;
};

/// What is walked through: "enrollments", "registrations/group-1".
struct PagedCollection {
    IdScope scope;
    std::string name;
};

/// From x-ms-max-item-count, where a larger number is a wish (never refused), and
/// x-ms-continuation. Error: malformed.
Result<PageRequest> read_page_request(const session::HttpRequest& request,
                                      const PagedCollection& collection);

std::string continuation_after(std::string_view folded_id, const PagedCollection& collection);

/// Cuts off what was fetched beyond the page only to learn whether there is more; the token of the
/// next page, empty if this is the last.
template <class Item>
std::string cut_page(std::vector<Item>& items, const PageRequest& page,
                     const PagedCollection& collection) {
    if (items.size() <= page.items_max) {
        return {};
    }
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(page.items_max), items.end());
    return continuation_after(items.back().id.folded(), collection);
}

} // namespace muster::gateway
