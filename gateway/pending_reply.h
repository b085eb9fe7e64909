#pragma once
// The one answer that a dispatched request is owed. Whoever does the work may refuse it (a full
// queue), throw, or forget: a reply that is dropped unsent still answers, so nobody waits for ever.

#include "base/result.h"
#include "session/http_session.h"

#include <functional>
#include <utility>

namespace muster::gateway {

class PendingReply {
  public:
    using Deliver = std::move_only_function<void(session::HttpResponse)>;
    using Refuse = std::move_only_function<session::HttpResponse(const Error&)>;

    PendingReply(Deliver deliver, Refuse refuse)
        : deliver_(std::move(deliver)), refuse_(std::move(refuse)) {}

    PendingReply(const PendingReply&) = delete;
    PendingReply& operator=(const PendingReply&) = delete;

    ~PendingReply() {
        if (deliver_) {
            send(refuse_(begun_ ? fail(Code::internal, {}, "the request was dropped").error()
                                : fail(Code::unavailable, "the server is busy").error()));
        }
    }

    /// From here on a dropped reply is a fault of ours, not overload.
    void begin() { begun_ = true; }

    void send(session::HttpResponse response) {
        std::exchange(deliver_, nullptr)(std::move(response));
    }

  private:
    Deliver deliver_;
    Refuse refuse_;
    bool begun_ = false;
};

} // namespace muster::gateway
