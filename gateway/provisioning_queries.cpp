#include "gateway/provisioning_queries.h"

#include "base/json.h"
#include "gateway/paging.h"
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

template <class Item>
Result<HttpResponse> page_of(Result<std::vector<Item>> items, const PageRequest& page,
                             std::string_view item_type) {
    if (!items) {
        return std::unexpected(items.error());
    }
    const auto continuation = cut_page(*items, page);
    JsonArray array;
    for (const auto& item : *items) {
        array.push_back(listed(item));
    }
    auto response = json_response(200, to_text(Json(std::move(array))));
    response.headers.push_back({"x-ms-item-type", std::string(item_type)});
    response.headers.push_back({"X-Content-Type-Options", "nosniff"});
    if (!continuation.empty()) {
        response.headers.push_back({"x-ms-continuation", continuation});
    }
    return response;
}

/// Groups are few and read as a whole.
Result<std::vector<EnrollmentGroup>> groups_after(provisioning::Enrollments& enrollments,
                                                  const std::string& after) {
    auto groups = enrollments.groups();
    if (groups) {
        std::erase_if(*groups, [&](const EnrollmentGroup& group) {
            return !after.empty() && group.id.folded() <= after;
        });
    }
    return groups;
}

Result<HttpResponse> registrations_page(provisioning::Enrollments& enrollments,
                                        const std::string& group_id, const PageRequest& page) {
    const auto group = parse_enrollment_group_id(group_id);
    if (!group) {
        return std::unexpected(group.error());
    }
    return page_of(enrollments.registrations_of(*group, page.after, page.items_max + 1), page,
                   "DeviceRegistration");
}

/// Absent, or any JSON object.
Result<void> check_query(const std::string& body) {
    if (body.empty()) {
        return {};
    }
    const auto document = parse_json_object(body);
    return document ? Result<void>() : std::unexpected(document.error());
}

} // namespace

Result<HttpResponse> answer_query(provisioning::Enrollments& enrollments, const ServiceRoute& route,
                                  const session::HttpRequest& request) {
    if (auto checked = check_query(request.body); !checked) {
        return std::unexpected(checked.error());
    }
    const auto page = read_page_request(request);
    if (!page) {
        return std::unexpected(page.error());
    }
    switch (route.collection) {
    case Collection::enrollments:
        return page_of(enrollments.individuals(page->after, page->items_max + 1), *page,
                       "Enrollment");
    case Collection::enrollment_groups:
        return page_of(groups_after(enrollments, page->after), *page, "EnrollmentGroup");
    case Collection::registrations: return registrations_page(enrollments, route.id, *page);
    }
    std::unreachable();
}

} // namespace muster::gateway
