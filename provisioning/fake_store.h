#pragma once
// In-memory stores for the tests of this folder, which can be told to fail.

#include "provisioning/fake_faults.h"
#include "provisioning/ports.h"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

/// Both stores over one set of tables, since deleting an enrollment deletes its record.
class FakeStore final : public EnrollmentStore, public RegistrationStore {
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

    /// Runs once, just before the next registration record is saved.
    void before_next_save(std::function<void()> action) { before_save_ = std::move(action); }

    /// Runs once, just after the next registration record was saved.
    void after_next_save(std::function<void()> action) { after_save_ = std::move(action); }

    int groups_read() const { return groups_read_; }

    int records_written() const { return records_written_; }

    // ---- EnrollmentStore ----

    Result<std::optional<IndividualEnrollment>> find_individual(const IdScope& scope,
                                                                const RegistrationId& id) override {
        return faults_.call([&] { return find_in(individuals_, key(scope, id)); });
    }

    Result<void> save(const IdScope& scope, const IndividualEnrollment& enrollment,
                      Expected expected) override {
        return faults_.call(
            [&] { return save_in(individuals_, key(scope, enrollment.id), enrollment, expected); });
    }

    Result<void> erase_individual(const IdScope& scope, const RegistrationId& id,
                                  Expected expected) override {
        return faults_.call([&]() -> Result<void> {
            auto erased = erase_in(individuals_, key(scope, id), expected);
            if (erased) {
                const std::scoped_lock lock(mutex_);
                records_.erase(key(scope, id));
            }
            return erased;
        });
    }

    Result<std::optional<EnrollmentGroup>> find_group(const IdScope& scope,
                                                      const EnrollmentGroupId& id) override {
        return faults_.call([&] { return find_in(groups_, key(scope, id)); });
    }

    Result<void> save(const IdScope& scope, const EnrollmentGroup& group,
                      Expected expected) override {
        return faults_.call([&] {
            auto saved = save_in(groups_, key(scope, group.id), group, expected);
            count_group_change();
            return saved;
        });
    }

