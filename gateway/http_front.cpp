// Port 443: HTTP requests one after the other, and the WebSocket upgrade that turns the connection
// into one of MQTT. Requests are read and answered here, on the connection's thread, and handled on
// a worker in between.

#include "base/random.h"
#include "gateway/destination.h"
#include "gateway/front.h"
#include "gateway/http_handler.h"
#include "gateway/pending_piece.h"
#include "gateway/pending_reply.h"
#include "gateway/problem.h"
#include "gateway/request_checks.h"
#include "session/websocket.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

using session::HttpFault;
using session::HttpRequest;
using session::HttpResponse;
using session::HttpUpgrade;

constexpr std::string_view edge = "https front";

/// What a refusal needs to know of a request; the rest may be large.
HttpExchange outline_of(const HttpExchange& exchange) {
    HttpExchange outline;
    outline.request.method = exchange.request.method;
    outline.request.target = exchange.request.target;
    outline.peer_address = exchange.peer_address;
    outline.tracking = exchange.tracking;
    return outline;
}

class HttpsFront final : public session::Conversation {
  public:
    HttpsFront(const Context& context, session::Peer peer, Post post)
        : context_(context), peer_(std::move(peer)), post_(std::move(post)),
          http_({}, &context.clock) {}

    void start(SteadyTime now) override { http_.start(now); }

    void feed(std::string_view bytes, SteadyTime now) override;
    void lost(SteadyTime now) override;
    void deadline(SteadyTime now) override;
    void stop(SteadyTime now) override;
    std::string take_output() override;
    [[nodiscard]] bool wants_close() const override;
    [[nodiscard]] bool wants_input() const override;
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override;

  private:
    void take_events();
    void take(HttpRequest request);
    void take(const HttpFault& fault);
    void take(HttpUpgrade upgrade);
    void submit(const Destination& destination, HttpExchange exchange);
    void upgrade(const session::WebSocketOffer& offer);
    void answer(const TrackingId& tracking, HttpResponse response);
    void ask_for_piece();
    void take_piece(std::optional<PendingPiece::Piece> piece);
    HttpExchange exchange_of(HttpRequest request);

    const Context& context_;
    session::Peer peer_;
    Post post_;
    session::HttpSession http_;
    std::unique_ptr<session::Conversation> websocket_; // after the upgrade
    std::shared_ptr<session::HttpBodySource> body_;    // of the answer that is being sent
    bool piece_asked_ = false;
    bool answering_ = false; // a worker has the request
    bool stopping_ = false;
};

void HttpsFront::feed(std::string_view bytes, SteadyTime now) {
    if (websocket_) {
        websocket_->feed(bytes, now);
        return;
    }
    http_.feed(bytes, now);
    take_events();
}

void HttpsFront::lost(SteadyTime now) {
    if (websocket_) {
        websocket_->lost(now);
    }
}

void HttpsFront::deadline(SteadyTime now) {
    if (websocket_) {
        websocket_->deadline(now);
        return;
    }
    http_.deadline(now);
    take_events();
}

void HttpsFront::stop(SteadyTime now) {
    stopping_ = true;
    if (websocket_) {
        websocket_->stop(now);
    }
    if (body_) {
        body_.reset();
        http_.end_body(now); // whoever reads a body without end can go on elsewhere
    }
}

/// Asked for when there is room, so this is what pulls the pieces of a body out of its source.
std::string HttpsFront::take_output() {
    auto output = http_.take_output(); // at the upgrade, the 101 before the first frame
    if (output.empty() && body_ && !piece_asked_) {
        ask_for_piece();
    }
    if (websocket_) {
        output += websocket_->take_output();
    }
    return output;
}

bool HttpsFront::wants_close() const {
    if (websocket_) {
        return websocket_->wants_close();
    }
    return http_.wants_close() || (stopping_ && !answering_);
}

bool HttpsFront::wants_input() const {
    return websocket_ ? websocket_->wants_input() : http_.wants_input();
}

std::optional<SteadyTime> HttpsFront::next_deadline() const {
    return websocket_ ? websocket_->next_deadline() : http_.next_deadline();
}

void HttpsFront::take_events() {
    while (auto event = http_.next_event()) {
        std::visit([this](auto&& what) { take(std::forward<decltype(what)>(what)); },
                   std::move(*event));
    }
}

HttpExchange HttpsFront::exchange_of(HttpRequest request) {
    HttpExchange exchange;
    exchange.host = normal_host(request.header("Host"));
    exchange.request = std::move(request);
    exchange.peer_certificates = peer_.certificates;
    exchange.peer_address = peer_.address;
    exchange.tracking = TrackingId(new_guid(context_.random));
    return exchange;
}

