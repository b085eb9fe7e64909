#pragma once
// Endpoints and routes as the configuration of a hub has them (docs/operating/events.md).

#include "base/secret.h"
#include "hub/routing/route.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace muster::app {

struct WebhookConfig {
    Secret url;                             // its query may be a key
    std::filesystem::path signing_key_file; // base64 of 16 to 64 bytes; empty: nothing is signed
};

struct NatsConfig {
    std::vector<std::string> servers; // nats:// or tls://, without users or passwords
    std::string subject = "muster.{hub}.{source}.{device}"; // nats_subject.h
    std::string stream; // made if it is not there; empty: whichever takes the subjects
    std::string user;
    std::filesystem::path password_file; // of the user
    std::filesystem::path token_file;
    std::filesystem::path credentials_file;
    std::filesystem::path ca_file;
    std::filesystem::path certificate_file; // with key_file
    std::filesystem::path key_file;
};

struct EndpointConfig {
    std::string name;
    std::variant<WebhookConfig, NatsConfig> target;
    std::uint32_t line = 0; // of the file; 0 if it came from none, here and below
};

struct RouteConfig {
    hub::Route route;
    std::uint32_t line = 0;
};

} // namespace muster::app
