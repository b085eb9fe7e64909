#include "base/file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace muster {

namespace {

/// Closes a file descriptor at the end of its scope.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    ~Descriptor() {
        if (is_open()) {
            ::close(number_);
        }
    }

    [[nodiscard]] bool is_open() const { return number_ >= 0; }

    [[nodiscard]] int number() const { return number_; }

    int release() { return std::exchange(number_, -1); }

  private:
    int number_;
};

std::unexpected<Error> failed(std::string_view action, const std::filesystem::path& path) {
    const int number = errno;
    const Code code = number == ENOENT                      ? Code::not_found
                      : number == EACCES || number == EPERM ? Code::forbidden
                                                            : Code::internal;
    std::string reason = std::generic_category().message(number);
    return fail(code, fmt::format("cannot {} {}: {}", action, path.string(), reason), reason);
}

bool write_all(int descriptor, std::string_view content) {
    while (!content.empty()) {
        const auto written = ::write(descriptor, content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        content.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

bool sync_folder(const std::filesystem::path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.is_open() && ::fsync(opened.number()) == 0;
}

/// The bytes, the mode and their way to the disk; errno tells what failed.
bool fill(const Descriptor& file, std::string_view content, unsigned mode) {
    return ::fchmod(file.number(), mode) == 0 && write_all(file.number(), content) &&
           ::fsync(file.number()) == 0;
}

} // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) {
        return failed("open", path);
    }
    std::string content;
    char buffer[16 * 1024];
    for (;;) {
        const auto got = ::read(file.number(), buffer, sizeof buffer);
        if (got == 0) {
            return content;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return failed("read", path);
        }
        content.append(buffer, static_cast<std::size_t>(got));
        if (content.size() > bytes_max) {
            return fail(Code::too_large,
                        fmt::format("{} is larger than {} bytes", path.string(), bytes_max));
        }
    }
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   unsigned mode) {
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    std::string beside = path.string() + ".XXXXXX";
    const Descriptor file(::mkostemp(beside.data(), O_CLOEXEC));
    if (!file.is_open()) {
        return failed("create a file beside", path);
    }
    if (!fill(file, content, mode) || ::rename(beside.c_str(), path.c_str()) != 0) {
        const auto error = failed("write", path);
        ::unlink(beside.c_str());
        return error;
    }
    if (!sync_folder(folder)) {
        return failed("sync", folder);
    }
    return {};
}

Result<FileLock> FileLock::acquire(const std::filesystem::path& path) {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.is_open()) {
        return failed("open", path);
    }
    if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return failed("lock", path);
        }
        const auto holder = read_file(path, 32);
        return fail(Code::unavailable, fmt::format("{} is held by process {}", path.string(),
                                                   holder ? *holder : "unknown"));
    }
    if (::ftruncate(file.number(), 0) != 0 ||
        !write_all(file.number(), std::to_string(::getpid()))) {
        return failed("write", path);
    }
    return FileLock(file.release());
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

// The file stays: removing it would let two processes lock two files of the same name.
FileLock::~FileLock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

} // namespace muster
