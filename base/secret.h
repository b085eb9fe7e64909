#pragma once
// Bytes that must never be printed. There is no operator<<, no formatter and no conversion to
// text; whoever needs the bytes says reveal(), which is easy to search for. Memory is wiped.

#include <string>
#include <string_view>
#include <utility>

namespace muster {

class Secret {
  public:
    Secret() = default;

    /// Leaves nothing in `bytes`.
    explicit Secret(std::string&& bytes);

    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(const Secret& other);
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    [[nodiscard]] std::string_view reveal() const { return bytes_; }

    [[nodiscard]] bool empty() const { return bytes_.empty(); }

    /// In constant time for equal lengths.
    friend bool operator==(const Secret& left, const Secret& right);

  private:
    void wipe() noexcept;

    std::string bytes_;
};

/// Compares in time that depends on the lengths only.
bool equal_in_constant_time(std::string_view left, std::string_view right);

} // namespace muster
