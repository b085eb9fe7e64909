#pragma once
// What the stores over a database are told once.

#include "crypto/sealing.h"
#include "provisioning/journal.h"

#include <memory>

namespace muster::store::sql {

struct Settings {
    std::shared_ptr<const crypto::KeyRing> keys; // null: documents are stored in the clear
    provisioning::JournalBounds journal;
};

} // namespace muster::store::sql
