#pragma once
// What the two TLS classes hold, for the other files of this folder.

#include "net/openssl.h"
#include "net/tls.h"

namespace muster::net {

struct ServerTls::Context {
    SslContext ssl;
};

struct ClientTls::Context {
    SslContext ssl;
};

} // namespace muster::net
