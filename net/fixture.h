#pragma once
// What the tests of this folder share: a certificate authority, conversations that can be watched
// from outside, and clients that know nothing of our own code (OpenSSL or plain sockets, blocking,
// with a time limit on everything).

#include "crypto/issuing.h"
#include "net/openssl.h"
#include "net/server.h"
#include "net/socket.h"
#include "session/conversation.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace muster::net::fixture {

inline constexpr std::chrono::seconds patience{20}; // no condition takes so long, unless never

// ---- certificates

struct Subject {
    std::string common_name;
    crypto::Purpose purpose = crypto::Purpose::client;
    int days_before = -1; // validity, counted from now
    int days_after = 30;
};

crypto::Identity issue(const Subject& subject, const crypto::Identity* issuer = nullptr);

/// One authority and one server certificate (hub.example, *.wild.example, 127.0.0.1) for all tests.
const crypto::Identity& authority();
const crypto::Identity& server_identity();
ServerTls server_tls();

/// An RSA-1024 key with a certificate signed by itself with SHA-1.
crypto::Identity ancient_identity();

// ---- what happened on the server, seen from the test's thread

class Journal {
  public:
    struct Entry {
        session::Peer peer;
        Post post;
        std::string received;
        bool lost = false;
        bool gone = false; // the conversation was destroyed
        bool stopped = false;
        bool wants_input = true;
        int deadlines = 0;
    };

    std::size_t add(const session::Peer& peer, Post post);
    void change(std::size_t index, const std::function<void(Entry&)>& action);
    Entry read(std::size_t index) const;
    bool wants_input(std::size_t index) const;
    std::size_t size() const;

    /// False if the time runs out first.
    bool wait(const std::function<bool(const std::vector<Entry>&)>& condition) const;
    bool wait_entry(std::size_t index, const std::function<bool(const Entry&)>& condition) const;

  private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<Entry> entries_;
};

/// Sends back what it gets; a line "quit" makes it close, "big" makes it send 8 MB.
/// Everything it goes through is written into the journal.
class Echo : public session::Conversation {
  public:
    Echo(Journal& journal, const session::Peer& peer, Post post);
    ~Echo() override;
    Echo(const Echo&) = delete;
    Echo& operator=(const Echo&) = delete;

    void start(SteadyTime now) override;
    void feed(std::string_view bytes, SteadyTime now) override;
    void lost(SteadyTime now) override;
    void deadline(SteadyTime now) override;
    void stop(SteadyTime now) override;
    std::string take_output() override;
    [[nodiscard]] bool wants_close() const override;
    [[nodiscard]] bool wants_input() const override;
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override;

  protected:
    Journal& journal_;
    std::size_t index_;
    std::string output_;
    bool close_ = false;
};

inline constexpr std::size_t small_buffer = 4096; // as receive buffers of the kernel go
inline constexpr std::size_t big_bytes = 8 * 1024 * 1024;

session::ConversationFactory echo(Journal& journal);

struct Service {
    Journal journal;
    std::unique_ptr<Server> server;

    explicit Service(const ServerLimits& limits = {}, std::size_t threads = 2);
    explicit Service(const session::ConversationFactory& make, const ServerLimits& limits = {},
                     std::size_t threads = 2);
    ~Service();

    [[nodiscard]] std::uint16_t port() const { return server->port(0); }

    /// Waits until so many connections are left.
    bool wait_for_connections(std::size_t count) const;
};

// ---- clients

/// Plain TCP, blocking.
class TcpClient {
  public:
    explicit TcpClient(std::uint16_t port, const std::string& address = "127.0.0.1");

    void send(std::string_view bytes) const;
    /// Everything until the server closes or resets; nothing if it does neither in time.
    std::optional<std::string> receive_all() const;
    void reset(); // RST instead of FIN

    [[nodiscard]] int descriptor() const { return socket_.get(); }

    void close() { socket_ = Socket(); }

  private:
    Socket socket_;
};

using SessionPointer = std::unique_ptr<SSL_SESSION, crypto::Freed<SSL_SESSION_free>>;

/// TLS straight on OpenSSL, blocking.
class TlsClient {
  public:
    struct Options {
        int version = TLS1_3_VERSION;
        std::vector<crypto::Certificate> chain; // presented, leaf first
        Secret key_pem;
        std::string server_name;
        SSL_SESSION* resume = nullptr;
        std::size_t read_bytes = 0; // 0: the system's socket buffer
    };

    TlsClient(std::uint16_t port, const Options& options);

    /// False if the server refused.
    bool handshake();
    void send(std::string_view bytes);
    std::string receive(std::size_t count);
    /// What comes until close_notify; nothing if the connection ends in another way.
    std::optional<std::string> receive_all();
    /// Sends and waits for the same bytes to come back.
    bool echoes(std::string_view bytes);

    void close_notify() { SSL_shutdown(ssl_.get()); }

    /// A session to resume; after bytes were received (TLS 1.3 sends it late).
    SessionPointer take_session() { return std::move(session_); }

    [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

    [[nodiscard]] bool certificate_requested() const { return authorities_named_.has_value(); }

    /// How many CA names the server's request listed.
    [[nodiscard]] int authorities_named() const { return authorities_named_.value_or(-1); }

    [[nodiscard]] const TcpClient& tcp() const { return tcp_; }

  private:
    static int keep_session(SSL* ssl, SSL_SESSION* session);
    static int look_at_request(SSL* ssl, void* self);

    TcpClient tcp_;
    SslContext context_;
    Ssl ssl_;
    SessionPointer session_;
    std::optional<int> authorities_named_;
};

} // namespace muster::net::fixture
