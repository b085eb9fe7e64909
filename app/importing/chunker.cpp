#include "app/importing/importer.h"

#include <utility>

namespace muster::app {

namespace {

RefusedRow unreadable(const Row& row) {
    return {.line = row.line,
            .registration_id = {},
            .error_code = 400004,
            .message = row.enrollment.error().detail};
}

} // namespace

Result<std::optional<Chunker::Pending>> Chunker::next_row(Chunk& chunk) {
    if (pending_) {
        return std::exchange(pending_, std::nullopt);
    }
    while (chunk.enrollments.size() + chunk.refused.size() < chunk_rows_max) {
        auto row = reader_.next();
        if (!row) {
            return std::unexpected(row.error());
        }
        if (!*row) {
            return std::nullopt;
        }
        if ((*row)->enrollment) {
            return Pending{.enrollment = to_text(*(*row)->enrollment),
                           .line = (*row)->line,
                           .end = reader_.position()};
        }
        chunk.refused.push_back(unreadable(**row));
        chunk.end = reader_.position();
    }
    return std::nullopt;
}

Result<Chunk> Chunker::next() {
    Chunk chunk;
    std::size_t bytes = 0;
    for (;;) {
        auto row = next_row(chunk);
        if (!row) {
            return std::unexpected(row.error());
        }
        if (!*row) {
            return chunk;
        }
        // A single row beyond the bound goes alone: the server says what is wrong with it.
        if (!chunk.enrollments.empty() && bytes + (*row)->enrollment.size() > chunk_bytes_max) {
            pending_ = std::move(**row);
            return chunk;
        }
        bytes += (*row)->enrollment.size() + 1;
        chunk.enrollments.push_back(std::move((*row)->enrollment));
        chunk.lines.push_back((*row)->line);
        chunk.end = (*row)->end;
    }
}

} // namespace muster::app
