#pragma once
// A page of a list: bounded in items and in bytes, written out as it grows. Each item comes with
// the cursor from which a caller goes on after it; the last item's is the answer's "next", if more
// items follow.

#include "base/json.h"
#include "gateway/administration/call.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster::gateway {

inline constexpr std::size_t list_items_default = 100;
inline constexpr std::size_t list_items_max = 1000;
/// A page ends with the item that reaches it. Items are a few hundred KiB at most.
inline constexpr std::size_t list_bytes_max = 4 * 1024 * 1024;
/// How many rows are read from a store at a time: what is read beyond the page is thrown away.
inline constexpr std::size_t list_rows_read_max = 100;

class ListPage {
  public:
    /// `member` is what the list is called in the answer.
    ListPage(std::string_view member, std::size_t items_max);

    /// False, and the item is not taken, if the page is full: the next one begins with it.
    bool add(const JsonObject& item, std::string cursor);

    /// How many rows to read next: one more than still fit, in order to learn of a next page.
    [[nodiscard]] std::size_t rows_wanted() const;

    [[nodiscard]] session::HttpResponse finish() &&;

  private:
    std::size_t items_max_;
    std::size_t items_ = 0;
    bool is_cut_ = false;
    std::string text_;
    std::string cursor_; // of the last item taken
};

/// `?count=`. Error: malformed.
Result<std::size_t> read_count(const AdminCall& call);

/// A cursor that is a sequence number; 0 if it is not given. Error: malformed.
Result<std::int64_t> read_sequence(const AdminCall& call, std::string_view parameter);

} // namespace muster::gateway
