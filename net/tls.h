#pragma once
// TLS settings for both sides. OpenSSL types stay in the .cpp files.

#include "base/result.h"
#include "base/secret.h"

#include <memory>
#include <string>

namespace muster::net {

/// Server side (reference: dps-device 1.2): TLS 1.2 and 1.3, a client certificate requested and
/// never required, an empty CA list, no handshake failed over a certificate (only over a chain of
/// more than 48 KiB), SNI disregarded.
/// Resumption by tickets only; a ticket carries the peer's whole chain, so that a resumed X.509
/// device is still who it was. Thread safe.
class ServerTls {
  public:
    struct Options {
        std::string certificate_chain_pem; // leaf first
        Secret key_pem;
    };

    static Result<ServerTls> make(const Options& options);
    ServerTls(ServerTls&&) noexcept;
    ServerTls& operator=(ServerTls&&) noexcept;
    ~ServerTls();

    struct Context;

    [[nodiscard]] const Context& context() const { return *context_; }

  private:
    explicit ServerTls(std::shared_ptr<Context> context);
    std::shared_ptr<Context> context_;
};

/// Client side: verifies the server against the given CAs and its name; may present a certificate.
class ClientTls {
  public:
    struct Options {
        std::string ca_pem;                // empty: the system's store
        std::string certificate_chain_pem; // empty: none presented
        Secret key_pem;
    };

    static Result<ClientTls> make(const Options& options);
    ClientTls(ClientTls&&) noexcept;
    ClientTls& operator=(ClientTls&&) noexcept;
    ~ClientTls();

    struct Context;

    [[nodiscard]] const Context& context() const { return *context_; }

  private:
    explicit ClientTls(std::shared_ptr<Context> context);
    std::shared_ptr<Context> context_;
};

} // namespace muster::net
