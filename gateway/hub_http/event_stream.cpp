#include "gateway/hub_http/event_stream.h"

#include "gateway/hub_http/event_documents.h"

#include <chrono>
#include <string>
#include <utility>

namespace muster::gateway {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds heartbeat = 15s;
constexpr milliseconds busy_delay = 500ms;
// What a client waits before it connects again, in milliseconds.
constexpr std::string_view opening = "retry: 2000\n\n";
constexpr hub::EventPageBounds piece_bounds{.count_max = 200, .bytes_max = std::size_t{128} * 1024};

/// Of next() and the steps that follow from it, one at a time runs; whatever runs later holds no
/// more than a weak reference, so the stream goes when its connection does.
class EventStream final : public session::HttpBodySource,
                          public std::enable_shared_from_this<EventStream> {
  public:
    EventStream(HubCallPtr call, hub::EventLog::StreamSlot slot, hub::EventFilter filter,
                std::int64_t position)
        : call_(std::move(call)), slot_(std::move(slot)), filter_(std::move(filter)),
          position_(position), sent_at_(call_->context().clock.steady()) {}

    void next(Deliver deliver) override {
        deliver_ = std::move(deliver);
        if (!std::exchange(opened_, true)) {
            return send(std::string(opening));
        }
        look_soon();
    }

  private:
    void look_soon();
    void look();
    void take(const hub::EventPage& page);
    void wait();
    void send(std::string text, bool last = false);

    /// A task for later that does nothing once the stream is gone.
    template <class Step>
    auto later(Step step) {
        return [weak = weak_from_this(), step] {
            if (const auto self = weak.lock()) {
                ((*self).*step)();
            }
        };
    }

    HubCallPtr call_;
    hub::EventLog::StreamSlot slot_;
    hub::EventFilter filter_;
    std::int64_t position_;
    SteadyTime sent_at_;
    bool opened_ = false;
    Deliver deliver_;
};

void EventStream::look_soon() {
    if (!call_->workers().submit(later(&EventStream::look))) {
        // Overload: a reader can wait, those who write cannot.
        call_->context().timers.after(busy_delay, later(&EventStream::look_soon));
    }
}

void EventStream::look() {
    if (const auto allowed = call_->allow(hub::Right::service_connect); !allowed) {
        return send(end_frame("the right to read has ended"), true);
    }
    const auto page = hub::read_page(call_->hub().events(), filter_, position_, piece_bounds);
    if (!page) {
        return send(end_frame("the events cannot be read now"), true);
    }
    take(*page);
}

void EventStream::take(const hub::EventPage& page) {
    std::string text;
    if (page.lost > 0) {
        text = lost_frame(page.lost, page.log.first);
    }
    for (const hub::Event& event : page.events) {
        text += event_frame(event);
    }
    position_ = page.position;
    const bool caught_up = position_ >= page.log.last;
    if (!text.empty()) {
        send(std::move(text));
    } else if (call_->context().clock.steady() - sent_at_ >= heartbeat) {
        send(heartbeat_frame(position_));
    } else if (caught_up) {
        wait();
    } else {
        look_soon(); // nothing that is wanted so far
    }
}

void EventStream::wait() {
    const auto since = call_->context().clock.steady() - sent_at_;
    const auto left = std::chrono::ceil<milliseconds>(heartbeat - since);
    call_->hub().events().when_appended(position_, left, later(&EventStream::look_soon));
}

void EventStream::send(std::string text, bool last) {
    sent_at_ = call_->context().clock.steady();
    std::exchange(deliver_, nullptr)({.bytes = std::move(text), .last = last});
}

} // namespace

void stream_events(const HubCallPtr& call, const EventRequest& request) {
    hub::EventLog& log = call->hub().events();
    auto slot = log.take_stream_slot();
    if (!slot) {
        return call->refuse(slot.error());
    }
    const auto extent = log.extent();
    if (!extent) {
        return call->refuse(extent.error());
    }
    session::HttpResponse response{.status = 200,
                                   .headers = {{"Content-Type", "text/event-stream"},
                                               {"Cache-Control", "no-store"},
                                               {"X-Accel-Buffering", "no"}}};
    response.headers.push_back({"muster-first-sequence", std::to_string(extent->first)});
    response.headers.push_back({"muster-last-sequence", std::to_string(extent->last)});
    response.source = std::make_shared<EventStream>(call, std::move(*slot), request.filter,
                                                    request.after.value_or(extent->last));
    call->answer(std::move(response));
}

} // namespace muster::gateway
