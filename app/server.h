#pragma once
// The whole server: builds the services on their stores, opens the ports, takes it all down again
// in order.

#include "app/config.h"
#include "app/data_folder.h"
#include "app/ready_file.h"
#include "base/result.h"
#include "provisioning/instances.h"

#include <chrono>
#include <memory>

namespace muster::app {

class Server {
  public:
    /// When it returns, connections are accepted.
    static Result<std::unique_ptr<Server>> start(const ServerConfig& config, DataFolder& folder);
    ~Server();

    /// Finishes what is in flight, waiting at most `grace`. Idempotent.
    void stop(std::chrono::milliseconds grace);

    [[nodiscard]] ReadyFile ready_file() const;

  private:
    [[nodiscard]] provisioning::InstancePtr shown_instance() const;

    struct Parts;
    explicit Server(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

} // namespace muster::app
