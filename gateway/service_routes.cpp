#include "gateway/service_routes.h"

#include "base/text.h"

#include <optional>
#include <utility>

namespace muster::gateway {

namespace {

using Found = std::expected<ServiceRoute, HttpRefusal>;

std::optional<Collection> collection_of(std::string_view segment) {
    if (equal_ignoring_case(segment, "enrollments")) {
        return Collection::enrollments;
    }
    if (equal_ignoring_case(segment, "enrollmentGroups")) {
        return Collection::enrollment_groups;
    }
    if (equal_ignoring_case(segment, "registrations")) {
        return Collection::registrations;
    }
    return std::nullopt;
}

Found not_found() {
    return std::unexpected(HttpRefusal{.status = 404, .detail = "no such resource", .allow = {}});
}

Found not_allowed(std::string allow) {
    return std::unexpected(HttpRefusal{
        .status = 405, .detail = "the method is not allowed here", .allow = std::move(allow)});
}

Found missing_id(std::string allow) {
    return std::unexpected(
        HttpRefusal{.status = 405, .detail = "the id is missing", .allow = std::move(allow)});
}

Found collection_route(std::string_view method, Collection collection) {
    if (collection == Collection::registrations) {
        return missing_id({});
    }
    if (method != "POST") {
        return missing_id("POST");
    }
    return ServiceRoute{.collection = collection, .action = Action::bulk, .id = {}};
}

Found item_route(std::string_view method, Collection collection, const std::string& id) {
    const auto is_record = collection == Collection::registrations;
    if (method == "GET") {
        return ServiceRoute{.collection = collection, .action = Action::get, .id = id};
    }
    if (method == "DELETE") {
        return ServiceRoute{.collection = collection, .action = Action::erase, .id = id};
    }
    if (method == "PUT" && !is_record) {
        return ServiceRoute{.collection = collection, .action = Action::put, .id = id};
    }
    if (method == "POST" && !is_record && equal_ignoring_case(id, "query")) {
        return ServiceRoute{.collection = collection, .action = Action::query, .id = {}};
    }
    return not_allowed(is_record ? "GET, DELETE" : "GET, PUT, DELETE");
}

Found action_route(std::string_view method, Collection collection,
                   const std::vector<std::string>& path) {
    const auto is_record = collection == Collection::registrations;
    if (!equal_ignoring_case(path[2], is_record ? "query" : "attestationmechanism")) {
        return not_found();
    }
    if (method != "POST") {
        return not_allowed("POST");
    }
    return ServiceRoute{.collection = collection,
                        .action = is_record ? Action::query : Action::attestation_mechanism,
                        .id = path[1]};
}

} // namespace

Found find_service_route(std::string_view method, const std::vector<std::string>& path) {
    const auto collection = path.empty() ? std::nullopt : collection_of(path[0]);
    if (!collection || path.size() > 3) {
        return not_found();
    }
    if (path.size() == 1) {
        return collection_route(method, *collection);
    }
    if (path[1].empty()) {
        return missing_id({});
    }
    return path.size() == 2 ? item_route(method, *collection, path[1])
                            : action_route(method, *collection, path);
}

provisioning::Right right_for(const ServiceRoute& route) {
    using provisioning::Right;
    const auto is_record = route.collection == Collection::registrations;
    switch (route.action) {
    case Action::get:
    case Action::query: return is_record ? Right::registration_read : Right::enrollment_read;
    case Action::erase: return is_record ? Right::registration_write : Right::enrollment_write;
    case Action::put:
    case Action::bulk:
    case Action::attestation_mechanism: return Right::enrollment_write; // it shows keys
    }
    std::unreachable();
}

Subject subject_of(Collection collection) {
    switch (collection) {
    case Collection::enrollments: return Subject::enrollment;
    case Collection::enrollment_groups: return Subject::enrollment_group;
    case Collection::registrations: return Subject::registration;
    }
    std::unreachable();
}

} // namespace muster::gateway
