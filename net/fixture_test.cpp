#include "base/check.h"
#include "net/fixture.h"
#include "net/tls_context.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <sys/socket.h>
#include <sys/time.h>

#include <csignal>
#include <cstring>
#include <thread>

namespace muster::net::fixture {

namespace {

/// A client that writes to a server that has hung up must not end the test program, even in tests
/// that start no loop of ours.
[[maybe_unused]] const auto sigpipe_ignored = std::signal(SIGPIPE, SIG_IGN);

SystemRandom random_source;

WallTime days_from_now(int days) {
    return SystemClock().wall() + std::chrono::hours(24) * days;
}

KeyPtr read_key(const Secret& pem) {
    return crypto::read_key(pem.reveal()).value_or(nullptr);
}

X509Ptr read_certificate(const crypto::Certificate& certificate) {
    const std::string der = certificate.der();
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    return X509Ptr(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
}

} // namespace

crypto::Identity issue(const Subject& subject, const crypto::Identity* issuer) {
    crypto::CertificateRequest request{.common_name = subject.common_name,
                                       .purpose = subject.purpose,
                                       .not_before = days_from_now(subject.days_before),
                                       .not_after = days_from_now(subject.days_after)};
    if (subject.purpose == crypto::Purpose::server) {
        request.dns_names = {subject.common_name, "*.wild.example"};
        request.ip_addresses = {"127.0.0.1"};
    }
    Result<crypto::Identity> identity = crypto::issue(request, issuer, random_source);
    CHECK(identity.has_value());
    return std::move(*identity);
}

const crypto::Identity& authority() {
    static const crypto::Identity identity =
        issue({.common_name = "root", .purpose = crypto::Purpose::certificate_authority});
    return identity;
}

const crypto::Identity& server_identity() {
    static const crypto::Identity identity =
        issue({.common_name = "hub.example", .purpose = crypto::Purpose::server}, &authority());
    return identity;
}

ServerTls server_tls() {
    Result<ServerTls> tls =
        ServerTls::make({.certificate_chain_pem = server_identity().certificate.pem(),
                         .key_pem = server_identity().key_pem});
    CHECK(tls.has_value());
    return std::move(*tls);
}

crypto::Identity ancient_identity() {
    const KeyPtr key(EVP_RSA_gen(1024));
    const X509Ptr x509(X509_new());
    X509_set_version(x509.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
    X509_set_pubkey(x509.get(), key.get());
    X509_sign(x509.get(), key.get(), EVP_sha1());
    const BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    Result<crypto::Certificate> certificate = crypto::Certificate::from_der(to_der(x509.get()));
    CHECK(certificate.has_value());
    return {std::move(*certificate), Secret(std::string(text, static_cast<std::size_t>(size)))};
}

// ---- Journal

std::size_t Journal::add(const session::Peer& peer, Post post) {
    const std::lock_guard lock(mutex_);
    entries_.push_back({.peer = peer, .post = std::move(post)});
    changed_.notify_all();
    return entries_.size() - 1;
}

void Journal::change(std::size_t index, const std::function<void(Entry&)>& action) {
    const std::lock_guard lock(mutex_);
    action(entries_[index]);
    changed_.notify_all();
}

Journal::Entry Journal::read(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return entries_.at(index);
}

bool Journal::wants_input(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return entries_.at(index).wants_input;
}

std::size_t Journal::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

bool Journal::wait(const std::function<bool(const std::vector<Entry>&)>& condition) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return condition(entries_); });
}

bool Journal::wait_entry(std::size_t index,
                         const std::function<bool(const Entry&)>& condition) const {
    return wait([&](const std::vector<Entry>& entries) {
        return index < entries.size() && condition(entries[index]);
    });
}

// ---- Echo

Echo::Echo(Journal& journal, const session::Peer& peer, Post post)
    : journal_(journal), index_(journal.add(peer, std::move(post))) {}

Echo::~Echo() {
    journal_.change(index_, [](Journal::Entry& entry) { entry.gone = true; });
}

void Echo::start(SteadyTime) {}

void Echo::feed(std::string_view bytes, SteadyTime) {
    if (bytes == "quit") {
        output_ += "bye";
        close_ = true;
    } else if (bytes == "big") {
        output_.append(big_bytes, 'b');
    } else {
        output_ += bytes;
    }
    journal_.change(index_, [bytes](Journal::Entry& entry) { entry.received += bytes; });
}

void Echo::lost(SteadyTime) {
    journal_.change(index_, [](Journal::Entry& entry) { entry.lost = true; });
}

void Echo::deadline(SteadyTime) {
    journal_.change(index_, [](Journal::Entry& entry) { ++entry.deadlines; });
}

