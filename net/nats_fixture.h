#pragma once
// For tests: a real nats-server with JetStream on a loopback address of our own, ended by its
// process id, and a look into its streams.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace muster::net::fixture {

class NatsServer {
  public:
    /// Whether the distribution's nats-server is here; tests that need it are skipped if not.
    static bool is_installed();

    /// `more` goes into its configuration.
    explicit NatsServer(std::string more = {});
    NatsServer(const NatsServer&) = delete;
    NatsServer& operator=(const NatsServer&) = delete;
    ~NatsServer();

    /// Returns when it takes connections; false if it does not within the time there is.
    bool start();
    void kill();    // SIGKILL; what it stored stays
    void suspend(); // SIGSTOP: it takes connections and bytes, and says nothing
    void resume();

    [[nodiscard]] std::string url() const;

    /// Makes a stream of these subjects.
    void make_stream(const std::string& name, const std::string& subjects) const;

    struct Stored {
        std::string subject;
        std::string id;
        std::string data;

        friend bool operator==(const Stored&, const Stored&) = default;
    };

    [[nodiscard]] std::vector<Stored> stored(const std::string& stream) const;

  private:
    std::filesystem::path folder_;
    std::string address_;
    pid_t process_ = -1;
};

} // namespace muster::net::fixture
