#include "app/importing/importer.h"

#include "base/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace muster::app {

namespace {

constexpr std::chrono::seconds note_interval{1};

std::string report_line(const RefusedRow& row) {
    return to_text(JsonObject{{"line", row.line},
                              {"registrationId", row.registration_id},
                              {"errorCode", row.error_code},
                              {"message", row.message}}) +
           '\n';
}

/// The book: chunks are answered in any order and entered in the order of the file.
class Ledger {
  public:
    Ledger(const ImportSettings& settings, std::string fingerprint, ImportProgress progress)
        : settings_(settings), fingerprint_(std::move(fingerprint)), progress_(progress) {}

    /// Cuts off what a lost run wrote behind its last note. Another report than that run's is begun
    /// anew, or gone on with where it ends.
    Result<void> open() {
        std::error_code error;
        std::int64_t size = 0;
        if (std::filesystem::exists(settings_.report)) {
            size = static_cast<std::int64_t>(std::filesystem::file_size(settings_.report, error));
        }
        progress_.report_bytes = std::min(progress_.report_bytes, size);
        if (size > progress_.report_bytes) {
            std::filesystem::resize_file(
                settings_.report, static_cast<std::uintmax_t>(progress_.report_bytes), error);
        }
        report_.open(settings_.report, std::ios::binary | std::ios::app);
        return error || !report_ ? cannot_write() : Result<void>();
    }

    Result<void> enter(std::size_t number, const Chunk& chunk, ChunkOutcome outcome) {
        outcome.refused.insert(outcome.refused.end(), chunk.refused.begin(), chunk.refused.end());
        std::ranges::sort(outcome.refused, {}, &RefusedRow::line);
        outcome.counts.refused = static_cast<std::int64_t>(outcome.refused.size());
        answered_.emplace(number, Entry{chunk.end, std::move(outcome)});
        for (auto next = answered_.find(entered_); next != answered_.end();
             next = answered_.find(entered_)) {
            if (auto written = write(next->second); !written) {
                return written;
            }
            answered_.erase(next);
            ++entered_;
        }
        return note_now_and_then();
    }

    Result<void> note() {
        report_.flush();
        if (!report_) {
            return cannot_write();
        }
        return write_progress(settings_.progress, fingerprint_, progress_);
    }

    void tell() const {
        if (settings_.tell) {
            settings_.tell(progress_.counts, progress_.position.offset);
        }
    }

    [[nodiscard]] const ImportProgress& progress() const { return progress_; }

  private:
    struct Entry {
        RowPosition end;
        ChunkOutcome outcome;
    };

    Result<void> cannot_write() {
        return fail(Code::unavailable, fmt::format("cannot write {}", settings_.report.string()));
    }

    Result<void> write(const Entry& entry) {
        for (const RefusedRow& row : entry.outcome.refused) {
            const std::string line = report_line(row);
            report_ << line;
            progress_.report_bytes += static_cast<std::int64_t>(line.size());
        }
        progress_.position = entry.end;
        progress_.counts.created += entry.outcome.counts.created;
        progress_.counts.replaced += entry.outcome.counts.replaced;
        progress_.counts.unchanged += entry.outcome.counts.unchanged;
        progress_.counts.refused += entry.outcome.counts.refused;
        return report_ ? Result<void>() : cannot_write();
    }

    Result<void> note_now_and_then() {
        const auto now = clock_.steady();
        if (now - noted_ < note_interval) {
            return {};
        }
        noted_ = now;
        tell();
        return note();
    }

    const ImportSettings& settings_;
    std::string fingerprint_;
    ImportProgress progress_;
    std::ofstream report_;
    std::map<std::size_t, Entry> answered_; // but not entered yet
    std::size_t entered_ = 0;
    SystemClock clock_;
    SteadyTime noted_{};
};

/// One thread reads, several send. The first error ends it for all.
class Pipeline {
  public:
    Pipeline(const SendChunk& send, Ledger& ledger, std::size_t connections)
        : send_(send), ledger_(ledger), waiting_max_(connections * 2) {
        for (std::size_t i = 0; i < connections; ++i) {
            senders_.emplace_back([this, i] { send_chunks(i); });
        }
    }

    /// False once there is no point in going on.
    bool add(Chunk chunk) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return error_ || waiting_.size() < waiting_max_; });
        if (error_) {
            return false;
        }
        waiting_.emplace_back(added_++, std::move(chunk));
        changed_.notify_all();
        return true;
    }

    Result<void> finish() {
        {
            const std::scoped_lock lock(mutex_);
            ended_ = true;
            changed_.notify_all();
        }
        for (std::thread& sender : senders_) {
            sender.join();
        }
        return error_ ? Result<void>(std::unexpected(*error_)) : Result<void>();
    }

  private:
    using Numbered = std::pair<std::size_t, Chunk>;

    std::optional<Numbered> take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return error_ || ended_ || !waiting_.empty(); });
        if (error_ || waiting_.empty()) {
            return std::nullopt;
        }
        std::optional<Numbered> taken = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
        return taken;
    }

    void send_chunks(std::size_t connection) {
        while (const auto taken = take()) {
            const auto& [number, chunk] = *taken;
            auto outcome = chunk.enrollments.empty() ? Result<ChunkOutcome>(ChunkOutcome())
                                                     : send_(connection, chunk);
            const std::scoped_lock lock(mutex_);
            auto entered = outcome ? ledger_.enter(number, chunk, std::move(*outcome))
                                   : Result<void>(std::unexpected(outcome.error()));
            if (!entered && !error_) {
                error_ = entered.error();
                changed_.notify_all();
            }
        }
    }

    const SendChunk& send_;
    Ledger& ledger_;
    const std::size_t waiting_max_;
    std::mutex mutex_; // guards everything below, and the ledger
    std::condition_variable changed_;
    std::deque<Numbered> waiting_;
    std::size_t added_ = 0;
    bool ended_ = false;
    std::optional<Error> error_;
    std::vector<std::thread> senders_;
};

Result<void> feed(RowReader& reader, Pipeline& pipeline) {
    Chunker chunker(reader);
    for (;;) {
        auto chunk = chunker.next();
        if (!chunk) {
            return std::unexpected(chunk.error());
        }
        const bool is_end = chunk->enrollments.empty() && chunk->refused.empty();
        if (is_end || !pipeline.add(std::move(*chunk))) {
            return {};
        }
    }
}

} // namespace

Result<ImportCounts> run_import(const ImportSettings& settings, const SendChunk& send) {
    const auto fingerprint = fingerprint_of(settings);
    if (!fingerprint) {
        return std::unexpected(fingerprint.error());
    }
    const auto progress = read_progress(settings.progress, *fingerprint);
    if (!progress) {
        return std::unexpected(progress.error());
    }
    auto reader = RowReader::open(settings.file, settings.format, progress->position);
    if (!reader) {
        return std::unexpected(reader.error());
    }
    Ledger ledger(settings, *fingerprint, *progress);
    if (auto opened = ledger.open(); !opened) {
        return std::unexpected(opened.error());
    }
    Pipeline pipeline(send, ledger, settings.connections);
    const auto fed = feed(*reader, pipeline);
    const auto finished = pipeline.finish();
    const auto noted = ledger.note();
    for (const auto* step : {&finished, &fed, &noted}) {
        if (!*step) {
            return std::unexpected(step->error());
        }
    }
    ledger.tell();
    std::error_code ignored; // one that stays behind says that everything is done
    std::filesystem::remove(settings.progress, ignored);
    return ledger.progress().counts;
}

} // namespace muster::app
