// wslay cuts and writes frames (its frame layer, which does no I/O and keeps no payload). What may
// follow what, and how it ends, is decided here. Binary payloads go to the inner conversation as
// they come, piece by piece: no message is ever assembled.

#include "session/websocket.h"

#include "base/check.h"
#include "base/text.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

namespace muster::session {

namespace {

// RFC 6455 7.4.1.
enum class CloseStatus : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    invalid_payload = 1007,
    message_too_big = 1009,
};

/// RFC 6455 7.4.2: the ranges a peer may send, without the reserved values.
bool may_be_sent(unsigned status) {
    const bool reserved = status == 1004 || status == 1005 || status == 1006;
    return (status >= 1000 && status <= 1014 && !reserved) || (status >= 3000 && status <= 4999);
}

std::string status_payload(unsigned status) {
    return {static_cast<char>(status >> 8U), static_cast<char>(status & 0xffU)};
}

struct FrameContextFree {
    void operator()(wslay_frame_context* context) const { wslay_frame_context_free(context); }
};

class WebSocket final : public Conversation {
  public:
    WebSocket(std::unique_ptr<Conversation> inner, const WebSocketLimits& limits);
    // wslay holds a pointer to this object.
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;

    void start(SteadyTime now) override;
    void feed(std::string_view bytes, SteadyTime now) override;
    void lost(SteadyTime now) override;
    void deadline(SteadyTime now) override;
    void stop(SteadyTime now) override;
    std::string take_output() override;
    [[nodiscard]] bool wants_close() const override;
    [[nodiscard]] bool wants_input() const override;
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override;

  private:
    /// open -> (we sent Close) closing -> over; a peer's Close or a violation goes straight to
    /// over.
    enum class Phase { open, closing, over };

    static ssize_t read_input(std::uint8_t* buffer, size_t size, int flags, void* self);
    static ssize_t write_output(const std::uint8_t* bytes, size_t size, int flags, void* self);

    void take_piece(const wslay_frame_iocb& piece, SteadyTime now);
    [[nodiscard]] std::optional<CloseStatus> refuse_frame(const wslay_frame_iocb& frame) const;
    void take_control_frame(std::uint8_t opcode, SteadyTime now);
    void take_close(SteadyTime now);
    void fail(CloseStatus status, SteadyTime now);
    void finish(SteadyTime now);
    void tell_inner_lost(SteadyTime now);
    void move_inner_output();
    void send(std::uint8_t opcode, std::string_view payload);
    void start_close_timer(SteadyTime now);

