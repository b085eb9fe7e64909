#include "store/sql/stores.h"

#include "store/sql/ports.h"

namespace muster::store::sql {

namespace {

class SqlStores final : public Stores {
  public:
    explicit SqlStores(std::unique_ptr<Database> database) : database_(std::move(database)) {}

    provisioning::EnrollmentStore& enrollments() override { return enrollments_; }

    provisioning::RegistrationStore& registrations() override { return registrations_; }

    hub::DeviceStore& devices() override { return devices_; }

    hub::SessionStore& sessions() override { return sessions_; }

    hub::TelemetryStore& telemetry() override { return telemetry_; }

  private:
    std::unique_ptr<Database> database_;
    Enrollments enrollments_{*database_};
    Registrations registrations_{*database_};
    Devices devices_{*database_};
    Sessions sessions_{*database_};
    Telemetry telemetry_{*database_};
};

} // namespace

std::unique_ptr<Stores> make_stores(std::unique_ptr<Database> database) {
    return std::make_unique<SqlStores>(std::move(database));
}

} // namespace muster::store::sql
