#pragma once
// A real `muster serve` for tests: a process with a time limit, ended by its process id, on
// loopback addresses of its own.

#include "app/ready_file.h"
#include "base/result.h"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace muster::test {

class ServerProcess {
  public:
    struct Options {
        std::filesystem::path program;
        std::filesystem::path data;
        std::string address;                // of provisioning; the hubs get the next two
        std::string config = {};            // TOML, instead of the address
        std::chrono::seconds life_max{600}; // it is killed after that, whatever happens
    };

    explicit ServerProcess(Options options) : options_(std::move(options)) {}

    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    ~ServerProcess();

    /// Starts it and waits for its ready file. `environment` ("NAME=value") is added to ours.
    /// Error: its exit status, or that it took too long.
    Result<app::ReadyFile> start(const std::vector<std::string>& environment = {});

    /// False once it has died by itself.
    [[nodiscard]] bool alive();

    /// SIGKILL, and waits until it is gone.
    void kill();

    /// SIGTERM, and waits; the exit status (negative: killed by that signal).
    int stop();

    [[nodiscard]] bool running() const { return process_ > 0; }

    [[nodiscard]] std::filesystem::path log_file() const { return options_.data / "serve.log"; }

  private:
    [[nodiscard]] std::filesystem::path ready_path() const { return options_.data / "test.ready"; }

    [[nodiscard]] std::vector<std::string> arguments() const;
    int wait();

    Options options_;
    pid_t process_ = -1;
};

/// An address 127.x.y.N that no other test process uses: made from our process id.
std::string own_loopback_address(unsigned number = 1);

/// A new empty folder below the system's temporary folder.
std::filesystem::path new_temporary_folder(const std::string& name);

} // namespace muster::test
