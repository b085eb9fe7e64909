#include "store/stores.h"

#include "store/memory/job_ports.h"
#include "store/memory/operator_ports.h"
#include "store/memory/ports.h"
#include "store/memory/usages.h"

namespace muster::store {

namespace {

class MemoryStores final : public Stores {
  public:
    explicit MemoryStores(const provisioning::JournalBounds& journal) {
        tables_.trails.bounds = journal;
    }

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
    memory::Tables tables_;
    memory::Enrollments enrollments_{tables_};
    memory::Registrations registrations_{tables_};
    memory::Instances instances_{tables_};
    memory::Tokens tokens_{tables_};
    memory::Audit audit_{tables_};
    memory::Journal journal_{tables_};
    memory::FleetOperations fleet_operations_{tables_};
    memory::Devices devices_{tables_};
    memory::Sessions sessions_{tables_};
    memory::Events events_{tables_};
    memory::Messages messages_{tables_};
    memory::Feedback feedback_{tables_};
    memory::TwinQueries twin_queries_{tables_};
    memory::Presences presences_{tables_};
    memory::Jobs jobs_{tables_};
    memory::Configurations configurations_{tables_};
    memory::Usages usages_{tables_};
};

} // namespace

std::unique_ptr<Stores> make_memory_stores(const provisioning::JournalBounds& journal) {
    return std::make_unique<MemoryStores>(journal);
}

} // namespace muster::store
