// Our own way of reading telemetry until the event log has its endpoints:
//
//   GET /messages/events?after={sequence}&max={1..1000}&wait={seconds, 0..30}
//   -> 200 [{"sequence":..,"deviceId":..,"enqueuedTime":..,"properties":{..},"body":..}, ..]
//
// without `after` it answers with nothing but the position of the newest message, in the header
// `muster-last-sequence`, which every answer carries. A page may be shorter than asked for.

#include "base/encoding.h"
#include "base/text.h"
#include "gateway/hub_http/routes.h"
#include "gateway/problem.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

constexpr unsigned long long page_max = 1000;
constexpr unsigned long long wait_seconds_max = 30;
// Messages may be large: a page is read in pieces and ends with the piece that makes it this long.
constexpr std::size_t page_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t piece_max = 50;

/// Messages behind a position.
struct Page {
    std::int64_t after = 0;
    std::size_t count_max = 0;
};

struct Reading {
    Page page;
    std::chrono::seconds wait{0};
};

Result<Reading> reading_from(const HubCall& call) {
    const auto after = call.number({.name = "after", .max = INT64_MAX});
    const auto count = call.number({.name = "max", .max = page_max});
    const auto wait = call.number({.name = "wait", .max = wait_seconds_max});
    for (const auto* number : {&after, &count, &wait}) {
        if (!*number) {
            return std::unexpected(number->error());
        }
    }
    if (!*after) {
        return Reading{};
    }
    const auto count_max = std::max<unsigned long long>(count->value_or(page_max), 1);
    return Reading{.page = {.after = static_cast<std::int64_t>(**after),
                            .count_max = static_cast<std::size_t>(count_max)},
                   .wait = std::chrono::seconds(wait->value_or(0))};
}

JsonObject to_document(const hub::Message& message) {
    JsonObject properties;
    for (const auto& [name, value] : message.properties) {
        properties[name] = value;
    }
    JsonObject document{{"sequence", message.sequence},
                        {"deviceId", message.device.text()},
                        {"enqueuedTime", format_time(message.enqueued)},
                        {"properties", std::move(properties)}};
    // A body is bytes; JSON can carry it as text only if it is text.
    if (is_valid_utf8(message.body)) {
        document["body"] = message.body;
    } else {
        document["bodyBase64"] = base64_encode(message.body);
    }
    return document;
}

Result<JsonArray> read_page(hub::Service& hub, Page page) {
    JsonArray documents;
    std::size_t bytes = 0;
    while (documents.size() < page.count_max && bytes < page_bytes_max) {
        const auto wanted = std::min(piece_max, page.count_max - documents.size());
        const auto piece = hub.read_telemetry(page.after, wanted);
        if (!piece) {
            return std::unexpected(piece.error());
        }
        for (const hub::Message& message : *piece) {
            bytes += message.body.size();
            documents.push_back(to_document(message));
        }
        if (piece->size() < wanted) {
            break;
        }
        page.after = piece->back().sequence;
    }
    return documents;
}

void answer_page(HubCall& call, const Page& page) {
    const auto last = call.hub().last_telemetry();
    if (!last) {
        return call.refuse(last.error());
    }
    const auto documents = read_page(call.hub(), page);
    if (!documents) {
        return call.refuse(documents.error());
    }
    auto response = json_response(200, to_text(Json(*documents)));
    response.headers.push_back({"muster-last-sequence", std::to_string(*last)});
    call.answer(std::move(response));
}

void read_telemetry(const HubCallPtr& call) {
    if (!call->method_is("GET")) {
        return call->refuse_method("GET");
    }
    if (auto allowed = call->allow(hub::Right::service_connect); !allowed) {
        return call->refuse(allowed.error());
    }
    const auto reading = reading_from(*call);
    if (!reading) {
        return call->refuse(reading.error());
    }
    if (reading->wait == std::chrono::seconds(0)) {
        return answer_page(*call, reading->page);
    }
    call->hub().when_telemetry(reading->page.after, reading->wait, [call, page = reading->page] {
        // Whoever wakes us must not wait for storage.
        const bool queued = call->workers().submit([call, page] { answer_page(*call, page); });
        if (!queued) {
            call->refuse({.code = Code::unavailable, .detail = "the server is busy"});
        }
    });
}

} // namespace

bool serve_telemetry(const HubCallPtr& call) {
    if (!call->is(2, "messages") || !call->segment_is(1, "events")) {
        return false;
    }
    read_telemetry(call);
    return true;
}

} // namespace muster::gateway
