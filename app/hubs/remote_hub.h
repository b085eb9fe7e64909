#pragma once
// A hub reached over its public REST API (reference: iothub B.1 to B.7, B.17): of another Muster,
// or a real Azure IoT Hub.

#include "base/clock.h"
#include "base/result.h"
#include "net/outgoing.h"
#include "provisioning/hubs.h"

#include <functional>
#include <memory>
#include <string>

namespace muster::app {

/// HostName, SharedAccessKeyName and SharedAccessKey of a hub's connection string.
struct HubConnection {
    std::string host; // perhaps with a port
    std::string policy;
    Secret key;
};

/// Sends one request; net::Outgoing in a server, a script in tests.
using SendRequest = std::function<Result<net::HttpReply>(const net::Outgoing::Request&)>;

/// Thread safe. The methods of provisioning::Hubs, for one hub; see there for the errors.
class RemoteHub {
  public:
    RemoteHub(HubConnection connection, SendRequest send, const Clock& clock);
    ~RemoteHub();

    Result<std::optional<provisioning::HubDevice>> find_device(const DeviceId& id);
    Result<void> create_device(const provisioning::HubDevice& device,
                               const provisioning::HubTwin& twin);
    Result<void> update_device(const provisioning::HubDevice& device);
    Result<void> delete_device(const DeviceId& id, const ETag& etag);
    Result<std::optional<provisioning::HubTwin>> find_twin(const DeviceId& id);
    Result<std::vector<provisioning::HubModule>> modules(const DeviceId& id);
    Result<void> put_module(const DeviceId& id, const provisioning::HubModule& module);

    /// Asks for what needs RegistryWrite and ServiceConnect, changing nothing.
    Result<void> check_rights();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace muster::app
