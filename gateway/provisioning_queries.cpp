#include "gateway/provisioning_queries.h"

#include "base/json.h"
#include "gateway/paging.h"
#include "gateway/query_text.h"
#include "provisioning/documents.h"

#include <utility>
#include <vector>

namespace muster::gateway {

namespace {

using provisioning::EnrollmentGroup;
using provisioning::IndividualEnrollment;
using provisioning::View;
using session::HttpResponse;

JsonObject listed(const IndividualEnrollment& enrollment) {
    return to_document(enrollment, View::read);
}

JsonObject listed(const EnrollmentGroup& group) {
    return to_document(group, View::read);
}

JsonObject listed(const provisioning::RegistrationRecord& record) {
    return to_state_document(record);
}

/// Where a query is, and what it asks for.
struct Query {
    PagedCollection collection;
    PageRequest page;
    QueryText text;

    /// One more than the page has room for tells whether there is a next one.
    [[nodiscard]] std::size_t fetch_max() const { return page.items_max + 1; }
};

template <class Item>
Result<HttpResponse> page_of(Result<std::vector<Item>> items, const Query& query,
                             std::string_view item_type) {
    if (!items) {
        return std::unexpected(items.error());
    }
    const auto continuation = cut_page(*items, query.page, query.collection);
    JsonArray array;
    for (const auto& item : *items) {
        array.push_back(listed(item));
    }
    auto response = json_response(200, to_text(Json(std::move(array))));
    response.headers.push_back({"x-ms-item-type", std::string(item_type)});
    response.headers.push_back({"X-Content-Type-Options", "nosniff"});
    response.headers.push_back({"x-muster-query", query.text.verdict});
    if (!continuation.empty()) {
        response.headers.push_back({"x-ms-continuation", continuation});
    }
    return response;
}

/// Groups are few and read as a whole.
Result<std::vector<EnrollmentGroup>> matching_groups(provisioning::Enrollments& enrollments,
                                                     const Query& query) {
    auto groups = enrollments.groups();
    if (!groups) {
        return groups;
    }
    const auto& filter = query.text.filter;
    std::vector<EnrollmentGroup> matching;
    for (auto& group : *groups) {
        if (group.id.folded() > query.page.after &&
            (filter.matches_everything() || filter.matches(listed(group)))) {
            matching.push_back(std::move(group));
        }
        if (matching.size() == query.fetch_max()) {
            break;
        }
    }
    return matching;
}

Result<HttpResponse> enrollments_page(provisioning::Enrollments& enrollments, const Query& query) {
    const auto& filter = query.text.filter;
    return page_of(enrollments.individuals(query.page.after, query.fetch_max(),
                                           filter.matches_everything() ? nullptr : &filter),
                   query, "Enrollment");
}

Result<HttpResponse> registrations_page(provisioning::Enrollments& enrollments,
                                        const EnrollmentGroupId& group, const Query& query) {
    return page_of(enrollments.registrations_of(group, query.page.after, query.fetch_max()), query,
                   "DeviceRegistration");
}

Result<Query> read_query(const session::HttpRequest& request, PagedCollection collection,
                         Result<QueryText> text) {
    if (!text) {
        return std::unexpected(text.error());
    }
    const auto page = read_page_request(request, collection);
    if (!page) {
        return std::unexpected(page.error());
    }
    return Query{.collection = std::move(collection), .page = *page, .text = std::move(*text)};
}

Result<HttpResponse> answer_registrations_query(provisioning::Enrollments& enrollments,
                                                const ServiceRoute& route,
                                                const session::HttpRequest& request) {
    const auto group = parse_enrollment_group_id(route.id);
    if (!group) {
        return std::unexpected(group.error());
    }
    const auto query = read_query(
        request,
        {.scope = enrollments.instance().scope(), .name = "registrations/" + group->folded()},
        read_unfiltered_query_text(request.body));
    if (!query) {
        return std::unexpected(query.error());
    }
    return registrations_page(enrollments, *group, *query);
}

} // namespace

Result<HttpResponse> answer_query(provisioning::Enrollments& enrollments, const ServiceRoute& route,
                                  const session::HttpRequest& request) {
    if (route.collection == Collection::registrations) {
        return answer_registrations_query(enrollments, route, request);
    }
    const auto is_groups = route.collection == Collection::enrollment_groups;
    const auto query = read_query(request,
                                  {.scope = enrollments.instance().scope(),
                                   .name = is_groups ? "enrollmentGroups" : "enrollments"},
                                  read_query_text(request.body));
    if (!query) {
        return std::unexpected(query.error());
    }
    return is_groups ? page_of(matching_groups(enrollments, *query), *query, "EnrollmentGroup")
                     : enrollments_page(enrollments, *query);
}

} // namespace muster::gateway
