#include "tests/support/server_process.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

namespace muster::test {

namespace {

constexpr std::chrono::milliseconds look_interval{2};
constexpr std::chrono::seconds start_time_max{30};

/// In the child, after fork.
[[noreturn]] void run(const std::vector<std::string>& arguments,
                      const std::vector<std::string>& environment, const std::string& log,
                      unsigned life_seconds_max) {
    for (const std::string& variable : environment) {
        ::putenv(const_cast<char*>(variable.c_str()));
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // do not outlive the test
    ::alarm(life_seconds_max);          // survives exec
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) {
        pointers.push_back(const_cast<char*>(argument.c_str()));
    }
    pointers.push_back(nullptr);
    ::execv(pointers.front(), pointers.data());
    ::_exit(127);
}

int exit_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

} // namespace

ServerProcess::~ServerProcess() {
    kill();
}

std::vector<std::string> ServerProcess::arguments() const {
    std::vector<std::string> words{
        options_.program.string(), "serve",       "--data", options_.data.string(), "--ready-file",
        ready_path().string(),     "--log-level", "warning"};
    if (options_.config.empty()) {
        words.insert(words.end(), {"--listen", options_.address});
        return words;
    }
    const auto file = options_.data / "test.toml";
    std::ofstream(file) << options_.config;
    words.insert(words.end(), {"--config", file.string()});
    return words;
}

Result<app::ReadyFile> ServerProcess::start(const std::vector<std::string>& environment) {
    std::filesystem::create_directories(options_.data);
    std::filesystem::remove(ready_path());
    const std::vector<std::string> words = arguments();
    const std::string log = log_file().string();
    const auto life = static_cast<unsigned>(options_.life_max.count());
    process_ = ::fork();
    if (process_ == 0) {
        run(words, environment, log, life);
    }
    for (auto waited = std::chrono::milliseconds(0); waited < start_time_max;
         waited += look_interval) {
        if (std::filesystem::exists(ready_path())) {
            return app::read_ready_file(ready_path());
        }
        int status = 0;
        if (::waitpid(process_, &status, WNOHANG) == process_) {
            process_ = -1;
            return fail(Code::unavailable,
                        fmt::format("the server ended with {}; see {}", exit_status(status), log));
        }
        std::this_thread::sleep_for(look_interval);
    }
    kill();
    return fail(Code::deadline_exceeded, "the server was not ready in time; see " + log);
}

bool ServerProcess::alive() {
    int status = 0;
    if (running() && ::waitpid(process_, &status, WNOHANG) == process_) {
        process_ = -1;
    }
    return running();
}

int ServerProcess::wait() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return exit_status(status);
}

void ServerProcess::kill() {
    if (running()) {
        ::kill(process_, SIGKILL);
        wait();
    }
}

int ServerProcess::stop() {
    ::kill(process_, SIGTERM);
    return wait();
}

std::string own_loopback_address(unsigned number) {
    const auto id = static_cast<unsigned>(::getpid());
    return fmt::format("127.{}.{}.{}", 64 + id / 250 % 128, 1 + id % 250, number);
}

std::filesystem::path new_temporary_folder(const std::string& name) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / ("muster-" + name + "-XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        std::abort();
    }
    return pattern;
}

} // namespace muster::test
