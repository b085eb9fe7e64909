#pragma once
// In-memory stores for the tests of this folder, which can be told to fail.

#include "provisioning/batch_audit.h"
#include "provisioning/documents.h"
#include "provisioning/fake_faults.h"
#include "provisioning/fake_table.h"
#include "provisioning/ports.h"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace muster::provisioning {

/// Both stores over one set of tables, since deleting an enrollment deletes its record.
class FakeStore final : public EnrollmentStore, public RegistrationStore {
    /// Runs the effect of one call of a port.
    template <class Effect>
    auto locked(Effect effect) {
        return faults_.call([&] {
            const std::scoped_lock lock(mutex_);
            return effect();
        });
    }

  public:
    explicit FakeStore(Faults& faults) : faults_(faults) {}

    // ---- what a test may arrange ----

    /// The next saves of registration records answer so, without any effect.
    void fail_saves(int count, Code code) {
        const std::scoped_lock lock(mutex_);
        save_failures_.insert(save_failures_.end(), static_cast<std::size_t>(count), code);
    }

    void fail_reads(int count, Code code) {
        const std::scoped_lock lock(mutex_);
        read_failures_.insert(read_failures_.end(), static_cast<std::size_t>(count), code);
    }

    /// The record and the individual enrollment of this id cannot be read one by one any more.
    void damage(const RegistrationId& id) {
        const std::scoped_lock lock(mutex_);
        damaged_.insert(id);
    }

    /// Runs at the beginning of every filtered query.
    void before_filtering(std::function<void()> action) { before_filtering_ = std::move(action); }

    /// Runs once, just before the next registration record or enrollment is saved.
    void before_next_save(std::function<void()> action) { before_save_ = std::move(action); }

    /// Runs once, just after the next registration record was saved.
    void after_next_save(std::function<void()> action) { after_save_ = std::move(action); }

    // ---- what a test may look at ----

    int groups_read() const { return groups_read_; }

    int records_written() const { return records_written_; }

    /// Calls of find_individual, for showing that a batch does not read row by row.
    int individuals_read() const { return individuals_read_; }

    /// Of every write that took effect, in order.
    std::vector<Change> changes() {
        const std::scoped_lock lock(mutex_);
        return changes_;
    }

    std::vector<DeviceEvent> events() {
        const std::scoped_lock lock(mutex_);
        return events_;
    }

    // ---- EnrollmentStore ----

    Result<std::optional<IndividualEnrollment>> find_individual(const IdScope& scope,
                                                                const RegistrationId& id) override {
        ++individuals_read_;
        return locked([&]() -> Result<std::optional<IndividualEnrollment>> {
            if (damaged_.contains(id)) {
                return fail(Code::internal, "a stored document is damaged");
            }
            return individuals_.find(key(scope, id));
        });
    }

    Result<void> save(const IdScope& scope, const IndividualEnrollment& enrollment,
                      const Write& write) override {
        act(before_save_);
        return locked([&] { return kept(save_one(scope, enrollment, write), write); });
    }

    Result<std::vector<Result<void>>> save_all(const IdScope& scope,
                                               std::span<const IndividualWrite> rows,
                                               const Write& batch) override {
        act(before_save_);
        return locked([&]() -> Result<std::vector<Result<void>>> {
            std::vector<Result<void>> outcomes;
            for (const IndividualWrite& row : rows) {
                outcomes.push_back(
                    save_one(scope, row.enrollment, Write(row.expected).limited(batch.count_max)));
            }
            if (const auto change = settled_change(batch.change, rows, outcomes)) {
                changes_.push_back(*change);
            }
            return outcomes;
        });
    }

    Result<std::vector<IndividualEnrollment>>
    find_individuals(const IdScope& scope, std::span<const RegistrationId> ids) override {
        return locked([&]() -> Result<std::vector<IndividualEnrollment>> {
            std::vector<IndividualEnrollment> found;
            for (const RegistrationId& id : ids) {
                if (auto one = individuals_.find(key(scope, id))) {
                    found.push_back(*std::move(one));
                }
            }
            return found;
        });
    }

    Result<void> erase_individual(const IdScope& scope, const RegistrationId& id,
                                  const Write& write, const Remains& remains) override {
        return locked([&]() -> Result<void> {
            auto erased = individuals_.erase(key(scope, id), write.expected);
            if (erased) {
                leave_remains(key(scope, id), remains);
            }
            return kept(std::move(erased), write);
        });
    }

    Result<std::optional<EnrollmentGroup>> find_group(const IdScope& scope,
                                                      const EnrollmentGroupId& id) override {
        return locked([&]() -> Result<std::optional<EnrollmentGroup>> {
            return groups_.find(key(scope, id));
        });
    }

    Result<void> save(const IdScope& scope, const EnrollmentGroup& group,
                      const Write& write) override {
        act(before_save_);
        return locked([&] {
            ++groups_revision_;
            return kept(groups_.save(key(scope, group.id), group, write), write);
        });
    }

