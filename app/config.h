#pragma once
// The configuration of `muster serve`: a TOML file, overridden by the environment and by flags.
// Every mistake in the file is reported, each with its line.

#include "app/endpoints/endpoint_config.h"
#include "app/places/places.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "hub/limits/rates.h"
#include "provisioning/enrollment.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

struct HubConfig {
    std::string name;       // what people call it, "hub-1"
    HubName host;           // what devices call it: a DNS name or an IP address
    std::uint32_t line = 0; // of the file; 0 if it came from none, here and below
    std::int64_t devices_max = 1'000'000;
    std::size_t modules_max = 50; // of one device
    /// PEM, any number of authorities whose devices prove themselves by certificate; may be empty.
    std::filesystem::path ca_file;
    std::int64_t telemetry_messages_max = 1'000'000;
    int telemetry_days_max = 7;
    std::int64_t telemetry_megabytes_max = 16 * 1024;
    int partitions = 4;
    // Beside telemetry: "twin-changes", "lifecycle", "connections". None, as in a new hub of the
    // real service.
    std::vector<std::string> events;
    int message_deliveries_max = 10; // of a message to a device, before it is given up
    int message_minutes = 60;        // that it waits, if its sender names no expiry
    std::optional<hub::Tier> tier;   // whose limits are imitated; absent: generous ones
    int units = 1;                   // of the tier
    std::vector<std::string> unthrottled_policies;
    std::string location; // for geoLatency; parse_location reads it, or it is empty
    std::vector<EndpointConfig> endpoints;
    std::vector<RouteConfig> routes;
};

struct HubLink {
    std::string hub; // HubConfig::name
    int weight = 1;  // 1 to 1000
    bool apply_allocation_policy = true;
    std::uint32_t line = 0;
    std::optional<std::int64_t> devices_max; // of this instance; absent: as many as the hub takes
};

struct CaFile {
    std::string name;
    std::filesystem::path file;
    bool verified = true; // whoever can write the configuration is believed
};

/// Made at the first start that knows it; from then on the control plane owns it
/// (docs/decisions/0008-who-owns-an-instance.md).
struct InstanceConfig {
    IdScope scope;
    std::string name;               // default: the scope in lower case
    std::string tenant = "default"; // the resource group
    std::vector<std::string> hosts; // lower case; the first is the one shown to people
    provisioning::AllocationPolicy default_policy = provisioning::AllocationPolicy::hashed;
    std::vector<HubLink> links; // empty in the file: every hub of the file, weight 1
    std::vector<CaFile> certificates;
    std::uint32_t line = 0;
};

/// Where webhooks and hubs of others may be called inside the own network. Outside of it they may
/// be called everywhere.
struct OutgoingConfig {
    std::vector<std::string> allow; // "10.0.0.0/8", "hub.example.org": ranges and host names
    std::filesystem::path ca_file;  // PEM, trusted beside the system's; may be empty
};

struct ServerConfig {
    std::vector<std::string> listen{"127.0.0.1"}; // addresses; hubs named by address are added
    std::uint16_t https_port = 443;
    std::uint16_t mqtt_port = 8883;
    std::vector<std::string> hosts;         // further names the certificate must cover
    std::string domain = "muster.internal"; // the service API of instance x is at x.{domain}
    bool new_admin_token = false;   // by flag only: issue an owner's token into the data folder
    std::filesystem::path key_file; // that seals secrets; empty: sealing.key in the data folder
    std::size_t workers = 64;
    log::Level log_level = log::Level::info;
    std::vector<InstanceConfig> instances;
    std::vector<HubConfig> hubs;
    std::vector<NetworkPlace> networks;
    std::filesystem::path geo_database; // in MaxMind's format; empty: none
    OutgoingConfig outgoing;
};

/// Parses and checks. The error's detail has one line for each mistake: `FILE:LINE: what is wrong`.
Result<ServerConfig> parse_config(std::string_view text, const std::string& file_name);

struct Contradiction {
    std::uint32_t line = 0; // where it shows in the file, 0 if nowhere
    std::string what;
};

/// Cross-checks that hold however the configuration came about: addresses to listen on, ports that
/// differ, at least one instance and hub, links to hubs that exist, no host name served twice.
std::optional<Contradiction> find_contradiction(const ServerConfig& config);

/// What `serve` uses when there is no file: one instance and two hubs. On a loopback address the
/// hubs get the next two addresses as their host names, so that unmodified SDKs on this machine
/// reach them without name service; otherwise they are named hub-1.HOST and hub-2.HOST after the
/// first of `hosts`. Error: malformed if neither is possible.
Result<ServerConfig> default_config(const IdScope& scope, const std::vector<std::string>& listen,
                                    const std::vector<std::string>& hosts);

/// The file that parse_config reads back to the same value, with comments for people.
std::string format_config(const ServerConfig& config);

/// Every address to bind: `listen` and the hubs that are named by an address of their own.
std::vector<std::string> addresses_of(const ServerConfig& config);

/// Every name and address the server certificate must cover, without duplicates.
std::vector<std::string> names_of(const ServerConfig& config);

bool is_ip_address(std::string_view text);
bool is_loopback_address(std::string_view text);
bool is_any_address(std::string_view text);

} // namespace muster::app