void Echo::stop(SteadyTime) {
    journal_.change(index_, [](Journal::Entry& entry) { entry.stopped = true; });
    output_ += "stopped";
    close_ = true;
}

std::string Echo::take_output() {
    return std::exchange(output_, {});
}

bool Echo::wants_close() const {
    return close_;
}

bool Echo::wants_input() const {
    return journal_.wants_input(index_);
}

std::optional<SteadyTime> Echo::next_deadline() const {
    return std::nullopt;
}

session::ConversationFactory echo(Journal& journal) {
    return [&journal](const session::Peer& peer, Post post) {
        return std::make_unique<Echo>(journal, peer, std::move(post));
    };
}

// ---- Service

Service::Service(const ServerLimits& limits, std::size_t threads)
    : Service(echo(journal), limits, threads) {}

Service::Service(const session::ConversationFactory& make, const ServerLimits& limits,
                 std::size_t threads) {
    Result<std::unique_ptr<Server>> started =
        Server::start({.listeners = {{.address = "127.0.0.1", .port = 0, .make = make}},
                       .threads = threads,
                       .limits = limits},
                      server_tls());
    CHECK(started.has_value());
    server = std::move(*started);
}

Service::~Service() {
    server->stop(std::chrono::milliseconds(0));
}

bool Service::wait_for_connections(std::size_t count) const {
    // The count is not a condition one can wait on from outside, and need not be: only tests do.
    const SteadyTime limit = SystemClock().steady() + patience;
    while (server->connection_count() != count) {
        if (SystemClock().steady() > limit) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

// ---- TcpClient

TcpClient::TcpClient(std::uint16_t port, const std::string& address) {
    socket_ = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const Endpoint endpoint = numeric_endpoint(address, port).value();
    EXPECT_EQ(::connect(socket_.get(), endpoint.raw(), endpoint.length), 0) << errno_text(errno);
}

void TcpClient::send(std::string_view bytes) const {
    EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
}

std::optional<std::string> TcpClient::receive_all() const {
    std::string all;
    char buffer[4096];
    for (;;) {
        const ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (count > 0) {
            all.append(buffer, static_cast<std::size_t>(count));
        } else if (count == 0 || errno == ECONNRESET) {
            return all;
        } else {
            return std::nullopt;
        }
    }
}

void TcpClient::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

// ---- TlsClient

TlsClient::TlsClient(std::uint16_t port, const Options& options)
    : tcp_(port), context_(SSL_CTX_new(TLS_client_method())) {
    if (options.read_bytes > 0) {
        const int size = static_cast<int>(options.read_bytes);
        setsockopt(tcp_.descriptor(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    SSL_CTX* context = context_.get();
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    SSL_CTX_set_cert_cb(context, look_at_request, this);
    if (!options.chain.empty()) {
        SSL_CTX_use_certificate(context, read_certificate(options.chain.front()).get());
        for (std::size_t index = 1; index < options.chain.size(); ++index) {
            SSL_CTX_add1_chain_cert(context, read_certificate(options.chain[index]).get());
        }
        SSL_CTX_use_PrivateKey(context, read_key(options.key_pem).get());
    }
    ssl_.reset(SSL_new(context));
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_fd(ssl_.get(), tcp_.descriptor());
    SSL_set_connect_state(ssl_.get());
    if (!options.server_name.empty()) {
        SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
    }
    if (options.resume != nullptr) {
        SSL_set_session(ssl_.get(), options.resume);
    }
}

bool TlsClient::handshake() {
    return SSL_do_handshake(ssl_.get()) == 1;
}

void TlsClient::send(std::string_view bytes) {
    EXPECT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
}

std::string TlsClient::receive(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        const int got = SSL_read(ssl_.get(), bytes.data() + have, static_cast<int>(count - have));
        if (got <= 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

std::optional<std::string> TlsClient::receive_all() {
    std::string all;
    char buffer[16 * 1024];
    for (;;) {
        const int count = SSL_read(ssl_.get(), buffer, sizeof buffer);
        if (count <= 0) {
            const bool in_order = SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN;
            return in_order ? std::optional(all) : std::nullopt;
        }
        all.append(buffer, static_cast<std::size_t>(count));
    }
}

bool TlsClient::echoes(std::string_view bytes) {
    send(bytes);
    return receive(bytes.size()) == bytes;
}

int TlsClient::keep_session(SSL* ssl, SSL_SESSION* session) {
    static_cast<TlsClient*>(SSL_get_app_data(ssl))->session_.reset(session);
    return 1;
}

int TlsClient::look_at_request(SSL* ssl, void* self) {
    const int count = sk_X509_NAME_num(SSL_get0_peer_CA_list(ssl));
    static_cast<TlsClient*>(self)->authorities_named_ = count < 0 ? 0 : count;
    return 1;
}

} // namespace muster::net::fixture
