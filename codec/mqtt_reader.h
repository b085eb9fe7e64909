#pragma once
// The only door to the bytes of a packet body. Failure is sticky: after the first broken rule every
// read gives nothing, so that a decoder reads straight on and asks once, at the end.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster::mqtt {

class PacketReader {
  public:
    explicit PacketReader(std::string_view body) : rest_(body) {}

    std::uint8_t byte();
    std::uint16_t number();

    /// Binary data with its two-byte length in front.
    std::string binary();

    /// The same, and well-formed UTF-8 without U+0000 (1.5.3).
    std::string text();

    /// All that is left.
    std::string remainder();

    /// Notes a broken rule; the first one is kept. `rule` must outlive the reader (a literal).
    void require(bool condition, std::string_view rule);

    /// True after a failure too: loops end.
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    /// Empty if none.
    [[nodiscard]] std::string_view broken_rule() const { return broken_rule_; }

  private:
    std::string_view take(std::size_t count);

    std::string_view rest_;
    std::string_view broken_rule_;
};

} // namespace muster::mqtt
