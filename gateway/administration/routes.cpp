#include "gateway/administration/routes.h"

#include "base/text.h"
#include "gateway/administration/families.h"

#include <array>
#include <optional>
#include <utility>

namespace muster::gateway {

namespace {

using enum provisioning::AdminRole;

constexpr std::array table{
    AdminRoute{"GET", "tokens", owner, list_tokens},
    AdminRoute{"POST", "tokens", owner, issue_token},
    AdminRoute{"DELETE", "tokens/{id}", owner, revoke_token},
    AdminRoute{"GET", "instances", reader, list_instances},
    AdminRoute{"GET", "instances/{name}", reader, show_instance},
    AdminRoute{"PUT", "instances/{name}", contributor, put_instance},
    AdminRoute{"DELETE", "instances/{name}", contributor, erase_instance},
    AdminRoute{"GET", "instances/{name}/statistics", reader, show_statistics},
    AdminRoute{"POST", "instances/{name}/policies/{policy}/rotate", contributor, rotate_policy_key},
    AdminRoute{"GET", "instances/{name}/certificates", reader, list_certificates},
    AdminRoute{"PUT", "instances/{name}/certificates/{certificate}", contributor, put_certificate},
    AdminRoute{"DELETE", "instances/{name}/certificates/{certificate}", contributor,
               erase_certificate},
    AdminRoute{"GET", "instances/{name}/export", reader, export_documents},
    AdminRoute{"POST", "instances/{name}/import", contributor, import_enrollments},
    AdminRoute{"POST", "instances/{name}/explain", reader, explain_registration},
    AdminRoute{"GET", "instances/{name}/moves", reader, list_moves},
    AdminRoute{"POST", "instances/{name}/moves/{id}/cancel", contributor, cancel_move},
    AdminRoute{"POST", "instances/{name}/moves/{id}/retry", contributor, retry_move},
    AdminRoute{"POST", "instances/{name}/moves/{id}/forget", contributor, forget_move},
    AdminRoute{"GET", "instances/{name}/operations", reader, list_operations},
    AdminRoute{"POST", "instances/{name}/operations", contributor, begin_operation},
    AdminRoute{"GET", "instances/{name}/operations/{id}", reader, show_operation},
    AdminRoute{"POST", "instances/{name}/operations/{id}/pause", contributor, pause_operation},
    AdminRoute{"POST", "instances/{name}/operations/{id}/resume", contributor, resume_operation},
    AdminRoute{"POST", "instances/{name}/operations/{id}/stop", contributor, stop_operation},
    AdminRoute{"PATCH", "instances/{name}/operations/{id}/limits", contributor,
               change_operation_limits},
    AdminRoute{"PUT", "instances/{name}/registrations/{id}/quarantine", contributor,
               quarantine_device},
    AdminRoute{"DELETE", "instances/{name}/registrations/{id}/quarantine", contributor,
               release_device},
    AdminRoute{"GET", "instances/{name}/registrations/{id}/block", reader, show_block},
    AdminRoute{"PUT", "instances/{name}/registrations/{id}/block", contributor, nullptr,
               block_device},
    AdminRoute{"DELETE", "instances/{name}/registrations/{id}/block", contributor, nullptr,
               unblock_device},
    AdminRoute{"PUT", "instances/{name}/groups/{group}/quarantine", contributor, quarantine_group},
    AdminRoute{"DELETE", "instances/{name}/groups/{group}/quarantine", contributor, release_group},
    AdminRoute{"GET", "instances/{name}/suspects", reader, list_suspects},
    AdminRoute{"POST", "instances/{name}/hubs/{hub}/lost", contributor, declare_hub_lost},
    AdminRoute{"POST", "instances/{name}/hubs/{hub}/found", contributor, declare_hub_found},
    AdminRoute{"GET", "instances/{name}/events", reader, list_events},
    AdminRoute{"GET", "instances/{name}/audit", reader, list_instance_audit},
    AdminRoute{"GET", "audit", owner, list_server_audit},
};

/// The names that the path gives for the pattern's `{..}`; nothing if it has another shape.
std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              std::span<const std::string> segments) {
    const auto wanted = split(pattern, '/');
    if (wanted.size() != segments.size()) {
        return std::nullopt;
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i].starts_with('{') && !segments[i].empty()) {
            names.push_back(segments[i]);
        } else if (!equal_ignoring_case(wanted[i], segments[i])) {
            return std::nullopt;
        }
    }
    return names;
}

std::unexpected<HttpRefusal> refuse(std::string allowed) {
    if (allowed.empty()) {
        return std::unexpected(
            HttpRefusal{.status = 404, .detail = "no such resource", .allow = {}});
    }
    return std::unexpected(HttpRefusal{
        .status = 405, .detail = "the method is not allowed here", .allow = std::move(allowed)});
}

} // namespace

std::span<const AdminRoute> admin_routes() {
    return table;
}

std::expected<AdminMatch, HttpRefusal> find_admin_route(std::string_view method,
                                                        std::span<const std::string> segments) {
    if (segments.empty() || !equal_ignoring_case(segments.front(), "muster")) {
        return refuse({});
    }
    std::string allowed;
    for (const auto& route : table) {
        auto names = match(route.path, segments.subspan(1));
        if (names && route.method == method) {
            return AdminMatch{.route = &route, .names = *std::move(names)};
        }
        if (names) {
            allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
        }
    }
    return refuse(std::move(allowed));
}

} // namespace muster::gateway
