// Loaded into a server by LD_PRELOAD: kills it just before or just after the Nth time it makes
// something durable, which is at every stored step in turn.
//
//   MUSTER_KILL_AT     which time; 0: never
//   MUSTER_KILL_WHEN   "before" or "after"
//   MUSTER_KILL_ARMED  a file; counting begins once it exists

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace {

using Sync = int (*)(int);

long setting(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? 0 : std::atol(text);
}

bool kills(const char* when) {
    const char* wanted = std::getenv("MUSTER_KILL_WHEN");
    return wanted != nullptr && std::strcmp(wanted, when) == 0;
}

/// 1, 2, 3, ... once armed; 0 before.
long count() {
    static std::atomic<long> counted = 0;
    const char* armed = std::getenv("MUSTER_KILL_ARMED");
    return armed != nullptr && ::access(armed, F_OK) == 0 ? ++counted : 0;
}

int sync_counted(const char* name, int file) {
    const auto real = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, name));
    const long number = count();
    const bool chosen = number != 0 && number == setting("MUSTER_KILL_AT");
    if (chosen && kills("before")) {
        ::kill(::getpid(), SIGKILL);
    }
    const int result = real(file);
    if (chosen && kills("after")) {
        ::kill(::getpid(), SIGKILL);
    }
    return result;
}

} // namespace

extern "C" int fsync(int file) {
    return sync_counted("fsync", file);
}

extern "C" int fdatasync(int file) {
    return sync_counted("fdatasync", file);
}
