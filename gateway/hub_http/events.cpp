// Reading a hub's event log; our own way, beside the Event-Hubs-compatible endpoint (iothub B.15):
//
//   GET /messages/events?after={sequence}&max={1..1000}&wait={seconds, 0..30}
//       &partition={n}&source={word},{word}&consumer={name}
//   -> 200 [{"sequence":..,"deviceId":..,"enqueuedTime":..,"properties":{..},"body":..}, ..]
//
// starts at the consumer's stored position if there is no `after`; without either it answers with
// nothing but positions. Every answer has the headers `muster-first-sequence` and
// `muster-last-sequence` (what the log holds), `muster-position` (where to read on) and, if
// retention took something that was not read, `muster-lost`. A page may be shorter than asked for.
// With `stream` the answer has no end: see event_stream.h. What is read moves no stored position:
// see event_consumers.cpp.

#include "gateway/hub_http/event_consumers.h"
#include "gateway/hub_http/event_documents.h"
#include "gateway/hub_http/event_request.h"
#include "gateway/hub_http/event_stream.h"
#include "gateway/hub_http/routes.h"
#include "gateway/problem.h"

#include <chrono>
#include <utility>

namespace muster::gateway {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t page_bytes_max = std::size_t{4} * 1024 * 1024;

/// A reader who waits for the first event that it wants, until its time is up.
class EventPoll : public std::enable_shared_from_this<EventPoll> {
  public:
    EventPoll(HubCallPtr call, EventRequest request)
        : call_(std::move(call)), request_(std::move(request)),
          until_(call_->context().clock.steady() + request_.wait) {}

    /// On a worker.
    void look();

  private:
    void wait(milliseconds left);
    void answer(const hub::EventPage& page);

    HubCallPtr call_;
    EventRequest request_;
    SteadyTime until_;
};

void EventPoll::look() {
    hub::EventLog& log = call_->hub().events();
    if (!request_.after) {
        const auto extent = log.extent();
        return extent ? answer({.events = {}, .position = extent->last, .log = *extent})
                      : call_->refuse(extent.error());
    }
    const auto page =
        hub::read_page(log, request_.filter, *request_.after,
                       {.count_max = request_.count_max, .bytes_max = page_bytes_max});
    if (!page) {
        return call_->refuse(page.error());
    }
    const auto left = std::chrono::ceil<milliseconds>(until_ - call_->context().clock.steady());
    const bool caught_up = page->position >= page->log.last;
    if (!page->events.empty() || page->lost > 0 || !caught_up || left <= milliseconds(0)) {
        return answer(*page);
    }
    request_.after = page->position;
    wait(left);
}

void EventPoll::wait(milliseconds left) {
    call_->hub().events().when_appended(*request_.after, left, [self = shared_from_this()] {
        // Whoever wakes us must not wait for storage.
        if (!self->call_->workers().submit([self] { self->look(); })) {
            self->call_->refuse({.code = Code::unavailable, .detail = "the server is busy"});
        }
    });
}

void EventPoll::answer(const hub::EventPage& page) {
    JsonArray documents;
    for (const hub::Event& event : page.events) {
        documents.push_back(to_document(event));
    }
    auto response = json_response(200, to_text(Json(std::move(documents))));
    const auto add = [&](std::string_view name, std::int64_t value) {
        response.headers.push_back({std::string(name), std::to_string(value)});
    };
    add("muster-first-sequence", page.log.first);
    add("muster-last-sequence", page.log.last);
    add("muster-position", page.position);
    if (page.lost > 0) {
        add("muster-lost", page.lost);
    }
    call_->answer(std::move(response));
}

void read_events(const HubCallPtr& call) {
    if (!call->method_is("GET")) {
        return call->refuse_method("GET");
    }
    if (auto allowed = call->allow(hub::Right::service_connect); !allowed) {
        return call->refuse(allowed.error());
    }
    const auto request = event_request_from(*call);
    if (!request) {
        return call->refuse(request.error());
    }
    if (wants_stream(*call)) {
        return stream_events(call, *request);
    }
    std::make_shared<EventPoll>(call, *request)->look();
}

} // namespace

bool serve_events(const HubCallPtr& call) {
    const std::size_t segments = call->target().segments.size();
    if (segments < 2 || segments > 4 || !call->segment_is(0, "messages") ||
        !call->segment_is(1, "events")) {
        return false;
    }
    if (segments == 2) {
        read_events(call);
        return true;
    }
    if (!call->segment_is(2, "consumers")) {
        return false;
    }
    serve_event_consumers(*call);
    return true;
}

} // namespace muster::gateway
