// FaultyDisk as a SQLite VFS: https://sqlite.org/c3ref/vfs.html

#include "base/check.h"
#include "store/sqlite/faulty_disk.h"

#include <fstream>
#include <new>

namespace muster::store::sqlite {

namespace {

/// Our view of an open file; the operating system's follows it in memory.
struct File {
    sqlite3_file base;
    FaultyDisk* disk;
    const char* path; // SQLite keeps it as long as the file is open

    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* ours(sqlite3_file* file) {
    return reinterpret_cast<File*>(file);
}

sqlite3_file* real(sqlite3_file* file) {
    return ours(file)->real();
}

std::string content_of(sqlite3_file* file) {
    sqlite3_int64 size = 0;
    CHECK(file->pMethods->xFileSize(file, &size) == SQLITE_OK);
    std::string content(static_cast<std::size_t>(size), '\0');
    CHECK(file->pMethods->xRead(file, content.data(), static_cast<int>(size), 0) == SQLITE_OK);
    return content;
}

int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    const int failure = ours(file)->disk->before(FaultyDisk::Operation::write);
    return failure != SQLITE_OK ? failure
                                : real(file)->pMethods->xWrite(real(file), bytes, count, offset);
}

int sync_file(sqlite3_file* file, int flags) {
    FaultyDisk& disk = *ours(file)->disk;
    const int failure = disk.before(FaultyDisk::Operation::sync);
    if (failure != SQLITE_OK) {
        return failure;
    }
    const int result = real(file)->pMethods->xSync(real(file), flags);
    if (result == SQLITE_OK && ours(file)->path != nullptr) {
        disk.synced(ours(file)->path, content_of(real(file)));
    }
    return result;
}

const sqlite3_io_methods methods{
    .iVersion = 3,
    .xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); },
    .xRead =
        [](sqlite3_file* f, void* bytes, int count, sqlite3_int64 offset) {
            return real(f)->pMethods->xRead(real(f), bytes, count, offset);
        },
    .xWrite = write_file,
    .xTruncate = [](sqlite3_file* f,
                    sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); },
    .xSync = sync_file,
    .xFileSize = [](sqlite3_file* f,
                    sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); },
    .xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); },
    .xUnlock = [](sqlite3_file* f,
                  int level) { return real(f)->pMethods->xUnlock(real(f), level); },
    .xCheckReservedLock =
        [](sqlite3_file* f, int* result) {
            return real(f)->pMethods->xCheckReservedLock(real(f), result);
        },
    .xFileControl =
        [](sqlite3_file* f, int operation, void* argument) {
            return real(f)->pMethods->xFileControl(real(f), operation, argument);
        },
    .xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
    .xShmMap =
        [](sqlite3_file* f, int page, int size, int extend, void volatile** memory) {
            return real(f)->pMethods->xShmMap(real(f), page, size, extend, memory);
        },
    .xShmLock =
        [](sqlite3_file* f, int offset, int count, int flags) {
            return real(f)->pMethods->xShmLock(real(f), offset, count, flags);
        },
    .xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
    .xShmUnmap = [](sqlite3_file* f,
                    int erase) { return real(f)->pMethods->xShmUnmap(real(f), erase); },
    .xFetch = [](sqlite3_file* f, sqlite3_int64 offset, int count,
                 void** page) { return real(f)->pMethods->xFetch(real(f), offset, count, page); },
    .xUnfetch = [](sqlite3_file* f, sqlite3_int64 offset,
                   void* page) { return real(f)->pMethods->xUnfetch(real(f), offset, page); },
};

FaultyDisk& disk_of(sqlite3_vfs* vfs) {
    return *static_cast<FaultyDisk*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    FaultyDisk& disk = disk_of(vfs);
    File* opened = new (file) File{.base = {}, .disk = &disk, .path = name};
    const int result = disk.real()->xOpen(disk.real(), name, opened->real(), flags, out_flags);
    opened->base.pMethods = opened->real()->pMethods == nullptr ? nullptr : &methods;
    return result;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    FaultyDisk& disk = disk_of(vfs);
    disk.removed(name);
    return disk.real()->xDelete(disk.real(), name, sync_folder);
}

} // namespace

FaultyDisk::FaultyDisk() : real_(sqlite3_vfs_find(nullptr)), own_(*real_) {
    own_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    own_.pNext = nullptr;
    own_.zName = "faulty";
    own_.pAppData = this;
    own_.xOpen = open_file;
    own_.xDelete = delete_file;
    sqlite3_vfs_register(&own_, 1);
}

FaultyDisk::~FaultyDisk() {
    sqlite3_vfs_unregister(&own_);
    sqlite3_vfs_register(real_, 1);
}

void FaultyDisk::fail(Operation operation, int count, int result_code) {
    const std::scoped_lock lock(mutex_);
    failing_ = true;
    failing_operation_ = operation;
    until_failure_ = count;
    result_code_ = result_code;
}

void FaultyDisk::heal() {
    const std::scoped_lock lock(mutex_);
    failing_ = false;
}

int FaultyDisk::before(Operation operation) {
    const std::scoped_lock lock(mutex_);
    if (!failing_ || operation != failing_operation_) {
        return SQLITE_OK;
    }
    if (until_failure_ > 0) {
        --until_failure_;
        return SQLITE_OK;
    }
    return result_code_;
}

void FaultyDisk::synced(const std::string& path, std::string content) {
    const std::scoped_lock lock(mutex_);
    synced_files_.insert_or_assign(path, std::move(content));
    ++sync_count_;
}

void FaultyDisk::removed(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    synced_files_.erase(path);
}

int FaultyDisk::sync_count() const {
    const std::scoped_lock lock(mutex_);
    return sync_count_;
}

void FaultyDisk::copy_synced_files(const std::filesystem::path& folder) const {
    std::filesystem::create_directories(folder);
    const std::scoped_lock lock(mutex_);
    for (const auto& [path, content] : synced_files_) {
        std::ofstream(folder / std::filesystem::path(path).filename(), std::ios::binary) << content;
    }
}

} // namespace muster::store::sqlite
