#pragma once
// Chunks of an import to the administration API, over several connections.

#include "app/administration.h"
#include "app/importing/importer.h"

#include <string>
#include <vector>

namespace muster::app {

/// The request of an import (docs/administration-api.md); the chunk has enrollments.
std::string import_body(const Chunk& chunk);

/// Its answer. Error: internal, if it is not one, or not about this chunk.
Result<ChunkOutcome> import_outcome(const Json& answer, const Chunk& chunk);

class ChunkSender {
  public:
    /// `mode` is "keep" or "replace".
    static Result<ChunkSender> connect(const AdministrationOptions& options,
                                       std::size_t connections, std::string mode);

    /// Tells imports apart: which server, which instance, which mode.
    [[nodiscard]] std::string target() const;

    /// Tries again for a while if the server is busy or away. One thread a connection.
    Result<ChunkOutcome> send(std::size_t connection, const Chunk& chunk);

  private:
    ChunkSender(std::vector<Administration> connections, std::string path, std::string mode)
        : connections_(std::move(connections)), path_(std::move(path)), mode_(std::move(mode)) {}

    std::vector<Administration> connections_;
    std::string path_;
    std::string mode_;
};

} // namespace muster::app
