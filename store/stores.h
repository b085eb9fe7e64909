#pragma once
// All storage ports of one data folder, from one engine. The owner outlives the services.

#include "base/result.h"
#include "crypto/sealing.h"
#include "hub/ports.h"
#include "provisioning/administration/tokens.h"
#include "provisioning/fleet/operation.h"
#include "provisioning/ports.h"

#include <cstddef>
#include <filesystem>
#include <memory>

namespace muster::store {

class Stores {
  public:
    virtual ~Stores() = default;
    virtual provisioning::EnrollmentStore& enrollments() = 0;
    virtual provisioning::RegistrationStore& registrations() = 0;
    virtual provisioning::InstanceStore& instances() = 0;
    virtual provisioning::TokenStore& tokens() = 0;
    virtual provisioning::AuditStore& audit() = 0;
    virtual provisioning::JournalStore& journal() = 0;
    virtual provisioning::FleetOperationStore& fleet_operations() = 0;
    virtual hub::DeviceStore& devices() = 0;
    virtual hub::SessionStore& sessions() = 0;
    virtual hub::EventStore& events() = 0;
    virtual hub::MessageStore& messages() = 0;
    virtual hub::FeedbackStore& feedback() = 0;
    virtual hub::TwinQueries& twin_queries() = 0;
    virtual hub::PresenceStore& presences() = 0;
    virtual hub::JobStore& jobs() = 0;
    virtual hub::ConfigurationStore& configurations() = 0;
    virtual hub::UsageStore& usage() = 0;

    hub::StorePorts hub() {
        return {.devices = devices(),
                .sessions = sessions(),
                .events = events(),
                .messages = messages(),
                .feedback = feedback(),
                .queries = twin_queries(),
                .presences = presences(),
                .jobs = jobs(),
                .configurations = configurations(),
                .usage = usage()};
    }
};

/// The model that the other engines are held to; keeps everything in memory. Thread safe.
std::unique_ptr<Stores> make_memory_stores(const provisioning::JournalBounds& journal = {});

struct SqliteOptions {
    std::filesystem::path file;
    std::size_t readers = 8;          // read connections
    std::size_t group_rows_max = 512; // writes committed together at most
    std::size_t queue_max = 8192;     // writes waiting; beyond it Code::unavailable
    provisioning::JournalBounds journal;
    /// Seals every document that may hold a secret: enrollments, groups, registrations, instances
    /// and hub identities. Null: stored in the clear, for tests of the SQL alone.
    std::shared_ptr<const crypto::KeyRing> keys;
};

/// Opens or creates the database and brings its schema up to date. A newer schema than ours is
/// refused (Code::unsupported). Durable: WAL with synchronous=FULL.
Result<std::unique_ptr<Stores>> open_sqlite_stores(const SqliteOptions& options);

struct SealingProgress {
    std::int64_t documents = 0; // looked at
    std::int64_t sealed = 0;    // that were in the clear or under another key, and now are not
};

/// Seals whatever is not under the current key of `keys`, in bounded transactions; may be
/// interrupted and repeated. The database must not be in use by a server.
Result<SealingProgress> seal_database(const std::filesystem::path& file,
                                      const crypto::KeyRing& keys);

/// The same where something is left to do: in a database of a version that sealed nothing, and in
/// one whose sealing was interrupted. Does not look at the rows of any other. The keys must have
/// been written to their file: what is sealed cannot be read without. Stores may have the database
/// open, but not work on it.
Result<SealingProgress> finish_sealing(const std::filesystem::path& file,
                                       const crypto::KeyRing& keys);

} // namespace muster::store
