#include "gateway/service_bulk.h"

#include "base/json.h"
#include "base/text.h"
#include "gateway/problem.h"
#include "provisioning/documents.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::gateway {

namespace {

using provisioning::BulkItem;
using provisioning::BulkMode;
using provisioning::EnrollmentGroup;
using provisioning::IndividualEnrollment;

/// What the two kinds call their parts.
template <class Resource>
struct Kind;

template <>
struct Kind<IndividualEnrollment> {
    static constexpr std::string_view list = "enrollments";
    static constexpr std::string_view id = "registrationId";
    static constexpr Subject subject = Subject::enrollment;
    static constexpr auto parse_id = parse_registration_id;
    static constexpr auto read_document = provisioning::individual_from_document;
};

template <>
struct Kind<EnrollmentGroup> {
    static constexpr std::string_view list = "enrollmentGroups";
    static constexpr std::string_view id = "enrollmentGroupId";
    static constexpr Subject subject = Subject::enrollment_group;
    static constexpr auto parse_id = parse_enrollment_group_id;
    static constexpr auto read_document = provisioning::group_from_document;
};

struct BulkRequest {
    BulkMode mode = BulkMode::create;
    std::vector<JsonObject> documents;
};

Result<std::vector<JsonObject>> read_documents(const JsonObject& body, std::string_view list) {
    const auto* member = find_member(body, list);
    const auto* array = member == nullptr ? nullptr : member->if_array();
    if (array == nullptr) {
        return fail(Code::malformed, std::string(list) + " is not a list");
    }
    if (array->size() > provisioning::bulk_items_max) {
        return fail(Code::malformed, "a bulk operation takes at most 10 items");
    }
    std::vector<JsonObject> documents;
    for (const auto& item : *array) {
        if (!item.is_object()) {
            return fail(Code::malformed, std::string(list) + " has an item that is no object");
        }
        documents.push_back(item.get_object());
    }
    return documents;
}

Result<BulkRequest> read_request(std::string_view text, std::string_view list) {
    const auto body = parse_json_object(text);
    if (!body) {
        return std::unexpected(body.error());
    }
    const auto mode = string_member(*body, "mode");
    if (!mode) {
        return std::unexpected(mode.error());
    }
    const auto known = provisioning::parse_bulk_mode(*mode);
    if (!known) {
        return fail(Code::malformed,
                    "mode is none of create, update, updateIfMatchETag and delete");
    }
    auto documents = read_documents(*body, list);
    if (!documents) {
        return std::unexpected(documents.error());
    }
    return BulkRequest{.mode = *known, .documents = std::move(*documents)};
}

/// As the caller wrote it; empty if there is none.
std::string id_text(const JsonObject& document, std::string_view member) {
    return string_member(document, member).value_or(std::string());
}

/// Also ids of items that are refused for something else: which of the two would count?
Result<void> check_ids_differ(const std::vector<JsonObject>& documents, std::string_view member) {
    std::set<std::string> seen;
    for (const auto& document : documents) {
        const auto id = to_lower(id_text(document, member));
        if (!id.empty() && !seen.insert(id).second) {
            return fail(Code::malformed, "the same " + std::string(member) + " comes twice");
        }
    }
    return {};
}

/// To delete something, its id is all that must be right (dps-service 13.1, 32).
template <class Resource>
Result<Resource> read_resource(BulkMode mode, const JsonObject& document) {
    if (mode != BulkMode::erase) {
        return Kind<Resource>::read_document(document);
    }
    auto id = Kind<Resource>::parse_id(id_text(document, Kind<Resource>::id));
    if (!id) {
        return std::unexpected(id.error());
    }
    Resource resource;
    resource.id = std::move(*id);
    return resource;
}

template <class Resource>
Result<BulkItem<Resource>> read_item(BulkMode mode, const JsonObject& document) {
    auto resource = read_resource<Resource>(mode, document);
    if (!resource) {
        return std::unexpected(resource.error());
    }
    const auto etag = string_member(document, "etag");
    if (!etag && mode != BulkMode::erase) {
        return std::unexpected(etag.error());
    }
    return BulkItem<Resource>{.resource = std::move(*resource),
                              .etag = ETag(etag.value_or(std::string()))};
}

/// An outcome for each document, in order; those that cannot be read never reach the use case.
template <class Resource>
Result<std::vector<Result<void>>> run(const BulkCall& call, const BulkRequest& request) {
    std::vector<Result<void>> outcomes(request.documents.size());
    std::vector<std::size_t> places;
    std::vector<BulkItem<Resource>> items;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        auto item = read_item<Resource>(request.mode, request.documents[i]);
        if (!item) {
            outcomes[i] = std::unexpected(item.error());
            continue;
        }
        places.push_back(i);
        items.push_back(std::move(*item));
    }
    if (items.empty()) {
        return outcomes;
    }
    auto done = call.enrollments.bulk(request.mode, std::move(items), call.by);
    if (!done) {
        return std::unexpected(done.error());
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
        outcomes[places[i]] = std::move((*done)[i]);
    }
    return outcomes;
}

/// The refusal of one item, numbered as that of the same PUT or DELETE, and logged like one.
template <class Resource>
JsonObject item_error(const BulkCall& call, const JsonObject& document, const Error& error) {
    const auto id = id_text(document, Kind<Resource>::id);
    const auto refusal = make_refusal(problem_of(error.code, Kind<Resource>::subject), error,
                                      call.exchange.tracking);
    log_refusal(
        refusal, error,
        {.edge = "service api", .action = "bulk item " + id, .peer = call.exchange.peer_address});
    return {{Kind<Resource>::id, id},
            {"errorCode", refusal.problem.error_code},
            {"errorStatus", refusal.message}};
}

template <class Resource>
Result<session::HttpResponse> answer_kind(const BulkCall& call) {
    const auto request = read_request(call.exchange.request.body, Kind<Resource>::list);
    if (!request) {
        return std::unexpected(request.error());
    }
    if (auto checked = check_ids_differ(request->documents, Kind<Resource>::id); !checked) {
        return std::unexpected(checked.error());
    }
    const auto outcomes = run<Resource>(call, *request);
    if (!outcomes) {
        return std::unexpected(outcomes.error());
    }
    JsonArray errors; // two clients fail without it (dps-service 13.1, 30)
    for (std::size_t i = 0; i < outcomes->size(); ++i) {
        if (const auto& outcome = (*outcomes)[i]; !outcome) {
            errors.push_back(item_error<Resource>(call, request->documents[i], outcome.error()));
        }
    }
    const bool is_successful = errors.empty();
    return json_response(
        200, to_text(JsonObject{{"errors", std::move(errors)}, {"isSuccessful", is_successful}}));
}

} // namespace

Result<session::HttpResponse> answer_bulk(const BulkCall& call) {
    return call.collection == Collection::enrollment_groups
               ? answer_kind<EnrollmentGroup>(call)
               : answer_kind<IndividualEnrollment>(call);
}

} // namespace muster::gateway
