#pragma once
// The file with the keys that seal the database's secrets (crypto/sealing.h).

#include "base/random.h"
#include "base/result.h"
#include "crypto/sealing.h"

#include <filesystem>

namespace muster::app {

/// Errors: not_found, malformed; never echoing a key.
Result<crypto::KeyRing> read_key_file(const std::filesystem::path& file);

/// Atomically, mode 0600.
Result<void> write_key_file(const std::filesystem::path& file, const crypto::KeyRing& keys);

} // namespace muster::app
