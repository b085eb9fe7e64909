#include "app/commands/administering.h"

#include <algorithm>

namespace muster::app {

namespace {

constexpr std::size_t page_items_max = 1000;

std::unexpected<Error> strange_answer() {
    return fail(Code::internal, "the server answered with something else than a list");
}

} // namespace

Result<JsonObject> send_for_object(ApiClient& api, const ApiClient::Request& request) {
    auto answer = api.send_json(request);
    if (!answer) {
        return std::unexpected(answer.error());
    }
    if (!answer->is_object()) {
        return fail(Code::internal, "the server answered with something else than an object");
    }
    return std::move(answer->as_object());
}

Result<void> walk_list(ApiClient& api, ListToWalk list,
                       const std::function<Result<void>(const Json&)>& each) {
    const auto given = list.request.query;
    std::size_t left = list.items_max == 0 ? SIZE_MAX : list.items_max;
    std::string next = list.start;
    do {
        list.request.query = given;
        list.request.query.emplace_back("count", std::to_string(std::min(left, page_items_max)));
        if (!next.empty()) {
            list.request.query.emplace_back(list.cursor, next);
        }
        const auto page = send_for_object(api, list.request);
        if (!page) {
            return std::unexpected(page.error());
        }
        const auto* items = page->if_contains(list.member);
        if (items == nullptr || !items->is_array()) {
            return strange_answer();
        }
        for (const Json& item : items->as_array()) {
            if (auto taken = each(item); !taken) {
                return taken;
            }
        }
        left -= std::min(left, items->as_array().size());
        next = string_member(*page, "next").value_or("");
    } while (!next.empty() && left > 0);
    return {};
}

Result<JsonArray> read_list(ApiClient& api, ListToWalk list) {
    JsonArray items;
    auto walked = walk_list(api, std::move(list), [&](const Json& item) -> Result<void> {
        items.push_back(item);
        return {};
    });
    if (!walked) {
        return std::unexpected(walked.error());
    }
    return items;
}

} // namespace muster::app
