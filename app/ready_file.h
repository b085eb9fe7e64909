#pragma once
// The file that says where a running server is to be found, with the keys to use it.

#include "base/result.h"
#include "base/secret.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace muster::app {

struct ReadyHub {
    std::string name;
    std::string host_name;
    Secret connection_string;
};

struct ReadyFile {
    std::string id_scope;
    std::string provisioning_host;
    std::string provisioning_address; // connect here when the host name does not resolve
    std::uint16_t https_port = 443;
    std::uint16_t mqtt_port = 8883;
    std::string ca_file;
    Secret service_connection_string;
    std::string instance;         // by name
    std::string control_endpoint; // host of the control plane and the administration API
    Secret admin_token;           // empty if this server was not told one
    std::vector<ReadyHub> hubs;
};

/// Atomically, mode 0600.
Result<void> write_ready_file(const std::filesystem::path& path, const ReadyFile& ready);
Result<ReadyFile> read_ready_file(const std::filesystem::path& path);

/// `HostName=...;SharedAccessKeyName=...;SharedAccessKey=...`
Secret connection_string(const std::string& host, const std::string& policy, const Secret& key);

struct ConnectionString {
    std::string host;
    std::string policy;
    Secret key; // decoded
};

/// Names in any case and order. Error: malformed, without echoing the text.
Result<ConnectionString> parse_connection_string(std::string_view text);

} // namespace muster::app
