#include "store/sql/stores.h"

#include "store/sql/job_ports.h"
#include "store/sql/operator_ports.h"
#include "store/sql/ports.h"
#include "store/sql/usages.h"

namespace muster::store::sql {

namespace {

class SqlStores final : public Stores {
  public:
    SqlStores(std::unique_ptr<Database> database, Settings settings)
        : database_(std::move(database)), settings_(std::move(settings)) {}

    provisioning::EnrollmentStore& enrollments() override { return enrollments_; }

    provisioning::RegistrationStore& registrations() override { return registrations_; }

    provisioning::InstanceStore& instances() override { return instances_; }

    provisioning::TokenStore& tokens() override { return tokens_; }

    provisioning::AuditStore& audit() override { return audit_; }

    provisioning::JournalStore& journal() override { return journal_; }

    provisioning::FleetOperationStore& fleet_operations() override { return fleet_operations_; }

    hub::DeviceStore& devices() override { return devices_; }

    hub::SessionStore& sessions() override { return sessions_; }

    hub::EventStore& events() override { return events_; }

    hub::MessageStore& messages() override { return messages_; }

    hub::FeedbackStore& feedback() override { return feedback_; }

    hub::TwinQueries& twin_queries() override { return twin_queries_; }

    hub::PresenceStore& presences() override { return presences_; }

    hub::JobStore& jobs() override { return jobs_; }

    hub::ConfigurationStore& configurations() override { return configurations_; }

    hub::UsageStore& usage() override { return usages_; }

  private:
    std::unique_ptr<Database> database_;
    const Settings settings_;
    Enrollments enrollments_{*database_, settings_};
    Registrations registrations_{*database_, settings_};
    Instances instances_{*database_, settings_};
    Tokens tokens_{*database_};
    Audit audit_{*database_};
    Journal journal_{*database_, settings_};
    FleetOperations fleet_operations_{*database_};
    Devices devices_{*database_, settings_};
    Sessions sessions_{*database_};
    Events events_{*database_};
    Messages messages_{*database_};
    Feedback feedback_{*database_};
    TwinQueries twin_queries_{*database_};
    Presences presences_{*database_};
    Jobs jobs_{*database_, settings_};
    Configurations configurations_{*database_, settings_};
    Usages usages_{*database_};
};

} // namespace

std::unique_ptr<Stores> make_stores(std::unique_ptr<Database> database, Settings settings) {
    return std::make_unique<SqlStores>(std::move(database), std::move(settings));
}

} // namespace muster::store::sql
