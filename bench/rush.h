#pragma once
// Many outgoing conversations, a bounded number at a time, each on a new TLS connection.

#include "base/result.h"
#include "net/dialer.h"
#include "session/conversation.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

namespace muster::bench {

/// To be called once by the conversation when it has what it came for, or an Error.
using Done = std::function<void(Result<void>)>;

struct Errand {
    net::Destination destination;
    std::shared_ptr<const net::ClientTls> tls;
    std::function<std::unique_ptr<session::Conversation>(Done)> make;
};

/// When the next one is let go.
enum class Until {
    closed, // the one before is done and its connection closed
    done,   // the one before is done; connections stay open
};

struct RushResult {
    std::size_t succeeded = 0;
    std::chrono::duration<double> elapsed{0};
    std::string first_failure; // empty if all succeeded

    [[nodiscard]] double per_second() const {
        return static_cast<double>(succeeded) / elapsed.count();
    }
};

class Rush {
  public:
    Rush(net::Dialer& dialer, std::size_t concurrency, Until until);

    /// Returns when each has come to the point that `until` names. With Until::done this object
    /// must outlive the connections: stop the dialer first.
    RushResult run(std::span<const Errand> errands);

  private:
    struct Course; // of one errand

    void begin(const Errand& errand);
    void note(Course& course, const Result<void>& result);
    void release(Course& course);

    net::Dialer& dialer_;
    const std::size_t concurrency_;
    const Until until_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t in_flight_ = 0;
    RushResult result_;
};

} // namespace muster::bench