    Result<void> erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                             Expected expected) override {
        return faults_.call([&] {
            auto erased = erase_in(groups_, key(scope, id), expected);
            count_group_change();
            return erased;
        });
    }

    Result<std::vector<EnrollmentGroup>> groups(const IdScope& scope) override {
        return faults_.call([&]() -> Result<std::vector<EnrollmentGroup>> {
            const std::scoped_lock lock(mutex_);
            ++groups_read_;
            return select(groups_, scope, "", groups_.size(), [](const auto&) { return true; });
        });
    }

    Result<std::int64_t> groups_revision(const IdScope& /*scope*/) override {
        return faults_.call([&]() -> Result<std::int64_t> {
            const std::scoped_lock lock(mutex_);
            return groups_revision_;
        });
    }

    Result<std::vector<IndividualEnrollment>>
    individuals(const IdScope& scope, const std::string& after, std::size_t count_max) override {
        return faults_.call([&]() -> Result<std::vector<IndividualEnrollment>> {
            const std::scoped_lock lock(mutex_);
            return select(individuals_, scope, after, count_max, [](const auto&) { return true; });
        });
    }

    Result<std::optional<RegistrationId>>
    individual_with_thumbprint(const IdScope& scope, const std::string& thumbprint) override {
        return faults_.call([&]() -> Result<std::optional<RegistrationId>> {
            const std::scoped_lock lock(mutex_);
            for (const auto& one : select(individuals_, scope, "", individuals_.size(),
                                          [](const auto&) { return true; })) {
                if (holds(one, thumbprint)) {
                    return one.id;
                }
            }
            return std::optional<RegistrationId>();
        });
    }

    // ---- RegistrationStore ----

    Result<std::optional<RegistrationRecord>> find(const IdScope& scope,
                                                   const RegistrationId& id) override {
        return faults_.call([&]() -> Result<std::optional<RegistrationRecord>> {
            if (const auto code = next_of(read_failures_)) {
                return fail(*code, "the store is down");
            }
            return find_in(records_, key(scope, id));
        });
    }

    Result<void> save(const IdScope& scope, const RegistrationRecord& record,
                      Expected expected) override {
        if (const auto action = std::exchange(before_save_, nullptr)) {
            action();
        }
        auto outcome = faults_.call([&]() -> Result<void> {
            if (const auto code = next_of(save_failures_)) {
                return fail(*code, "the store is down");
            }
            auto saved = save_in(records_, key(scope, record.id), record, expected);
            records_written_ += saved ? 1 : 0;
            return saved;
        });
        if (const auto action = std::exchange(after_save_, nullptr)) {
            action();
        }
        return outcome;
    }

    Result<void> erase(const IdScope& scope, const RegistrationId& id, Expected expected) override {
        return faults_.call([&] { return erase_in(records_, key(scope, id), expected); });
    }

    Result<std::vector<RegistrationRecord>> of_group(const IdScope& scope,
                                                     const EnrollmentGroupId& group,
                                                     const std::string& after,
                                                     std::size_t count_max) override {
        return faults_.call([&]() -> Result<std::vector<RegistrationRecord>> {
            const std::scoped_lock lock(mutex_);
            return select(records_, scope, after, count_max, [&](const RegistrationRecord& one) {
                const auto* decider =
                    one.decided_by ? std::get_if<DecidedByGroup>(&*one.decided_by) : nullptr;
                return decider != nullptr && decider->id == group;
            });
        });
    }

    Result<std::vector<RegistrationRecord>> all(const IdScope& scope, const std::string& after,
                                                std::size_t count_max) override {
        return faults_.call([&]() -> Result<std::vector<RegistrationRecord>> {
            const std::scoped_lock lock(mutex_);
            return select(records_, scope, after, count_max, [](const auto&) { return true; });
        });
    }

    Result<std::vector<RegistrationRecord>> unfinished(const IdScope& scope,
                                                       std::size_t count_max) override {
        return faults_.call([&]() -> Result<std::vector<RegistrationRecord>> {
            const std::scoped_lock lock(mutex_);
            return select(records_, scope, "", count_max,
                          [](const RegistrationRecord& one) { return one.plan.has_value(); });
        });
    }

  private:
    using Key = std::pair<std::string, std::string>;

    template <class Id>
    static Key key(const IdScope& scope, const Id& id) {
        return {scope.text(), id.folded()};
    }

    static bool holds(const IndividualEnrollment& one, const std::string& thumbprint) {
        const auto* client = std::get_if<ClientCertificates>(&one.terms.attestation);
        if (client == nullptr) {
            return false;
        }
        const CertificateSlots& slots = client->certificates;
        return (slots.primary && slots.primary->sha256_thumbprint() == thumbprint) ||
               (slots.secondary && slots.secondary->sha256_thumbprint() == thumbprint);
    }

    std::optional<Code> next_of(std::deque<Code>& failures) {
        const std::scoped_lock lock(mutex_);
        if (failures.empty()) {
            return std::nullopt;
        }
        const Code code = failures.front();
        failures.pop_front();
        return code;
    }

    void count_group_change() {
        const std::scoped_lock lock(mutex_);
        ++groups_revision_;
    }

    template <class T>
    Result<std::optional<T>> find_in(const std::map<Key, T>& table, const Key& key) {
        const std::scoped_lock lock(mutex_);
        const auto found = table.find(key);
        return found == table.end() ? std::nullopt : std::optional(found->second);
    }

    template <class T>
    Result<void> save_in(std::map<Key, T>& table, const Key& key, const T& value,
                         Expected expected) {
        const std::scoped_lock lock(mutex_);
        const auto found = table.find(key);
        const std::int64_t version = found == table.end() ? 0 : found->second.stamp.version;
        if (version != expected.version) {
            return fail(Code::conflict, "stale version");
        }
        table.insert_or_assign(key, value);
        return {};
    }

    template <class T>
    Result<void> erase_in(std::map<Key, T>& table, const Key& key, Expected expected) {
        const std::scoped_lock lock(mutex_);
        const auto found = table.find(key);
        if (found == table.end() || found->second.stamp.version != expected.version) {
            return fail(Code::conflict, "stale version");
        }
        table.erase(found);
        return {};
    }

    template <class T, class Wanted>
    static std::vector<T> select(const std::map<Key, T>& table, const IdScope& scope,
                                 const std::string& after, std::size_t count_max, Wanted wanted) {
        std::vector<T> selected;
        for (const auto& [key, value] : table) {
            if (key.first == scope.text() && key.second > after && wanted(value) &&
                selected.size() < count_max) {
                selected.push_back(value);
            }
        }
        return selected;
    }

    Faults& faults_;
    std::mutex mutex_;
    std::map<Key, IndividualEnrollment> individuals_;
    std::map<Key, EnrollmentGroup> groups_;
    std::map<Key, RegistrationRecord> records_;
    std::int64_t groups_revision_ = 1;
    std::deque<Code> save_failures_;
    std::deque<Code> read_failures_;
    std::function<void()> before_save_;
    std::function<void()> after_save_;
    std::atomic<int> groups_read_ = 0;
    std::atomic<int> records_written_ = 0;
};

} // namespace muster::provisioning
