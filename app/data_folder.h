#pragma once
// The data folder of a server: database, private CA, server certificate, keys. Made at the first
// run; nothing in it has a default secret. Files that hold secrets have mode 0600.
//
//   muster.db      the database          lock           held while a server runs
//   muster.toml    the configuration of the first run, when none was given
//   ca.pem         hand this to devices  ca.key         0600
//   server.pem     the chain served      server.key     0600
//   secrets.toml   keys of the hubs      0600           ready.json  0600, while running
//   sealing.key    opens the database's secrets; 0600, may be elsewhere (key_file)
//   admin.token    the first administrator's token, 0600

#include "app/config.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/sealing.h"

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace muster::app {

/// A policy's two keys, decoded.
struct KeyPair {
    Secret primary;
    Secret secondary;
};

/// Keys by "scope:{id scope}" or "hub:{host name}", then policy name.
using PolicyKeys = std::map<std::string, std::map<std::string, KeyPair>>;

struct ServerCertificate {
    std::string chain_pem;
    Secret key_pem;
};

class DataFolder {
  public:
    /// Creates the folder (0700) if needed and takes its lock. Error: unavailable if another server
    /// holds it.
    static Result<DataFolder> open(const std::filesystem::path& path);

    [[nodiscard]] std::filesystem::path database() const { return path_ / "muster.db"; }

    [[nodiscard]] std::filesystem::path configuration() const { return path_ / "muster.toml"; }

    [[nodiscard]] std::filesystem::path ca_certificate() const { return path_ / "ca.pem"; }

    [[nodiscard]] std::filesystem::path ready_file() const { return path_ / "ready.json"; }

    [[nodiscard]] std::filesystem::path sealing_key() const { return path_ / "sealing.key"; }

    [[nodiscard]] std::filesystem::path admin_token() const { return path_ / "admin.token"; }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// The configuration of an earlier run, or the default one, which is then written.
    Result<ServerConfig> configuration_or_default(const std::vector<std::string>& listen,
                                                  const std::vector<std::string>& hosts,
                                                  Random& random);

    /// The keys of every hub's policies; missing ones are made and stored. Earlier versions kept
    /// the owner's keys of each instance here too, which are given back as found.
    Result<PolicyKeys> policy_keys(const ServerConfig& config, Random& random);

    /// A certificate for all these names from the folder's CA, made again when the names change or
    /// less than a third of its life is left.
    Result<ServerCertificate> server_certificate(const std::vector<std::string>& names,
                                                 const Clock& clock, Random& random);

  private:
    DataFolder(std::filesystem::path path, FileLock lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}

    std::filesystem::path path_;
    FileLock lock_;
};

/// `$MUSTER_DATA`, else `$XDG_DATA_HOME/muster`, else `~/.local/share/muster`.
std::filesystem::path default_data_folder();

/// The built-in policies and their rights, by the names the reference uses (dps-service 1.6,
/// iothub B.1).
inline constexpr const char* provisioning_owner = "provisioningserviceowner";
std::vector<std::string> hub_policy_names();

} // namespace muster::app
