#include "base/log.h"
#include "base/secret.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <new>
#include <ostream>
#include <type_traits>

namespace muster {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(Streamable<std::string>); // the test itself works
static_assert(!Streamable<Secret>);
static_assert(fmt::is_formattable<std::string>::value);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(!std::is_convertible_v<std::string, Secret>);

/// The bytes of an object that has ended, kept readable by placing it into a buffer of ours.
class Remains {
  public:
    explicit Remains(std::string bytes) : secret_(new(storage_) Secret(std::move(bytes))) {}

    Secret& secret() { return *secret_; }

    bool contain(std::string_view text) const {
        return std::string_view(reinterpret_cast<const char*>(storage_), sizeof storage_)
                   .find(text) != std::string_view::npos;
    }

    void end() { secret_->~Secret(); }

  private:
    alignas(Secret) unsigned char storage_[sizeof(Secret)] = {};
    Secret* secret_;
};

// Short enough to live inside the object, where the test may look afterwards.
constexpr std::string_view short_bytes = "open sesame";

TEST(Secret, IsWipedWhenItEnds) {
    Remains remains{std::string(short_bytes)};
    ASSERT_TRUE(remains.contain(short_bytes));
    remains.end();
    EXPECT_FALSE(remains.contain("sesame"));
}

TEST(Secret, IsWipedWhenMovedFrom) {
    Remains remains{std::string(short_bytes)};
    const Secret other = std::move(remains.secret());
    EXPECT_EQ(other.reveal(), short_bytes);
    EXPECT_FALSE(remains.contain("sesame"));
    EXPECT_TRUE(remains.secret().empty());
    remains.end();
}

TEST(Secret, IsWipedWhenOverwritten) {
    Remains remains{std::string(short_bytes)};
    remains.secret() = Secret("x");
    EXPECT_FALSE(remains.contain("sesame"));
    const Secret other("y");
    remains.secret() = Secret(std::string(short_bytes));
    remains.secret() = other;
    EXPECT_FALSE(remains.contain("sesame"));
    EXPECT_EQ(remains.secret().reveal(), "y");
    remains.end();
}

TEST(Secret, WipesTheStringItWasMadeFrom) {
    std::string bytes(short_bytes);
    const std::string_view left_behind(bytes.data(), bytes.size());
    const Secret secret(std::move(bytes));
    EXPECT_EQ(left_behind.find("sesame"), std::string_view::npos);
}

TEST(Secret, SurvivesAssignmentToItself) {
    Secret secret("0123456789abcdef0123456789abcdef");
    Secret& same = secret;
    secret = same;
    EXPECT_EQ(secret.reveal(), "0123456789abcdef0123456789abcdef");
    secret = std::move(same);
    EXPECT_EQ(secret.reveal(), "0123456789abcdef0123456789abcdef");
}

TEST(Secret, Compares) {
    EXPECT_EQ(Secret("abc"), Secret("abc"));
    EXPECT_FALSE(Secret("abc") == Secret("abd"));
    EXPECT_FALSE(Secret("abc") == Secret("ab"));
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_FALSE(equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
    EXPECT_FALSE(equal_in_constant_time("\x80", std::string_view("\0", 1)));
}

} // namespace
} // namespace muster
