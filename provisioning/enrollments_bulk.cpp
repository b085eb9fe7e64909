// Bulk operations (reference: dps-service 2.6): a list of single changes, each with its own
// outcome.

#include "base/check.h"
#include "base/text.h"
#include "provisioning/enrollment_desk.h"
#include "provisioning/enrollments.h"

#include <array>
#include <set>

namespace muster::provisioning {

namespace {

struct ModeName {
    std::string_view name;
    BulkMode mode;
};

constexpr std::array mode_names{
    ModeName{"create", BulkMode::create},
    ModeName{"update", BulkMode::update},
    ModeName{"updateIfMatchETag", BulkMode::update_if_match_etag},
    ModeName{"delete", BulkMode::erase},
};

template <class Resource>
Result<void> check_list(const std::vector<BulkItem<Resource>>& items) {
    if (items.size() > bulk_items_max) {
        return fail(Code::malformed,
                    "a bulk operation takes at most " + std::to_string(bulk_items_max) + " items");
    }
    std::set<std::string> ids;
    for (const BulkItem<Resource>& item : items) {
        if (!ids.insert(item.resource.id.folded()).second) {
            return fail(Code::malformed, "'" + item.resource.id.text() + "' is there twice");
        }
    }
    return {};
}

template <class Resource>
Result<void> put_item(const Desk& desk, const Resource& resource, const IfMatch& if_match) {
    if (const auto stored = put_enrollment(desk, resource, if_match); !stored) {
        return std::unexpected(stored.error());
    }
    return {};
}

/// An update that names no etag never succeeds: as a PUT without If-Match, it does not overwrite,
/// and an update does not create (dps-service 2.6).
template <class Resource>
Result<void> refuse_update(const Desk& desk, const Resource& resource) {
    const auto stored = find_enrollment(desk, resource.id);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    const std::string kind(kind_of(resource.id));
    return *stored ? fail(Code::already_exists, kind + " already exists")
                   : fail(Code::not_found, kind + " not found");
}

template <class Resource>
Result<void> carry_out(const Desk& desk, BulkMode mode, const BulkItem<Resource>& item) {
    const IfMatch any{.kind = IfMatch::Kind::any, .etag = {}};
    switch (mode) {
    case BulkMode::create: return put_item(desk, item.resource, {});
    case BulkMode::update:
        return item.etag.empty() ? refuse_update(desk, item.resource)
                                 : put_item(desk, item.resource, any);
    case BulkMode::update_if_match_etag:
        return item.etag.empty()
                   ? refuse_update(desk, item.resource)
                   : put_item(desk, item.resource, IfMatch::from_header(item.etag.text()));
    case BulkMode::erase: return erase_enrollment(desk, item.resource.id, any);
    }
    CHECK(false);
    return {};
}

template <class Resource>
Result<std::vector<Result<void>>> carry_out_all(const Desk& desk, BulkMode mode,
                                                const std::vector<BulkItem<Resource>>& items) {
    if (auto checked = check_list(items); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    std::vector<Result<void>> outcomes;
    outcomes.reserve(items.size());
    for (const BulkItem<Resource>& item : items) {
        outcomes.push_back(carry_out(desk, mode, item));
    }
    return outcomes;
}

} // namespace

std::optional<BulkMode> parse_bulk_mode(std::string_view text) {
    for (const ModeName& one : mode_names) {
        if (equal_ignoring_case(one.name, text)) {
            return one.mode;
        }
    }
    return std::nullopt;
}

Result<std::vector<Result<void>>>
Enrollments::bulk(BulkMode mode, std::vector<BulkItem<IndividualEnrollment>> items,
                  const Principal& by) {
    return carry_out_all(desk(by), mode, items);
}

Result<std::vector<Result<void>>> Enrollments::bulk(BulkMode mode,
                                                    std::vector<BulkItem<EnrollmentGroup>> items,
                                                    const Principal& by) {
    return carry_out_all(desk(by), mode, items);
}

} // namespace muster::provisioning
