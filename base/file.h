#pragma once
// The few things we do with files, done safely.

#include "base/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace muster {

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max);

/// Writes beside the target, fsyncs, renames over it, fsyncs the folder: readers see the old or
/// the new content, never a part. The mode is set before any byte is written.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   unsigned mode);

/// An exclusive advisory lock, held as long as the object lives. The file holds our process id.
class FileLock {
  public:
    static Result<FileLock> acquire(const std::filesystem::path& path);
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

  private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}

    int descriptor_ = -1;
};

} // namespace muster
