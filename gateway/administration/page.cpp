#include "gateway/administration/page.h"

#include "base/text.h"
#include "gateway/problem.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace muster::gateway {

ListPage::ListPage(std::string_view member, std::size_t items_max)
    : items_max_(items_max), text_("{\"" + std::string(member) + "\":[") {}

bool ListPage::add(const JsonObject& item, std::string cursor) {
    if (items_ == items_max_ || text_.size() >= list_bytes_max) {
        is_cut_ = true;
        return false;
    }
    if (items_ > 0) {
        text_ += ',';
    }
    text_ += to_text(item);
    cursor_ = std::move(cursor);
    ++items_;
    return true;
}

std::size_t ListPage::rows_wanted() const {
    return std::min(items_max_ - items_ + 1, list_rows_read_max);
}

session::HttpResponse ListPage::finish() && {
    text_ += ']';
    if (is_cut_) {
        text_ += ",\"next\":" + to_text(Json(cursor_));
    }
    text_ += '}';
    return json_response(200, std::move(text_));
}

Result<std::size_t> read_count(const AdminCall& call) {
    const auto text = call.parameter("count");
    if (text.empty()) {
        return list_items_default;
    }
    const auto count = parse_decimal(text);
    if (!count || *count == 0 || *count > list_items_max) {
        return fail(Code::malformed, "count must be a number from 1 to 1000");
    }
    return static_cast<std::size_t>(*count);
}

Result<std::int64_t> read_sequence(const AdminCall& call, std::string_view parameter) {
    const auto text = call.parameter(parameter);
    if (text.empty()) {
        return 0;
    }
    const auto number = parse_decimal(text);
    if (!number ||
        *number > static_cast<unsigned long long>(std::numeric_limits<std::int64_t>::max())) {
        return fail(Code::malformed, std::string(parameter) + " is not a cursor of this list");
    }
    return static_cast<std::int64_t>(*number);
}

} // namespace muster::gateway
