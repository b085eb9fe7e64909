#include "app/importing/importer.h"
#include "base/file.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <set>

namespace muster::app {

namespace {

/// A server in memory: keeps ids, refuses those that begin with 'x'.
class Importer : public testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    void write_rows(int count) {
        std::ofstream file(settings_.file, std::ios::binary);
        for (int i = 0; i < count; ++i) {
            file << R"({"registrationId":")" << (i % 100 == 7 ? "x" : "dev-") << i << "\"}\n";
            if (i % 1000 == 3) {
                file << "this is no row\n";
            }
        }
    }

    Result<ChunkOutcome> serve(const Chunk& chunk) {
        const std::scoped_lock lock(mutex_);
        if (chunks_left_ == 0) {
            return fail(Code::unavailable, "the server is gone");
        }
        --chunks_left_;
        EXPECT_LE(chunk.enrollments.size(), chunk_rows_max);
        ChunkOutcome outcome;
        for (std::size_t i = 0; i < chunk.enrollments.size(); ++i) {
            const auto document = parse_json_object(chunk.enrollments[i]);
            const auto id = string_member(document.value(), "registrationId").value();
            if (id.starts_with('x')) {
                outcome.refused.push_back({chunk.lines[i], id, 400004, "begins with x"});
            } else if (stored_.insert(id).second) {
                ++outcome.counts.created;
            } else {
                ++outcome.counts.unchanged;
            }
        }
        return outcome;
    }

    Result<ImportCounts> run() {
        return run_import(settings_,
                          [this](std::size_t, const Chunk& chunk) { return serve(chunk); });
    }

    std::vector<std::string> report_lines() {
        std::ifstream file(settings_.report);
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);) {
            lines.push_back(line);
        }
        return lines;
    }

    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() /
        (std::string("muster-import-") +
         testing::UnitTest::GetInstance()->current_test_info()->name());
    ImportSettings settings_{.file = folder_ / "rows",
                             .report = folder_ / "report",
                             .progress = folder_ / "progress",
                             .target = {},
                             .format = RowFormat::ndjson,
                             .connections = 3,
                             .tell = {}};
    std::mutex mutex_;
    std::set<std::string> stored_;
    std::size_t chunks_left_ = 1'000'000;
};

TEST_F(Importer, BringsEveryRowAndReportsTheRefused) {
    write_rows(20'000);
    const auto counts = run();
    ASSERT_TRUE(counts) << counts.error().detail;
    EXPECT_EQ(*counts, (ImportCounts{.created = 19'800, .refused = 220}));
    EXPECT_EQ(stored_.size(), 19'800U);
    const auto lines = report_lines();
    ASSERT_EQ(lines.size(), 220U);
    EXPECT_EQ(lines.front().find(R"({"line":5,"registrationId":"")"), 0U) << lines.front();
    EXPECT_FALSE(std::filesystem::exists(settings_.progress));
}

TEST_F(Importer, RepeatingChangesNothing) {
    write_rows(3'000);
    ASSERT_TRUE(run());
    const auto again = run();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->created, 0);
    EXPECT_EQ(again->unchanged, 2'970);
}

/// Wherever the server goes away, the run after it brings the rest: no row twice in the report, and
/// the counts add up to the file.
TEST_F(Importer, GoesOnWhereItStopped) {
    write_rows(20'000);
    for (const std::size_t chunks : {1U, 2U, 5U, 11U, 19U}) {
        stored_.clear();
        std::filesystem::remove(settings_.report);
        chunks_left_ = chunks;
        const auto broken = run();
        ASSERT_FALSE(broken);
        EXPECT_EQ(broken.error().detail, "the server is gone");
        chunks_left_ = 1'000'000;
        const auto rest = run();
        ASSERT_TRUE(rest) << rest.error().detail;
        EXPECT_EQ(rest->total(), 20'020) << chunks;
        EXPECT_EQ(rest->refused, 220) << chunks;
        EXPECT_EQ(stored_.size(), 19'800U);
        const auto lines = report_lines();
        EXPECT_EQ(lines.size(), 220U) << chunks;
        EXPECT_EQ(std::set(lines.begin(), lines.end()).size(), 220U) << chunks;
    }
}

TEST_F(Importer, ProgressOfAnotherFileIsNotTaken) {
    write_rows(2'000);
    ASSERT_TRUE(write_progress(settings_.progress, "another", {}));
    const auto counts = run();
    ASSERT_FALSE(counts);
    EXPECT_EQ(counts.error().code, Code::conflict);
    EXPECT_TRUE(stored_.empty());
}

/// Its rows would be missing there.
TEST_F(Importer, ProgressTowardsAnotherTargetIsNotTaken) {
    write_rows(5'000);
    settings_.target = "muster.example.net/one";
    chunks_left_ = 3;
    ASSERT_FALSE(run());
    ASSERT_TRUE(std::filesystem::exists(settings_.progress));
    chunks_left_ = 1'000'000;
    stored_.clear();
    settings_.target = "muster.example.net/two";
    const auto other = run();
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Code::conflict);
    EXPECT_TRUE(stored_.empty());
    settings_.target = "muster.example.net/one";
    EXPECT_TRUE(run());
}

/// A report that was moved away, or another name for it, holds only what is refused from now on.
TEST_F(Importer, AReportThatIsGoneIsBegunAnew) {
    write_rows(5'000);
    chunks_left_ = 3;
    ASSERT_FALSE(run());
    std::filesystem::remove(settings_.report);
    std::ofstream(settings_.report) << "x";
    chunks_left_ = 1;
    ASSERT_FALSE(run());
    chunks_left_ = 1'000'000;
    ASSERT_TRUE(run());
    std::ifstream file(settings_.report, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(text.find('\0'), std::string::npos);
}

TEST_F(Importer, ChunksStayWithinTheirBytes) {
    {
        std::ofstream file(settings_.file, std::ios::binary);
        for (int i = 0; i < 40; ++i) {
            file << R"({"registrationId":"dev-)" << i << R"(","deviceId":")"
                 << std::string(60'000, 'a') << "\"}\n";
        }
    }
    auto reader = RowReader::open(settings_.file, RowFormat::ndjson);
    ASSERT_TRUE(reader);
    Chunker chunker(*reader);
    std::size_t rows = 0;
    for (auto chunk = chunker.next(); chunk && !chunk->enrollments.empty();
         chunk = chunker.next()) {
        std::size_t bytes = 0;
        for (const auto& text : chunk->enrollments) {
            bytes += text.size() + 1;
        }
        EXPECT_LE(bytes, chunk_bytes_max);
        rows += chunk->enrollments.size();
    }
    EXPECT_EQ(rows, 40U);
}

} // namespace

} // namespace muster::app