    std::unique_ptr<Conversation> inner_;
    WebSocketLimits limits_;
    std::unique_ptr<wslay_frame_context, FrameContextFree> frames_;
    Phase phase_ = Phase::open;
    bool inner_lost_ = false;
    bool stopping_ = false;
    std::string_view input_; // valid during feed() only
    std::string output_;
    std::uint64_t frame_bytes_ = 0; // taken of the frame under way
    bool in_message_ = false;       // a data message has begun and not ended
    std::string control_payload_;   // of the control frame under way, at most 125 bytes
    std::optional<SteadyTime> close_deadline_;
};

WebSocket::WebSocket(std::unique_ptr<Conversation> inner, const WebSocketLimits& limits)
    : inner_(std::move(inner)), limits_(limits) {
    wslay_frame_callbacks callbacks{};
    callbacks.recv_callback = &WebSocket::read_input;
    callbacks.send_callback = &WebSocket::write_output;
    wslay_frame_context* context = nullptr;
    CHECK(wslay_frame_context_init(&context, &callbacks, this) == 0);
    frames_.reset(context);
}

ssize_t WebSocket::read_input(std::uint8_t* buffer, size_t size, int, void* self) {
    std::string_view& input = static_cast<WebSocket*>(self)->input_;
    const std::size_t taken = std::min(size, input.size());
    if (taken == 0) {
        return -1; // wslay: would block
    }
    std::memcpy(buffer, input.data(), taken);
    input.remove_prefix(taken);
    return static_cast<ssize_t>(taken);
}

ssize_t WebSocket::write_output(const std::uint8_t* bytes, size_t size, int, void* self) {
    static_cast<WebSocket*>(self)->output_.append(reinterpret_cast<const char*>(bytes), size);
    return static_cast<ssize_t>(size);
}

void WebSocket::start(SteadyTime now) {
    inner_->start(now);
    move_inner_output();
}

void WebSocket::feed(std::string_view bytes, SteadyTime now) {
    start_close_timer(now);
    input_ = bytes;
    while (phase_ != Phase::over) {
        wslay_frame_iocb piece{};
        const ssize_t taken = wslay_frame_recv(frames_.get(), &piece);
        if (taken >= 0) {
            take_piece(piece, now);
        } else if (taken == WSLAY_ERR_WANT_READ) {
            break;
        } else { // a length in a longer form than needed, a fragmented or long control frame
            fail(CloseStatus::protocol_error, now);
        }
    }
    input_ = {};
    move_inner_output();
}

void WebSocket::take_piece(const wslay_frame_iocb& piece, SteadyTime now) {
    if (frame_bytes_ == 0) {
        if (const auto refused = refuse_frame(piece)) {
            return fail(*refused, now);
        }
    }
    const std::string_view payload(reinterpret_cast<const char*>(piece.data), piece.data_length);
    frame_bytes_ += piece.data_length;
    const bool frame_ends = frame_bytes_ == piece.payload_length;
    if (frame_ends) {
        frame_bytes_ = 0;
    }
    if (wslay_is_ctrl_frame(piece.opcode)) {
        control_payload_.append(payload);
        if (frame_ends) {
            take_control_frame(piece.opcode, now);
        }
        return;
    }
    in_message_ = !(frame_ends && piece.fin == 1);
    if (phase_ == Phase::open && !payload.empty()) {
        inner_->feed(payload, now);
        move_inner_output();
    }
}

std::optional<CloseStatus> WebSocket::refuse_frame(const wslay_frame_iocb& frame) const {
    // RFC 6455 5.1: a client masks every frame. 5.2: no extension, so no reserved bit.
    if (frame.mask == 0 || frame.rsv != 0) {
        return CloseStatus::protocol_error;
    }
    switch (frame.opcode) {
    case WSLAY_CONTINUATION_FRAME:
        if (!in_message_) {
            return CloseStatus::protocol_error;
        }
        break;
    case WSLAY_BINARY_FRAME:
        if (in_message_) { // 5.4: messages are not interleaved
            return CloseStatus::protocol_error;
        }
        break;
    case WSLAY_TEXT_FRAME:
        return in_message_ ? CloseStatus::protocol_error : CloseStatus::unsupported_data;
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG: return std::nullopt;
    default: return CloseStatus::protocol_error;
    }
    if (frame.payload_length > limits_.frame_bytes_max) {
        return CloseStatus::message_too_big;
    }
    return std::nullopt;
}

void WebSocket::take_control_frame(std::uint8_t opcode, SteadyTime now) {
    if (opcode == WSLAY_CONNECTION_CLOSE) {
        take_close(now);
    } else if (opcode == WSLAY_PING && phase_ == Phase::open) {
        send(WSLAY_PONG, control_payload_);
    }
    control_payload_.clear();
}

void WebSocket::take_close(SteadyTime now) {
    const std::string_view payload = control_payload_;
    if (payload.size() == 1) {
        return fail(CloseStatus::protocol_error, now);
    }
    if (payload.size() >= 2) {
        const auto high = static_cast<unsigned char>(payload[0]);
        const auto low = static_cast<unsigned char>(payload[1]);
        if (!may_be_sent(high * 256U + low)) {
            return fail(CloseStatus::protocol_error, now);
        }
        if (!is_valid_utf8(payload.substr(2))) { // RFC 6455 5.5.1, 8.1
            return fail(CloseStatus::invalid_payload, now);
        }
    }
    if (phase_ == Phase::open) {
        send(WSLAY_CONNECTION_CLOSE, payload.substr(0, 2)); // the status comes back, the text not
    }
    finish(now);
}

/// RFC 6455 7.1.7: say why, and close without waiting.
void WebSocket::fail(CloseStatus status, SteadyTime now) {
    if (phase_ == Phase::open) {
        move_inner_output();
    }
    if (phase_ == Phase::open) { // the inner one may just have closed
        send(WSLAY_CONNECTION_CLOSE, status_payload(static_cast<unsigned>(status)));
    }
    finish(now);
}

void WebSocket::finish(SteadyTime now) {
    phase_ = Phase::over;
    close_deadline_.reset();
    tell_inner_lost(now);
}

void WebSocket::tell_inner_lost(SteadyTime now) {
    if (!std::exchange(inner_lost_, true)) {
        inner_->lost(now);
    }
}

void WebSocket::lost(SteadyTime now) {
    finish(now);
}

void WebSocket::deadline(SteadyTime now) {
    start_close_timer(now);
    if (close_deadline_ && now >= *close_deadline_) {
        return finish(now);
    }
    if (phase_ == Phase::open) {
        if (const auto due = inner_->next_deadline(); due && now >= *due) {
            inner_->deadline(now);
        }
        move_inner_output();
    }
}

void WebSocket::stop(SteadyTime now) {
    stopping_ = true;
    start_close_timer(now);
    if (phase_ == Phase::open) {
        inner_->stop(now);
        move_inner_output();
    }
}

std::string WebSocket::take_output() {
    move_inner_output();
    return std::exchange(output_, {});
}

/// Once the inner conversation wants to close, so do we, after everything it said.
void WebSocket::move_inner_output() {
    if (phase_ != Phase::open) {
        return;
    }
    if (const std::string bytes = inner_->take_output(); !bytes.empty()) {
        send(WSLAY_BINARY_FRAME, bytes);
    }
    if (inner_->wants_close()) {
        const CloseStatus status = stopping_ ? CloseStatus::going_away : CloseStatus::normal;
        send(WSLAY_CONNECTION_CLOSE, status_payload(static_cast<unsigned>(status)));
        phase_ = Phase::closing;
    }
}

void WebSocket::send(std::uint8_t opcode, std::string_view payload) {
    wslay_frame_iocb frame{};
    frame.fin = 1;
    frame.opcode = opcode;
    frame.payload_length = payload.size();
    frame.data = reinterpret_cast<const std::uint8_t*>(payload.data());
    frame.data_length = payload.size();
    CHECK(wslay_frame_send(frames_.get(), &frame) == static_cast<ssize_t>(payload.size()));
}

/// The inner one may close in a posted task, where nobody says what time it is. The timer starts at
/// the next call that does, and next_deadline() asks for that call at once.
void WebSocket::start_close_timer(SteadyTime now) {
    if (phase_ == Phase::closing && !close_deadline_) {
        close_deadline_ = now + limits_.close_time_max;
    }
}

bool WebSocket::wants_close() const {
    return phase_ == Phase::over;
}

bool WebSocket::wants_input() const {
    return phase_ == Phase::closing || (phase_ == Phase::open && inner_->wants_input());
}

std::optional<SteadyTime> WebSocket::next_deadline() const {
    switch (phase_) {
    case Phase::open: return inner_->next_deadline();
    case Phase::closing: return close_deadline_.value_or(SteadyTime{});
    case Phase::over: break;
    }
    return std::nullopt;
}

} // namespace

std::unique_ptr<Conversation> make_websocket(std::unique_ptr<Conversation> inner,
                                             const WebSocketLimits& limits) {
    return std::make_unique<WebSocket>(std::move(inner), limits);
}

} // namespace muster::session
