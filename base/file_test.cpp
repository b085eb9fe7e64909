#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <utility>

namespace muster {
namespace {

using testing::HasSubstr;

class FileTest : public testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    unsigned mode_of(const std::filesystem::path& path) {
        struct stat status{};
        return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
    }

    long files_in_folder() {
        return std::distance(std::filesystem::directory_iterator(folder_), {});
    }

    std::filesystem::path folder_ = testing::TempDir() + "file_test." + std::to_string(::getpid());
    std::filesystem::path path_ = folder_ / "data";
};

TEST_F(FileTest, ReadsWhatWasWritten) {
    std::string content(100'000, 'x');
    content[50'000] = '\0';
    ASSERT_TRUE(write_file_atomically(path_, content, 0600).has_value());
    EXPECT_EQ(read_file(path_, content.size()), content);
    EXPECT_EQ(mode_of(path_), 0600U);
}

TEST_F(FileTest, ReplacesAndLeavesNothingBeside) {
    ASSERT_TRUE(write_file_atomically(path_, "old and long", 0600).has_value());
    ASSERT_TRUE(write_file_atomically(path_, "new", 0644).has_value());
    EXPECT_EQ(read_file(path_, 100), "new");
    EXPECT_EQ(mode_of(path_), 0644U);
    EXPECT_EQ(files_in_folder(), 1);
}

TEST_F(FileTest, AFailedWriteLeavesNothingBehind) {
    std::filesystem::create_directory(path_); // a folder cannot be renamed over
    EXPECT_FALSE(write_file_atomically(path_, "x", 0600).has_value());
    EXPECT_EQ(files_in_folder(), 1);
    EXPECT_EQ(write_file_atomically(folder_ / "none" / "data", "x", 0600).error().code,
              Code::not_found);
}

TEST_F(FileTest, BoundsWhatItReads) {
    ASSERT_TRUE(write_file_atomically(path_, "12345", 0600).has_value());
    EXPECT_EQ(read_file(path_, 5), "12345");
    EXPECT_EQ(read_file(path_, 4).error().code, Code::too_large);
    EXPECT_EQ(read_file("/dev/zero", 1000).error().code, Code::too_large);
}

TEST_F(FileTest, SaysWhatIsMissing) {
    const auto content = read_file(path_, 10);
    ASSERT_FALSE(content.has_value());
    EXPECT_EQ(content.error().code, Code::not_found);
    EXPECT_THAT(content.error().detail, HasSubstr(path_.string()));
    EXPECT_EQ(read_file(folder_, 10).error().code, Code::internal);
}

TEST_F(FileTest, OnlyOneHoldsALock) {
    auto first = FileLock::acquire(path_);
    ASSERT_TRUE(first.has_value());
    const auto second = FileLock::acquire(path_);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Code::unavailable);
    EXPECT_THAT(second.error().detail, HasSubstr(std::to_string(::getpid())));
    {
        const FileLock moved = std::move(*first);
        EXPECT_FALSE(FileLock::acquire(path_).has_value());
    }
    EXPECT_TRUE(FileLock::acquire(path_).has_value());
}

} // namespace
} // namespace muster