void HttpsFront::take(HttpRequest request) {
    auto exchange = exchange_of(std::move(request));
    auto target = parse_target(exchange.request.target);
    if (!target) {
        const auto by_host = find_destination(context_.sites, exchange.host, {});
        answer(exchange.tracking, refuse_at(context_, by_host, exchange, target.error()));
        return;
    }
    exchange.target = std::move(*target);
    const auto destination = find_destination(context_.sites, exchange.host, exchange.target);
    submit(destination, std::move(exchange));
}

void HttpsFront::submit(const Destination& destination, HttpExchange exchange) {
    answering_ = true;
    // Posted tasks run only while the connection, and so this object, is there.
    auto deliver = [this, post = post_, tracking = exchange.tracking](HttpResponse response) {
        post([this, tracking, response = std::move(response)]() mutable {
            answer(tracking, std::move(response));
            take_events(); // a pipelined request may have been waiting
        });
    };
    auto refuse_dropped = [&context = context_, destination,
                           outline = outline_of(exchange)](const Error& error) {
        return refuse_at(context, destination, outline, error);
    };
    auto reply = std::make_unique<PendingReply>(std::move(deliver), std::move(refuse_dropped));
    auto work = [&context = context_, destination, exchange = std::move(exchange),
                 reply = std::move(reply)]() mutable {
        reply->begin();
        auto respond = [reply = std::move(reply)](HttpResponse response) {
            reply->send(std::move(response));
        };
        dispatch(context, destination, std::move(exchange), std::move(respond));
    };
    // If the queue is full, the reply that is dropped with the work says so.
    static_cast<void>(context_.workers.submit(std::move(work)));
}

void HttpsFront::take(const HttpFault& fault) {
    const auto exchange = exchange_of({});
    answer(exchange.tracking,
           refuse(context_, exchange, edge,
                  HttpRefusal{.status = fault.status, .detail = fault.detail, .allow = {}}));
}

void HttpsFront::take(HttpUpgrade event) {
    const auto offer = session::read_websocket_offer(event.request, "mqtt");
    if (offer) {
        upgrade(*offer);
        return;
    }
    const auto exchange = exchange_of(std::move(event.request));
    auto response = refuse(context_, exchange, edge, offer.error(), Subject::request);
    response.headers.push_back({"Sec-WebSocket-Version", "13"}); // RFC 6455 4.4
    answer(exchange.tracking, std::move(response));
}

void HttpsFront::upgrade(const session::WebSocketOffer& offer) {
    const auto rest = http_.accept_upgrade({{"Sec-WebSocket-Accept", offer.accept_key},
                                            {"Sec-WebSocket-Protocol", offer.subprotocol}});
    const auto now = context_.clock.steady();
    websocket_ = session::make_websocket(make_mqtt_front(context_)(peer_, post_));
    peer_ = {}; // theirs now; a long chain need not be kept twice
    websocket_->start(now);
    if (!rest.empty()) {
        websocket_->feed(rest, now);
    }
    if (stopping_) {
        websocket_->stop(now);
    }
}

void HttpsFront::answer(const TrackingId& tracking, HttpResponse response) {
    constexpr std::string_view request_id = "x-ms-request-id";
    const auto is_there = std::ranges::any_of(
        response.headers, [&](const auto& header) { return header.name == request_id; });
    if (!is_there) {
        response.headers.push_back({std::string(request_id), tracking.text()});
    }
    response.close = response.close || stopping_;
    answering_ = false;
    const SteadyTime now = context_.clock.steady();
    if (!response.source) {
        http_.respond(response, now);
    } else if (http_.begin_body(response, now)) {
        stopping_ ? http_.end_body(now) : void(body_ = std::move(response.source));
    }
}

void HttpsFront::ask_for_piece() {
    piece_asked_ = true;
    body_->next(PendingPiece([this, post = post_](std::optional<PendingPiece::Piece> piece) {
        post([this, piece = std::move(piece)]() mutable { take_piece(std::move(piece)); });
    }));
}

void HttpsFront::take_piece(std::optional<PendingPiece::Piece> piece) {
    piece_asked_ = false;
    if (!body_) {
        return; // stopped
    }
    if (!piece) {
        body_.reset();
        http_.break_body();
        return;
    }
    if (!piece->bytes.empty()) {
        http_.put_body(piece->bytes);
    }
    if (piece->last) {
        body_.reset();
        http_.end_body(context_.clock.steady());
        take_events(); // a pipelined request may have been waiting
    }
}

} // namespace

session::ConversationFactory make_https_front(const Context& context) {
    return [&context](const session::Peer& peer, Post post) {
        return std::make_unique<HttpsFront>(context, peer, std::move(post));
    };
}

} // namespace muster::gateway
