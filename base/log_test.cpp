#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <type_traits>

namespace muster {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

static_assert(!std::is_constructible_v<log::Field, std::string_view, Secret>);

class LogTest : public testing::Test {
  protected:
    void TearDown() override {
        log::start(log::Level::warning);
        std::filesystem::remove(file_);
    }

    std::string written() { return read_file(file_, 64 * 1024).value_or("no file"); }

    std::string file_ = testing::TempDir() + "log_test." + std::to_string(::getpid());
};

TEST_F(LogTest, OneLineWithFields) {
    log::start(log::Level::info, file_);
    log::info("registration refused", {{"tracking", "f40da7ba"}, {"code", "unauthenticated"}});
    EXPECT_THAT(
        written(),
        MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z "
                     "info  registration refused tracking=f40da7ba code=unauthenticated\n"));
}

TEST_F(LogTest, LeavesOutWhatIsBelowTheLevel) {
    log::start(log::Level::warning, file_);
    log::debug("one");
    log::info("two");
    log::warning("three");
    log::error("four");
    EXPECT_THAT(written(), Not(HasSubstr("two")));
    EXPECT_THAT(written(), HasSubstr("three"));
    EXPECT_THAT(written(), HasSubstr("four"));
}

TEST_F(LogTest, ValuesCannotForgeLinesOrFields) {
    log::start(log::Level::info, file_);
    log::info("m", {{"a", "x\n2030-01-02 forged"},
                    {"b", "1 c=2"},
                    {"d", "\x1B[2J\xC3\xA4"},
                    {"e", ""},
                    {"f", "\"\\"}});
    EXPECT_THAT(written(), EndsWith(R"(m a="x\x0a2030-01-02 forged" b="1 c=2" d="\x1b[2J\xc3\xa4")"
                                    R"( e="" f="\"\\")"
                                    "\n"));
}

TEST_F(LogTest, OffWritesNothing) {
    log::start(log::Level::off, file_);
    log::error("anything");
    EXPECT_EQ(written(), "");
}

} // namespace
} // namespace muster
