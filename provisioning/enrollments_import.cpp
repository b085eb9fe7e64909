// Import of many individual enrollments: one read and one write of the store for a batch, however
// large the instance has grown.

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/keys.h"
#include "provisioning/completion.h"
#include "provisioning/documents.h"
#include "provisioning/enrollment_audit.h"
#include "provisioning/enrollment_desk.h"
#include "provisioning/enrollments.h"
#include "provisioning/stamps.h"

#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>

namespace muster::provisioning {

namespace {

using Rows = std::vector<IndividualEnrollment>;
using Outcomes = std::vector<Result<ImportOutcome>>;
/// Positions of rows.
using Places = std::vector<std::size_t>;
using StoredById = std::unordered_map<RegistrationId, IndividualEnrollment>;

Result<void> check_rows(const Rows& rows) {
    if (rows.size() > import_rows_max) {
        return fail(Code::malformed,
                    "an import takes at most " + std::to_string(import_rows_max) + " rows");
    }
    std::set<std::string_view> ids;
    for (const IndividualEnrollment& row : rows) {
        if (!ids.insert(row.id.folded()).second) {
            return fail(Code::malformed, "'" + row.id.text() + "' is there twice");
        }
    }
    return {};
}

/// But for the stamp, which a caller does not set.
bool says_the_same(IndividualEnrollment left, const IndividualEnrollment& right) {
    left.stamp = right.stamp;
    return to_document(left, View::stored) == to_document(right, View::stored);
}

class Import {
  public:
    Import(const Desk& desk, const Rows& rows, ImportMode mode)
        : desk_(desk), rows_(rows), mode_(mode), outcomes_(rows.size(), ImportOutcome::unchanged) {}

    /// Decides about these rows and writes what has to be written.
    Result<void> run(const Places& places);

    /// Rows that somebody else changed in between.
    [[nodiscard]] Places conflicts() const;

    void give_up(const Places& places, const Error& error) {
        for (const std::size_t place : places) {
            outcomes_[place] = std::unexpected(error);
        }
    }

    /// One for each row.
    Outcomes finish() &&;

  private:
    /// What is to be written of one round, with the place of each row.
    struct Batch {
        std::vector<IndividualWrite> writes;
        Places places;
    };

    Result<StoredById> load(const Places& places);
    Batch decide(const Places& places, const StoredById& stored);
    std::variant<IndividualWrite, Result<ImportOutcome>>
    decide_row(const IndividualEnrollment& row, const IndividualEnrollment* stored);
    [[nodiscard]] Change change_of(const std::vector<IndividualWrite>& writes) const;
    Result<void> write(const Batch& batch);

