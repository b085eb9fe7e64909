#pragma once
// One connection from its TLS handshake to its end: moves bytes between a TLS stream and a
// Conversation, and keeps the time limits of both. Server and client side alike. Lives on the
// thread of its loop; only the Post it hands out may be used elsewhere.

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "net/loop.h"
#include "net/send_buffer.h"
#include "net/socket.h"
#include "net/tls_stream.h"
#include "session/conversation.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace muster::net {

class Link;

/// Whoever made a link. Both calls come on the link's thread.
class LinkOwner {
  public:
    /// TLS stands. Null closes the connection.
    virtual std::unique_ptr<session::Conversation> link_open(const session::Peer& peer,
                                                             Post post) = 0;

    /// The last call, exactly once. An Error if the link did not get as far as link_open().
    virtual void link_gone(Link& link, Result<void> outcome) = 0;

  protected:
    ~LinkOwner() = default;
};

struct LinkLimits {
    std::chrono::milliseconds handshake_time_max{15'000};
    std::chrono::milliseconds write_time_max{30'000}; // without a byte taken by the peer
    std::chrono::milliseconds close_time_max{2'000};  // for the peer to read the rest and close
    std::size_t output_bytes_max = 64 * 1024; // held here; what is beyond stays in the conversation
};

class Link final : public std::enable_shared_from_this<Link>, private Sleeper {
  public:
    struct Transport {
        Socket socket;
        TlsStream tls;
        std::string peer_address;
    };

    /// The loop and the owner must outlive the link's last call to its owner.
    Link(const std::shared_ptr<Loop>& loop, Transport transport, const LinkLimits& limits,
         LinkOwner& owner);
    ~Link() override;

    void begin();

    /// Lets the conversation finish; a link without one ends at once.
    void stop();

    /// Ends at once, in the middle of whatever it is.
    void abort();

  private:
    enum class Stage { handshake, open, closing, lingering, over };
    using Wait = boost::asio::posix::stream_descriptor::wait_type;

    // What happens to the link. Each runs under guard(): an exception ends this link only.
    template <class Action>
    void guard(Action&& action);
    void step();
    void run_task(Task& task);
    void wake(SteadyTime now) override;

    // Stages
    void shake_hands();
    void open();
    void pump();
    void close_in_order();
    void linger();
    void give_up(Code code, std::string detail);
    void lose(std::string_view reason);
    void end(Result<void> outcome);

    // The pump's parts
    void collect_output();
    Progress read_input();
    Progress write_output();
    [[nodiscard]] bool wants_input() const;
    void check_deadlines(SteadyTime now);
    void run_out_of_time();
    void set_alarm();

    // Readiness
    void wait_for(Progress progress);
    void wait(Wait what, bool& waiting);
    void step_later();
    [[nodiscard]] Post make_post();

    std::shared_ptr<Loop> loop_;
    TlsStream tls_;
    boost::asio::posix::stream_descriptor descriptor_;
    std::string peer_address_;
    LinkLimits limits_;
    LinkOwner* owner_;
    std::unique_ptr<session::Conversation> conversation_;
    SendBuffer output_;
    std::optional<SteadyTime> limit_; // of the handshake, the present write, or the closing
    Stage stage_ = Stage::handshake;
    bool awaiting_read_ = false;
    bool awaiting_write_ = false;
};

} // namespace muster::net
