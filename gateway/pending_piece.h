#pragma once
// The one piece that the source of a body owes whoever asked (session/http_body.h). One that is
// dropped undelivered, by a full queue or an exception, is delivered as nothing: the body is broken
// off, and the peer learns of it.

#include "session/http_body.h"

#include <functional>
#include <optional>
#include <utility>

namespace muster::gateway {

class PendingPiece {
  public:
    using Piece = session::HttpBodySource::Piece;
    using Deliver = std::move_only_function<void(std::optional<Piece>)>;

    explicit PendingPiece(Deliver deliver) : deliver_(std::move(deliver)) {}

    PendingPiece(PendingPiece&& other) noexcept
        : deliver_(std::exchange(other.deliver_, nullptr)) {}

    PendingPiece& operator=(PendingPiece&&) = delete;

    ~PendingPiece() {
        if (deliver_) {
            deliver_(std::nullopt);
        }
    }

    void operator()(Piece piece) { std::exchange(deliver_, nullptr)(std::move(piece)); }

  private:
    Deliver deliver_;
};

} // namespace muster::gateway
