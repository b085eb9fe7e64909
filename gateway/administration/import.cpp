// Bulk import of individual enrollments: a thousand rows in one transaction, each with an outcome
// of its own. Repeating it changes nothing.

#include "gateway/administration/document_limits.h"
#include "gateway/administration/families.h"
#include "gateway/problem.h"
#include "provisioning/documents.h"

#include <map>
#include <set>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::ImportMode;
using provisioning::ImportOutcome;
using provisioning::IndividualEnrollment;

struct Refused {
    std::string registration_id; // as given; empty if the row has none
    Error error;
};

/// The rows of one request, sorted into those that can be asked for and those that cannot.
struct Batch {
    std::vector<IndividualEnrollment> rows;
    std::vector<std::size_t> indexes;       // of the rows, in the request
    std::map<std::size_t, Refused> refused; // by index in the request
};

struct Tally {
    std::int64_t created = 0;
    std::int64_t replaced = 0;
    std::int64_t unchanged = 0;

    void count(ImportOutcome outcome) {
        switch (outcome) {
        case ImportOutcome::created: ++created; return;
        case ImportOutcome::replaced: ++replaced; return;
        case ImportOutcome::unchanged: ++unchanged; return;
        }
        std::unreachable();
    }
};

Result<ImportMode> read_mode(const AdminCall& call) {
    const auto mode = call.parameter("mode");
    if (mode.empty() || mode == "keep") {
        return ImportMode::keep;
    }
    if (mode == "replace") {
        return ImportMode::replace;
    }
    return fail(Code::malformed, "mode must be keep or replace");
}

/// The array itself is copied out of the body, which is then gone.
Result<JsonArray> read_rows(const AdminCall& call) {
    auto body = body_of(call);
    if (!body) {
        return std::unexpected(body.error());
    }
    auto* rows = body->if_contains("enrollments");
    if (rows == nullptr || !rows->is_array()) {
        return fail(Code::malformed, "enrollments must be an array");
    }
    if (rows->as_array().size() > provisioning::import_rows_max) {
        return fail(Code::malformed, "an import takes 1000 enrollments at a time");
    }
    return std::move(rows->as_array());
}

Result<IndividualEnrollment> read_row(const Json& row) {
    if (!row.is_object()) {
        return fail(Code::malformed, "an enrollment must be an object");
    }
    if (const auto checked = check_document_limits(row); !checked) {
        return std::unexpected(checked.error());
    }
    return provisioning::individual_from_document(row.as_object());
}

std::string id_of(const Json& row) {
    const auto* object = row.if_object();
    return object == nullptr ? "" : string_member(*object, "registrationId").value_or("");
}

Batch sort_rows(const JsonArray& rows) {
    Batch batch;
    std::set<RegistrationId> seen;
    for (std::size_t index = 0; index < rows.size(); ++index) {
        auto row = read_row(rows[index]);
        if (row && !seen.insert(row->id).second) {
            row = fail(Code::malformed, "the registration id stands in this import already");
        }
        if (!row) {
            batch.refused[index] = {id_of(rows[index]), row.error()};
            continue;
        }
        batch.rows.push_back(*std::move(row));
        batch.indexes.push_back(index);
    }
    return batch;
}

JsonObject refused_document(std::size_t index, const Refused& refused) {
    const auto problem = problem_of(refused.error.code, Subject::enrollment);
    const auto refusal = make_refusal(problem, refused.error, {});
    return {{"index", index},
            {"registrationId", refused.registration_id},
            {"errorCode", refusal.problem.error_code},
            {"message", refusal.message}};
}

JsonObject to_document(const Tally& tally, const Batch& batch) {
    JsonArray refused;
    for (const auto& [index, why] : batch.refused) {
        refused.push_back(refused_document(index, why));
    }
    return {{"created", tally.created},
            {"replaced", tally.replaced},
            {"unchanged", tally.unchanged},
            {"refused", std::move(refused)}};
}

AdminAnswer import_batch(const AdminCall& call, provisioning::Enrollments& enrollments,
                         ImportMode mode, Batch batch) {
    std::vector<std::string> ids;
    for (const auto& row : batch.rows) {
        ids.push_back(row.id.text());
    }
    Tally tally;
    if (!batch.rows.empty()) {
        const auto outcomes = enrollments.import(std::move(batch.rows), mode, call.by());
        if (!outcomes) {
            return std::unexpected(outcomes.error());
        }
        for (std::size_t i = 0; i < outcomes->size(); ++i) {
            if (const auto& outcome = (*outcomes)[i]) {
                tally.count(*outcome);
            } else {
                batch.refused[batch.indexes[i]] = {ids[i], outcome.error()};
            }
        }
    }
    return answer_with(200, to_document(tally, batch));
}

} // namespace

AdminAnswer import_enrollments(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    const auto mode = read_mode(call);
    if (!mode) {
        return std::unexpected(mode.error());
    }
    const auto rows = read_rows(call);
    if (!rows) {
        return std::unexpected(rows.error());
    }
    return import_batch(call, *reached->site->enrollments, *mode, sort_rows(*rows));
}

} // namespace muster::gateway
