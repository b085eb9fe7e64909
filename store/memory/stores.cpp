#include "store/stores.h"

#include "store/memory/ports.h"

namespace muster::store {

namespace {

class MemoryStores final : public Stores {
  public:
    provisioning::EnrollmentStore& enrollments() override { return enrollments_; }

    provisioning::RegistrationStore& registrations() override { return registrations_; }

    hub::DeviceStore& devices() override { return devices_; }

    hub::SessionStore& sessions() override { return sessions_; }

    hub::TelemetryStore& telemetry() override { return telemetry_; }

  private:
    memory::Tables tables_;
    memory::Enrollments enrollments_{tables_};
    memory::Registrations registrations_{tables_};
    memory::Devices devices_{tables_};
    memory::Sessions sessions_{tables_};
    memory::Telemetry telemetry_{tables_};
};

} // namespace

std::unique_ptr<Stores> make_memory_stores() {
    return std::make_unique<MemoryStores>();
}

} // namespace muster::store
