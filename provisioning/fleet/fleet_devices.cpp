#include "provisioning/fleet/fleet_devices.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace muster::provisioning {

namespace {

constexpr std::size_t page_records = 200;
constexpr std::size_t counting_records = 1000;

Result<std::vector<RegistrationRecord>> read(RegistrationStore& registrations, const IdScope& scope,
                                             const FleetOperation& operation,
                                             const std::string& after, std::size_t count_max) {
    switch (operation.kind) {
    case OperationKind::drain: return registrations.at_hub(scope, *operation.hub, after, count_max);
    case OperationKind::rebalance: return registrations.all(scope, after, count_max);
    case OperationKind::gather:
    case OperationKind::release:
        return registrations.of_group(scope, *operation.group, after, count_max);
    }
    std::unreachable();
}

/// Groups are not counted anywhere: walk through.
Result<std::int64_t> count_group(RegistrationStore& registrations, const IdScope& scope,
                                 const FleetOperation& operation) {
    std::int64_t count = 0;
    std::string after;
    while (true) {
        const auto page = read(registrations, scope, operation, after, counting_records);
        if (!page) {
            return std::unexpected(page.error());
        }
        count += std::ssize(*page);
        if (page->size() < counting_records) {
            return count;
        }
        after = page->back().id.folded();
    }
}

Result<std::int64_t> count_hub(RegistrationStore& registrations, const IdScope& scope,
                               const HubName& hub) {
    const auto counts = registrations.hub_counts(scope);
    if (!counts) {
        return std::unexpected(counts.error());
    }
    const auto found = std::ranges::find(*counts, hub, &HubCount::hub);
    return found == counts->end() ? 0 : found->devices;
}

} // namespace

FleetDevices::FleetDevices(RegistrationStore& registrations, const IdScope& scope,
                           const FleetOperation& operation)
    : registrations_(registrations), scope_(scope), operation_(operation), after_(operation.after) {
}

Result<std::optional<RegistrationRecord>> FleetDevices::next() {
    if (page_.empty() && !is_last_page_) {
        if (auto done = read_page(); !done) {
            return std::unexpected(std::move(done).error());
        }
    }
    return page_.empty() ? std::nullopt : std::optional(page_.front());
}

void FleetDevices::pop() {
    page_.pop_front();
}

Result<void> FleetDevices::read_page() {
    auto page = read(registrations_, scope_, operation_, after_, page_records);
    if (!page) {
        return std::unexpected(std::move(page).error());
    }
    is_last_page_ = page->size() < page_records;
    if (!page->empty()) {
        after_ = page->back().id.folded();
    }
    page_.assign(std::make_move_iterator(page->begin()), std::make_move_iterator(page->end()));
    return {};
}

Result<std::int64_t> count_fleet_devices(EnrollmentStore& enrollments,
                                         RegistrationStore& registrations, const IdScope& scope,
                                         const FleetOperation& operation) {
    switch (operation.kind) {
    case OperationKind::drain: return count_hub(registrations, scope, *operation.hub);
    case OperationKind::gather:
    case OperationKind::release: return count_group(registrations, scope, operation);
    case OperationKind::rebalance: break;
    }
    const auto counts = enrollments.counts(scope);
    if (!counts) {
        return std::unexpected(counts.error());
    }
    return counts->registrations;
}

} // namespace muster::provisioning