    const Desk& desk_;
    const Rows& rows_;
    ImportMode mode_;
    Outcomes outcomes_;
};

Result<void> Import::run(const Places& places) {
    const auto stored = load(places);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    return write(decide(places, *stored));
}

Result<StoredById> Import::load(const Places& places) {
    std::vector<RegistrationId> ids;
    ids.reserve(places.size());
    for (const std::size_t place : places) {
        ids.push_back(rows_[place].id);
    }
    auto found = desk_.enrollments.find_individuals(desk_.instance->scope, ids);
    if (!found) {
        return std::unexpected(std::move(found).error());
    }
    StoredById stored;
    for (IndividualEnrollment& one : *found) {
        RegistrationId id = one.id;
        stored.emplace(std::move(id), std::move(one));
    }
    return stored;
}

Import::Batch Import::decide(const Places& places, const StoredById& stored) {
    Batch batch;
    for (const std::size_t place : places) {
        const auto found = stored.find(rows_[place].id);
        auto decision = decide_row(rows_[place], found == stored.end() ? nullptr : &found->second);
        if (auto* write = std::get_if<IndividualWrite>(&decision)) {
            batch.writes.push_back(std::move(*write));
            batch.places.push_back(place);
        } else {
            outcomes_[place] = std::get<Result<ImportOutcome>>(std::move(decision));
        }
    }
    return batch;
}

std::variant<IndividualWrite, Result<ImportOutcome>>
Import::decide_row(const IndividualEnrollment& row, const IndividualEnrollment* stored) {
    auto next = completed(row, stored, *desk_.instance, desk_.random);
    if (!next) {
        return Result<ImportOutcome>(std::unexpected(std::move(next).error()));
    }
    const Mark mark = new_mark(desk_.clock, desk_.random);
    if (stored == nullptr) {
        next->stamp = first_stamp(mark);
        return IndividualWrite{*std::move(next), Expected{0}};
    }
    if (says_the_same(*next, *stored)) {
        return Result<ImportOutcome>(ImportOutcome::unchanged);
    }
    if (mode_ == ImportMode::keep) {
        return Result<ImportOutcome>(
            fail(Code::already_exists, "the enrollment is there already and says something else"));
    }
    next->stamp = next_stamp(stored->stamp, mark);
    return IndividualWrite{*std::move(next), Expected{stored->stamp.version}};
}

/// Names the rows; what they say stands in the digest, so that an entry of a million-row import is
/// not another copy of the fleet: SHA-256 over each row's audited document and a line feed.
Change Import::change_of(const std::vector<IndividualWrite>& writes) const {
    JsonArray created;
    JsonArray replaced;
    std::string documents;
    for (const IndividualWrite& write : writes) {
        (write.expected.version == 0 ? created : replaced).emplace_back(write.enrollment.id.text());
        documents += to_text(audited_document(write.enrollment)) + '\n';
    }
    return {.at = desk_.clock.wall(),
            .by = desk_.by,
            .action = "enrollment.import",
            .resource = "enrollments",
            .before = std::nullopt,
            .after = JsonObject{{"created", std::move(created)},
                                {"replaced", std::move(replaced)},
                                {"sha256", hex_encode_lower(crypto::sha256(documents))}}};
}

Result<void> Import::write(const Batch& batch) {
    if (batch.writes.empty()) {
        return {};
    }
    const Change change = change_of(batch.writes);
    auto written = desk_.enrollments.save_all(
        desk_.instance->scope, batch.writes,
        Write(Expected{}).limited(desk_.instance->quotas.enrollments).audited(change));
    if (!written) {
        return std::unexpected(std::move(written).error());
    }
    CHECK(written->size() == batch.writes.size());
    for (std::size_t i = 0; i < batch.writes.size(); ++i) {
        const bool is_new = batch.writes[i].expected.version == 0;
        Result<ImportOutcome>& outcome = outcomes_[batch.places[i]];
        if ((*written)[i]) {
            outcome = is_new ? ImportOutcome::created : ImportOutcome::replaced;
        } else {
            outcome = std::unexpected(std::move((*written)[i]).error());
        }
    }
    return {};
}

Places Import::conflicts() const {
    Places places;
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
        if (!outcomes_[i] && outcomes_[i].error().code == Code::conflict) {
            places.push_back(i);
        }
    }
    return places;
}

Outcomes Import::finish() && {
    for (const std::size_t place : conflicts()) {
        outcomes_[place] =
            fail(Code::unavailable, "changed by somebody else at the same time, try again");
    }
    return std::move(outcomes_);
}

} // namespace

Result<Outcomes> Enrollments::import(std::vector<IndividualEnrollment> rows, ImportMode mode,
                                     const Principal& by) {
    if (auto checked = check_rows(rows); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    Places places(rows.size());
    std::iota(places.begin(), places.end(), 0U);
    const Desk at = desk(by);
    Import import(at, rows, mode);
    if (auto done = import.run(places); !done) {
        return std::unexpected(std::move(done).error());
    }
    if (const Places again = import.conflicts(); !again.empty()) {
        if (auto done = import.run(again); !done) {
            import.give_up(again, done.error()); // what was written before stays written
        }
    }
    return std::move(import).finish();
}

} // namespace muster::provisioning
