#pragma once
// A real `muster serve` for tests: a process with a time limit, ended by its process id, on
// loopback addresses of its own.

#include "app/ready_file.h"
#include "base/result.h"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace muster::test {

class ServerProcess {
  public:
    struct Options {
        std::filesystem::path program;
        std::filesystem::path data;
        std::string address;                // of provisioning; the hubs get the next two
        std::chrono::seconds life_max{600}; // it is killed after that, whatever happens
    };

    explicit ServerProcess(Options options) : options_(std::move(options)) {}

    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    ~ServerProcess();

    /// Starts it and waits for its ready file. Error: its exit status, or that it took too long.
    Result<app::ReadyFile> start();

    /// SIGKILL, and waits until it is gone.
    void kill();

    /// SIGTERM, and waits; the exit status (negative: killed by that signal).
    int stop();

    [[nodiscard]] bool running() const { return process_ > 0; }

    [[nodiscard]] std::filesystem::path log_file() const { return options_.data / "serve.log"; }

  private:
    [[nodiscard]] std::filesystem::path ready_path() const { return options_.data / "test.ready"; }

    int wait();

    Options options_;
    pid_t process_ = -1;
};

/// An address 127.x.y.1 that no other test process uses: made from our process id.
std::string own_loopback_address();

/// A new empty folder below the system's temporary folder.
std::filesystem::path new_temporary_folder(const std::string& name);

} // namespace muster::test
