#pragma once
// The rows of the event log, for whichever store writes or reads them: events come by themselves
// or with the change that they tell of.

#include "base/ids.h"
#include "hub/events/event.h"
#include "store/sql/database.h"

#include <string>
#include <vector>

namespace muster::store::sql {

/// A batch on its way into the log: encoded when it is made, outside the transaction.
class EventAppend {
  public:
    /// The batch and the name outlive this.
    EventAppend(const HubName& hub, hub::EventBatch& batch);

    /// Within the transaction, which may be tried again.
    Result<void> run(Connection& connection);

    /// Gives the events their sequences; after the transaction.
    void committed();

  private:
    /// The columns that need encoding.
    struct Encoded {
        std::string properties;
        std::string model_id;
        std::int64_t bytes = 0;
    };

    [[nodiscard]] Result<void> insert(Connection& connection, std::size_t at,
                                      std::int64_t sequence) const;

    const HubName& hub_;
    hub::EventBatch& batch_;
    std::vector<Encoded> encoded_;
    std::int64_t bytes_ = 0; // of the batch
    std::int64_t last_ = 0;
};

/// The work and the events that tell of it in one transaction; then the events know their
/// sequences.
Result<void> write_with_events(Database& database, const HubName& hub, hub::EventBatch& batch,
                               const Work& work);

/// A row as copied, to be decoded once the connection is free again.
struct CopiedEvent {
    hub::Event event;
    std::string properties;
    std::string model_id;
};

/// The row's columns: sequence, part, source, enqueued, device, module, bytes, properties,
/// auth_method, generation_id, model_id, body.
CopiedEvent copy_event(const Row& row);
Result<hub::Event> event_from(CopiedEvent copied);

} // namespace muster::store::sql