    Result<void> erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                             const Write& write) override {
        return locked([&] {
            ++groups_revision_;
            return kept(groups_.erase(key(scope, id), write.expected), write);
        });
    }

    Result<std::vector<EnrollmentGroup>> groups(const IdScope& scope) override {
        return locked([&]() -> Result<std::vector<EnrollmentGroup>> {
            ++groups_read_;
            return groups_.all(scope.text());
        });
    }

    Result<std::int64_t> groups_revision(const IdScope& /*scope*/) override {
        return locked([&]() -> Result<std::int64_t> { return groups_revision_; });
    }

    Result<std::vector<IndividualEnrollment>>
    individuals(const IdScope& scope, const std::string& after, std::size_t count_max) override {
        return individuals_where(scope, {}, after, count_max);
    }

    Result<std::vector<IndividualEnrollment>> individuals_where(const IdScope& scope,
                                                                const EnrollmentFilter& filter,
                                                                const std::string& after,
                                                                std::size_t count_max) override {
        if (before_filtering_ && !filter.matches_everything()) {
            before_filtering_();
        }
        return locked([&]() -> Result<std::vector<IndividualEnrollment>> {
            const auto wanted = [&](const IndividualEnrollment& one) {
                return filter.matches_everything() ||
                       filter.matches(to_document(one, View::stored));
            };
            return individuals_.select(scope.text(), after, count_max, wanted);
        });
    }

    Result<ScopeCounts> counts(const IdScope& scope) override {
        return locked([&]() -> Result<ScopeCounts> {
            return ScopeCounts{.enrollments = individuals_.count(scope.text()),
                               .enrollment_groups = groups_.count(scope.text()),
                               .registrations = registrations_in(scope)};
        });
    }

    Result<std::optional<RegistrationId>>
    individual_with_thumbprint(const IdScope& scope, const std::string& thumbprint) override {
        return locked([&]() -> Result<std::optional<RegistrationId>> {
            return holder_of(scope, thumbprint);
        });
    }

    // ---- RegistrationStore ----

    Result<std::optional<RegistrationRecord>> find(const IdScope& scope,
                                                   const RegistrationId& id) override {
        return locked([&]() -> Result<std::optional<RegistrationRecord>> {
            if (const auto code = next_of(read_failures_)) {
                return fail(*code, "the store is down");
            }
            if (damaged_.contains(id)) {
                return fail(Code::internal, "a stored document is damaged");
            }
            return records_.find(key(scope, id));
        });
    }

    Result<void> save(const IdScope& scope, const RegistrationRecord& record,
                      const Write& write) override {
        act(before_save_);
        auto outcome = locked([&]() -> Result<void> {
            if (const auto code = next_of(save_failures_)) {
                return fail(*code, "the store is down");
            }
            auto saved = kept(save_record(scope, record, write), write);
            records_written_ += saved ? 1 : 0;
            return saved;
        });
        act(after_save_);
        return outcome;
    }

    Result<void> erase(const IdScope& scope, const RegistrationId& id,
                       const Write& write) override {
        return locked([&] { return kept(records_.erase(key(scope, id), write.expected), write); });
    }

    Result<std::vector<RegistrationRecord>> of_group(const IdScope& scope,
                                                     const EnrollmentGroupId& group,
                                                     const std::string& after,
                                                     std::size_t count_max) override {
        return records_where(scope, after, count_max, [&](const RegistrationRecord& one) {
            const auto* decider =
                one.decided_by ? std::get_if<DecidedByGroup>(&*one.decided_by) : nullptr;
            return !one.erased && decider != nullptr && decider->id == group;
        });
    }

    Result<std::vector<RegistrationRecord>> at_hub(const IdScope& scope, const HubName& hub,
                                                   const std::string& after,
                                                   std::size_t count_max) override {
        return records_where(scope, after, count_max, [&](const RegistrationRecord& one) {
            return !one.erased && one.assignment && one.assignment->hub == hub;
        });
    }

    Result<std::vector<RegistrationRecord>> all(const IdScope& scope, const std::string& after,
                                                std::size_t count_max) override {
        return records_where(scope, after, count_max,
                             [](const RegistrationRecord& one) { return !one.erased; });
    }

    Result<std::vector<RegistrationRecord>>
    unfinished(const IdScope& scope, const std::string& after, std::size_t count_max) override {
        return records_where(scope, after, count_max,
                             [](const RegistrationRecord& one) { return one.unfinished(); });
    }

    Result<std::vector<HubCount>> hub_counts(const IdScope& scope) override {
        return locked([&]() -> Result<std::vector<HubCount>> {
            std::map<HubName, std::int64_t> devices;
            for (const RegistrationRecord& one : records_.all(scope.text())) {
                if (const auto hub = hub_of(one)) {
                    ++devices[*hub];
                }
            }
            std::vector<HubCount> counts;
            for (const auto& [hub, count] : devices) {
                counts.push_back({.hub = hub, .devices = count});
            }
            return counts;
        });
    }

  private:
    template <class Id>
    static std::pair<std::string, std::string> key(const IdScope& scope, const Id& id) {
        return {scope.text(), id.folded()};
    }

    static void act(std::function<void()>& action) {
        if (const auto once = std::exchange(action, nullptr)) {
            once();
        }
    }

    static std::optional<Code> next_of(std::deque<Code>& failures) {
        if (failures.empty()) {
            return std::nullopt;
        }
        const Code code = failures.front();
        failures.pop_front();
        return code;
    }

    /// What belongs to a write is stored with it or not at all.
    Result<void> kept(Result<void> outcome, const Write& write) {
        if (outcome && write.change != nullptr) {
            changes_.push_back(*write.change);
        }
        if (outcome && write.event != nullptr) {
            events_.push_back(*write.event);
        }
        return outcome;
    }

    void leave_remains(const std::pair<std::string, std::string>& row, const Remains& remains) {
        const auto record = records_.find(row);
        if (!record || record->erased) {
            return;
        }
        if (const auto rest = remains(*record)) {
            records_.put(row, *rest);
        } else {
            records_.drop(row);
        }
    }

    std::int64_t registrations_in(const IdScope& scope) {
        return std::ranges::count_if(records_.all(scope.text()),
                                     [](const RegistrationRecord& one) { return !one.erased; });
    }

    /// One that comes back counts as a creation.
    Result<void> save_record(const IdScope& scope, const RegistrationRecord& record,
                             const Write& write) {
        const auto row = key(scope, record.id);
        const auto stored = records_.find(row);
        const bool appears = !record.erased && (!stored || stored->erased);
        Write unlimited = write;
        unlimited.count_max.reset();
        if ((stored ? stored->stamp.version : 0) != write.expected.version) {
            return records_.save(row, record, unlimited); // refuses
        }
        if (appears && write.count_max && registrations_in(scope) >= *write.count_max) {
            return fail(Code::quota_exceeded, "no more of these");
        }
        return records_.save(row, record, unlimited);
    }

    /// Erased ones have no place among the loads of hubs.
    static std::optional<HubName> hub_of(const RegistrationRecord& record) {
        if (record.erased) {
            return std::nullopt;
        }
        if (record.plan && !record.plan->hub.empty()) {
            return record.plan->hub;
        }
        return record.assignment ? std::optional(record.assignment->hub) : std::nullopt;
    }

    static std::vector<std::string> thumbprints_of(const IndividualEnrollment& one) {
        std::vector<std::string> thumbprints;
        if (const auto* client = std::get_if<ClientCertificates>(&one.terms.attestation)) {
            for (const auto& slot :
                 {client->certificates.primary, client->certificates.secondary}) {
                if (slot) {
                    thumbprints.push_back(slot->sha256_thumbprint());
                }
            }
        }
        return thumbprints;
    }

    std::optional<RegistrationId> holder_of(const IdScope& scope, const std::string& thumbprint) {
        const auto holders =
            individuals_.select(scope.text(), "", 1, [&](const IndividualEnrollment& one) {
                return std::ranges::count(thumbprints_of(one), thumbprint) > 0;
            });
        return holders.empty() ? std::nullopt : std::optional(holders.front().id);
    }

    Result<void> save_one(const IdScope& scope, const IndividualEnrollment& enrollment,
                          const Write& write) {
        for (const std::string& thumbprint : thumbprints_of(enrollment)) {
            if (holder_of(scope, thumbprint).value_or(enrollment.id) != enrollment.id) {
                return fail(Code::already_exists, "the certificate is in use");
            }
        }
        return individuals_.save(key(scope, enrollment.id), enrollment, write);
    }

    template <class Wanted>
    Result<std::vector<RegistrationRecord>> records_where(const IdScope& scope,
                                                          const std::string& after,
                                                          std::size_t count_max, Wanted wanted) {
        return locked([&]() -> Result<std::vector<RegistrationRecord>> {
            return records_.select(scope.text(), after, count_max, wanted);
        });
    }

    Faults& faults_;
    std::mutex mutex_;
    FakeTable<IndividualEnrollment> individuals_;
    FakeTable<EnrollmentGroup> groups_;
    FakeTable<RegistrationRecord> records_;
    std::int64_t groups_revision_ = 1;
    std::vector<Change> changes_;
    std::vector<DeviceEvent> events_;
    std::deque<Code> save_failures_;
    std::deque<Code> read_failures_;
    std::unordered_set<RegistrationId> damaged_;
    std::function<void()> before_save_;
    std::function<void()> before_filtering_;
    std::function<void()> after_save_;
    std::atomic<int> groups_read_ = 0;
    std::atomic<int> individuals_read_ = 0;
    std::atomic<int> records_written_ = 0;
};

} // namespace muster::provisioning
