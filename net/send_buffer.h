#pragma once
// Bytes on their way into a socket that takes them in parts.

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::net {

class SendBuffer {
  public:
    /// Behind what is left. Forgets what was taken: a peer that is always a little behind must not
    /// make us keep everything it ever got. An empty buffer takes over `more` and holds no other
    /// memory.
    void append(std::string more);

    /// What is to be sent.
    [[nodiscard]] std::string_view rest() const { return std::string_view(bytes_).substr(taken_); }

    /// So many bytes of the rest are sent.
    void take(std::size_t count) { taken_ += count; }

    [[nodiscard]] bool empty() const { return taken_ == bytes_.size(); }

    [[nodiscard]] std::size_t size() const { return bytes_.size() - taken_; }

    /// The memory in use.
    [[nodiscard]] std::size_t capacity() const { return bytes_.capacity(); }

  private:
    std::string bytes_;
    std::size_t taken_ = 0;
};

} // namespace muster::net
