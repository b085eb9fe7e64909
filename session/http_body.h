#pragma once
// A body that is made while it is sent, for answers that have no end yet. Pulled: whoever sends it
// asks for the next piece when there is room for one, so a peer that reads slowly slows its source
// down, and memory holds a piece or two.

#include <functional>
#include <string>

namespace muster::session {

class HttpBodySource {
  public:
    struct Piece {
        std::string bytes; // not empty, unless it is the last
        bool last = false;
    };

    using Deliver = std::move_only_function<void(Piece)>;

    /// The peer has gone, the server stops, or all is sent.
    virtual ~HttpBodySource() = default;

    /// Must not wait. Delivers one piece, at once or later, from any thread; one that is dropped
    /// undelivered breaks the body off. Not called again before that, nor after the last piece.
    virtual void next(Deliver deliver) = 0;
};

} // namespace muster::session
