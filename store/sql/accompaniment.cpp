#include "store/sql/accompaniment.h"

#include "store/sql/audit_chain.h"
#include "store/sql/journal_rows.h"

namespace muster::store::sql {

Result<void> write_accompaniment(Connection& connection, const IdScope& scope,
                                 const provisioning::Write& write,
                                 const provisioning::JournalBounds& bounds) {
    if (write.change != nullptr) {
        if (Result<void> added = append_to_chain(connection, scope, *write.change); !added) {
            return added;
        }
    }
    if (write.event != nullptr) {
        return append_events(connection, scope, {write.event, 1}, bounds);
    }
    return {};
}

} // namespace muster::store::sql
