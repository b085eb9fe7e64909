#pragma once
// For tests: a disk that fails on command, and one whose power can be cut. Registered as SQLite's
// default VFS while it lives; everything it does not spoil goes to the operating system.
//
// Power: at every successful fsync the file is copied aside. What lies there is what a disk holds
// that forgets everything not yet synced.

#include <sqlite3.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace muster::store::sqlite {

class FaultyDisk {
  public:
    FaultyDisk();
    ~FaultyDisk();
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;

    enum class Operation { write, sync };

    /// After so many more of these, every further one fails with this SQLite code.
    void fail(Operation operation, int count, int result_code);
    void heal();

    /// The files as they would be found after a power cut at this moment.
    void copy_synced_files(const std::filesystem::path& folder) const;

    [[nodiscard]] int sync_count() const;

    // ---- called by the file operations ----
    int before(Operation operation);
    void synced(const std::string& path, std::string content);
    void removed(const std::string& path);

    sqlite3_vfs* real() { return real_; }

  private:
    sqlite3_vfs* real_;
    sqlite3_vfs own_;

    mutable std::mutex mutex_;
    std::map<std::string, std::string> synced_files_;
    int sync_count_ = 0;
    bool failing_ = false;
    Operation failing_operation_ = Operation::write;
    int until_failure_ = 0;
    int result_code_ = SQLITE_OK;
};

} // namespace muster::store::sqlite
