#pragma once
// For tests: values of the operator's side to store, and what they are compared by.

#include "provisioning/documents/instance_document.h"
#include "store/suite.h"

#include <fmt/format.h>

#include <utility>

namespace muster::store {

inline const WallTime sample_moment = from_unix_seconds(1'900'000'000);

inline provisioning::Change change(std::string_view action, std::string resource = "thing/1") {
    return {.at = sample_moment,
            .by = {"token:ci"},
            .action = std::string(action),
            .resource = std::move(resource),
            .before = {},
            .after = JsonObject{{"status", "enabled"}}};
}

inline provisioning::Instance instance(const IdScope& id_scope, std::string_view name,
                                       std::int64_t version = 1) {
    provisioning::Instance made;
    made.scope = id_scope;
    made.name = name;
    made.tenant = "factory";
    made.tags = {{"round", version}};
    made.host_names = {fmt::format("{}.example", to_lower(name))};
    made.hubs = {{.name = hub_1,
                  .weight = 3,
                  .apply_allocation_policy = false,
                  .location = "here",
                  .connection_string = Secret("HostName=hub-1.example;SharedAccessKey=c2VjcmV0"),
                  .devices_max = 5000}};
    made.even_load = true;
    made.former_hubs = {
        {.name = hub_2, .connection_string = Secret("HostName=hub-2.example"), .lost = true}};
    made.quarantines = {{.group = EnrollmentGroupId("Line-1"),
                         .hub = hub_1,
                         .reason = "odd behaviour",
                         .since = sample_moment}};
    made.policies = {{.name = "owner",
                      .keys = {Secret(std::string(32, '\x02')), Secret(std::string(32, '\xff'))},
                      .rights = {provisioning::Right::service_config}}};
    made.ip_rules = {{.name = "lan", .action = {}, .target = {}, .mask = "10.0.0.0/8"}};
    made.quotas.enrollments = 7;
    made.stamp = {.version = version,
                  .etag = ETag(fmt::format("etag-{}", version)),
                  .created = sample_moment,
                  .updated = sample_moment + std::chrono::seconds(version)};
    return made;
}

inline provisioning::DeviceEvent
event(std::string_view registration_id,
      provisioning::DeviceEventKind kind = provisioning::DeviceEventKind::refused) {
    return {.sequence = 0,
            .at = sample_moment,
            .kind = kind,
            .registration_id = std::string(registration_id),
            .tracking_id = {},
            .group = {},
            .detail = JsonObject{{"findings", JsonArray{"token_expired"}}}};
}

inline std::string describe(const provisioning::Instance& instance) {
    return instance.scope.text() +
           to_text(provisioning::to_document(instance, provisioning::View::stored));
}

inline std::string describe(const provisioning::DeviceEvent& event) {
    return fmt::format("{} {} {} <{}> <{}> <{}> {}", event.sequence,
                       event.at.time_since_epoch().count(), to_string(event.kind),
                       event.registration_id, event.tracking_id, event.group,
                       to_text(event.detail));
}

inline std::string describe(const provisioning::AuditEntry& entry) {
    return fmt::format("{} {} {}", entry.sequence, entry.hash, entry.text);
}

inline std::string describe(const provisioning::AdminToken& token) {
    return fmt::format("{} {} {} <{}> <{}> {} {} {} {}", token.id, token.name,
                       to_string(token.role), token.reach.tenant, token.reach.instance,
                       token.secret_hash, format_time(token.created),
                       token.expires ? format_time(*token.expires) : "for ever", token.created_by);
}

/// One value a line. (The templates of suite.h do not see the functions above.)
template <class T>
    requires(!std::is_void_v<T>)
std::string text_of(const Result<std::vector<T>>& values) {
    if (!values) {
        return describe(values.error());
    }
    std::string text;
    for (const T& value : *values) {
        text += describe(value) + "\n";
    }
    return text;
}

/// The whole chain of a scope, read in pages.
inline std::vector<provisioning::AuditEntry> chain_of(Stores& stores, const IdScope& id_scope) {
    constexpr std::size_t page_size = 7;
    std::vector<provisioning::AuditEntry> chain;
    for (bool more = true; more;) {
        const std::int64_t after = chain.empty() ? 0 : chain.back().sequence;
        const auto page = stores.audit().read(id_scope, after, page_size);
        EXPECT_TRUE(page) << describe(page.error());
        more = page && page->size() == page_size;
        chain.insert(chain.end(), page->begin(), page->end());
    }
    return chain;
}

/// What its verifier says, or "" if it is whole.
inline std::string verdict_on(const std::vector<provisioning::AuditEntry>& chain) {
    provisioning::AuditVerifier verifier;
    for (const provisioning::AuditEntry& entry : chain) {
        if (const Result<void> checked = verifier.check(entry); !checked) {
            return checked.error().detail;
        }
    }
    return "";
}

/// The actions of a chain, in order, separated by blanks.
inline std::string actions_of(Stores& stores, const IdScope& id_scope) {
    std::string actions;
    for (const provisioning::AuditEntry& entry : chain_of(stores, id_scope)) {
        const auto text = parse_json_object(entry.text);
        EXPECT_TRUE(text);
        actions += (actions.empty() ? "" : " ") + string_member(*text, "action").value_or("?");
    }
    return actions;
}

} // namespace muster::store
