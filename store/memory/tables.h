#pragma once
// What the memory stores keep. One mutex guards everything: the model is for tests and has to be
// obviously right, not fast.

#include "hub/live.h"
#include "hub/ports.h"
#include "provisioning/administration/tokens.h"
#include "provisioning/fleet/operation.h"
#include "provisioning/ports.h"
#include "store/event_retention.h"
#include "store/memory/trails.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::store::memory {

/// The tenant (ID scope or hub) and the id as it is compared.
using Key = std::pair<std::string, std::string>;

struct EventRows {
    std::deque<hub::Event> events;
    LogTotals totals;
};

struct StoredQueue {
    hub::MessageQueue queue;
    std::map<std::int64_t, hub::CloudMessage> messages; // as they were sent, by sequence
};

struct FeedbackLog {
    std::deque<hub::FeedbackRecord> records;
    std::int64_t last_sequence = 0;
};

/// By partition; first the one for all.
using Positions = std::map<std::optional<int>, hub::EventPosition>;

struct Tables {
    std::mutex mutex;

    std::map<Key, provisioning::IndividualEnrollment> individuals;
    std::map<Key, RegistrationId> thumbprints;
    std::map<Key, provisioning::EnrollmentGroup> groups;
    std::map<std::string, std::int64_t> groups_revisions;
    std::map<Key, provisioning::RegistrationRecord> registrations;

    std::map<std::string, provisioning::Instance> instances;
    std::map<std::string, provisioning::AdminToken> tokens;
    std::map<Key, provisioning::FleetOperation> operations;
    Trails trails;

    std::map<Key, hub::DeviceWithTwin> devices;
    std::map<Key, std::vector<hub::StoredSubscription>> sessions;
    std::map<Key, hub::Live::Presence> presences;
    std::map<std::string, EventRows> events;
    std::map<std::string, std::map<hub::EventGroup, Positions>> event_positions;
    std::map<Key, StoredQueue> queues;
    std::map<std::string, FeedbackLog> feedback;
    std::map<Key, hub::Job> jobs;
    std::map<Key, hub::Configuration> configurations;
    std::map<std::string, hub::ConfigurationRevisions> configuration_revisions;
    std::map<Key, hub::DeviceJob> job_rows; // by "job/identity"
    std::map<std::string, hub::Usage> usages;
};

template <class T>
std::optional<T> find_in(const std::map<Key, T>& table, const Key& key) {
    const auto found = table.find(key);
    return found == table.end() ? std::nullopt : std::optional(found->second);
}

/// The tenant's values after `after`, in order, that `wanted` accepts.
template <class T, class Wanted>
std::vector<T> page_of(const std::map<Key, T>& table, const Key& after, std::size_t count_max,
                       Wanted wanted) {
    std::vector<T> page;
    for (auto at = table.upper_bound(after);
         at != table.end() && at->first.first == after.first && page.size() < count_max; ++at) {
        if (wanted(at->second)) {
            page.push_back(at->second);
        }
    }
    return page;
}

template <class T, class Wanted>
std::int64_t count_of(const std::map<Key, T>& table, const std::string& tenant, Wanted wanted) {
    const auto counts = [&](const auto& entry) {
        return entry.first.first == tenant && wanted(entry.second);
    };
    return std::ranges::count_if(table, counts);
}

template <class T>
std::int64_t count_of(const std::map<Key, T>& table, const std::string& tenant) {
    return count_of(table, tenant, [](const T&) { return true; });
}

template <class T>
std::vector<T> page_of(const std::map<Key, T>& table, const Key& after, std::size_t count_max) {
    return page_of(table, after, count_max, [](const T&) { return true; });
}

} // namespace muster::store::memory
