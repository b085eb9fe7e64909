#pragma once
// How commands reach the administration API (docs/administration-api.md) and, with the same token,
// the service API of an instance.

#include "app/api_client.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace muster::app {

/// With nothing set, the local server's ready file and its administrator's token.
struct AdministrationOptions {
    std::string server;   // host name, with :port if it is not 443
    std::string address;  // connect here instead of resolving the host name
    std::string ca_file;  // PEM
    std::string token;    // mst_...
    std::string instance; // default: the one the ready file names
    std::filesystem::path data;
};

/// --server, --address, --ca, --token (MUSTER_TOKEN), --data.
void add_administration_options(CLI::App& command, AdministrationOptions& options);
/// The same, and --instance.
void add_instance_options(CLI::App& command, AdministrationOptions& options);

class Administration {
  public:
    /// Errors: unavailable (no server here), malformed (flags), unauthenticated (no token).
    static Result<Administration> connect(const AdministrationOptions& options);

    [[nodiscard]] ApiClient& api() { return api_; }

    /// The server's name, with :port if it is not 443.
    [[nodiscard]] std::string host() const;

    /// Error: malformed, if neither the options nor the ready file name an instance.
    [[nodiscard]] Result<std::string> instance() const;
    /// "/muster/instances/{name}", percent-encoded. Error as above.
    [[nodiscard]] Result<std::string> instance_path() const;

    /// The service API at the first of the instance's hosts, through the same address.
    [[nodiscard]] Result<ApiClient> service();

  private:
    struct Reach {
        std::string host;
        std::string address;
        std::uint16_t port = 443;
        std::string ca_pem;
        Secret token;
        std::string instance;
    };

    static Result<Reach> reach_of(const AdministrationOptions& options);
    static ApiClient client_for(const Reach& reach, const std::string& host);
    explicit Administration(Reach reach);

    Reach reach_;
    ApiClient api_;
};

} // namespace muster::app
