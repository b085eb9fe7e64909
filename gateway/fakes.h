#pragma once
// For tests: what the gateway and the services behind it need of the outside, in memory and stepped
// by hand. Each fake states what the real thing promises, and can be told to fail.

#include "base/task.h"
#include "provisioning/ports.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace muster::gateway {

struct BrokenOnPurpose {};

/// Tasks wait until they are run.
class QueuedExecutor final : public Executor {
  public:
    [[nodiscard]] bool submit(Task task) override {
        if (is_full) {
            return false;
        }
        tasks_.push_back(std::move(task));
        return true;
    }

    /// True if there was anything to run. As in the real pool, an exception ends its task only.
    bool run_all() {
        const bool any = !tasks_.empty();
        while (!tasks_.empty()) {
            auto task = std::move(tasks_.front());
            tasks_.pop_front();
            try {
                task();
            } catch (const BrokenOnPurpose&) {
                continue;
            }
        }
        return any;
    }

    /// As a pool that stops: what waits is thrown away.
    void drop_all() { tasks_.clear(); }

    [[nodiscard]] std::size_t size() const { return tasks_.size(); }

    bool is_full = false;

  private:
    std::deque<Task> tasks_;
};

/// Tasks run when they are told to, whatever their delay.
class ManualScheduler final : public Scheduler {
  public:
    Ticket after(std::chrono::milliseconds /*delay*/, Task task) override {
        tasks_.emplace(++last_, std::move(task));
        return last_;
    }

    void cancel(Ticket ticket) override { tasks_.erase(ticket); }

    void run_due() {
        for (auto& [ticket, task] : std::exchange(tasks_, {})) {
            task();
        }
    }

  private:
    std::map<Ticket, Task> tasks_;
    Ticket last_ = 0;
};

/// The items of one scope, ordered by folded id, each with a version that a write must name.
template <class Item, class ItemId>
class VersionedItems {
  public:
    std::optional<Item> find(const ItemId& id) const {
        const auto found = items_.find(id.folded());
        return found == items_.end() ? std::nullopt : std::optional(found->second);
    }

    Result<void> save(const Item& item, provisioning::Expected expected) {
        if (version_of(item.id) != expected.version) {
            return fail(Code::conflict, "another version");
        }
        items_.insert_or_assign(item.id.folded(), item);
        return {};
    }

    Result<void> erase(const ItemId& id, provisioning::Expected expected) {
        if (version_of(id) != expected.version) {
            return fail(Code::conflict, "another version");
        }
        items_.erase(id.folded());
        return {};
    }

    std::vector<Item> after(const std::string& after, std::size_t count_max,
                            auto&& is_wanted) const {
        std::vector<Item> result;
        for (auto item = items_.upper_bound(after);
             item != items_.end() && result.size() < count_max; ++item) {
            if (is_wanted(item->second)) {
                result.push_back(item->second);
            }
        }
        return result;
    }

    std::vector<Item> after(const std::string& start, std::size_t count_max) const {
        return after(start, count_max, [](const Item&) { return true; });
    }

  private:
    std::int64_t version_of(const ItemId& id) const {
        const auto item = find(id);
        return item ? item->stamp.version : 0;
    }

    std::map<std::string, Item> items_;
};

/// One scope only.
class FakeRegistrations final : public provisioning::RegistrationStore {
  public:
    using Record = provisioning::RegistrationRecord;
    using Records = Result<std::vector<Record>>;

    Result<std::optional<Record>> find(const IdScope&, const RegistrationId& id) override {
        return records.find(id);
    }

    Result<void> save(const IdScope&, const Record& record,
                      provisioning::Expected expected) override {
        return records.save(record, expected);
    }

    Result<void> erase(const IdScope&, const RegistrationId& id,
                       provisioning::Expected expected) override {
        return records.erase(id, expected);
    }

    Records of_group(const IdScope&, const EnrollmentGroupId& group, const std::string& after,
                     std::size_t count_max) override {
        return records.after(after, count_max, [&](const Record& record) {
            const auto* by_group =
                record.decided_by ? std::get_if<provisioning::DecidedByGroup>(&*record.decided_by)
                                  : nullptr;
            return by_group != nullptr && by_group->id == group;
        });
    }

    Records all(const IdScope&, const std::string& after, std::size_t count_max) override {
        return records.after(after, count_max);
    }

    Records unfinished(const IdScope&, std::size_t count_max) override {
        return records.after({}, count_max,
                             [](const Record& record) { return record.plan.has_value(); });
    }

    VersionedItems<Record, RegistrationId> records;
};

/// One scope only.
class FakeEnrollments final : public provisioning::EnrollmentStore {
  public:
    using Individual = provisioning::IndividualEnrollment;
    using Group = provisioning::EnrollmentGroup;
    using Expected = provisioning::Expected;

    explicit FakeEnrollments(FakeRegistrations& registrations) : registrations_(registrations) {}

    Result<std::optional<Individual>> find_individual(const IdScope&,
                                                      const RegistrationId& id) override {
        if (is_down) {
            return fail(Code::unavailable, "the database is away", "disk I/O error");
        }
        if (is_broken) {
            throw BrokenOnPurpose();
        }
        return individuals_.find(id);
    }

    Result<void> save(const IdScope&, const Individual& enrollment, Expected expected) override {
        return individuals_.save(enrollment, expected);
    }

    Result<void> erase_individual(const IdScope& scope, const RegistrationId& id,
                                  Expected expected) override {
        if (const auto record = registrations_.records.find(id)) {
            static_cast<void>(registrations_.erase(scope, id, {record->stamp.version}));
        }
        return individuals_.erase(id, expected);
    }

    Result<std::optional<Group>> find_group(const IdScope&, const EnrollmentGroupId& id) override {
        return groups_.find(id);
    }

    Result<void> save(const IdScope&, const Group& group, Expected expected) override {
        ++revision_;
        return groups_.save(group, expected);
    }

    Result<void> erase_group(const IdScope&, const EnrollmentGroupId& id,
                             Expected expected) override {
        ++revision_;
        return groups_.erase(id, expected);
    }

    Result<std::vector<Group>> groups(const IdScope&) override {
        return groups_.after({}, std::size_t(-1));
    }

    Result<std::int64_t> groups_revision(const IdScope&) override { return revision_; }

    Result<std::vector<Individual>> individuals(const IdScope&, const std::string& after,
                                                std::size_t count_max) override {
        return individuals_.after(after, count_max);
    }

    Result<std::optional<RegistrationId>>
    individual_with_thumbprint(const IdScope&, const std::string& sha256_thumbprint) override {
        for (const auto& enrollment : individuals_.after({}, std::size_t(-1))) {
            const auto* client =
                std::get_if<provisioning::ClientCertificates>(&enrollment.terms.attestation);
            const auto has_it = [&](const std::optional<crypto::Certificate>& certificate) {
                return certificate && certificate->sha256_thumbprint() == sha256_thumbprint;
            };
            if (client != nullptr &&
                (has_it(client->certificates.primary) || has_it(client->certificates.secondary))) {
                return enrollment.id;
            }
        }
        return std::optional<RegistrationId>();
    }

    bool is_down = false;
    bool is_broken = false;

  private:
    FakeRegistrations& registrations_;
    VersionedItems<Individual, RegistrationId> individuals_;
    VersionedItems<Group, EnrollmentGroupId> groups_;
    std::int64_t revision_ = 0;
};

/// Remembers what the hubs were told.
class FakeHubs final : public provisioning::Hubs {
  public:
    Result<void> ensure_device(const HubName& hub,
                               const provisioning::DeviceProvision& provision) override {
        if (is_down) {
            return fail(Code::unavailable, "the hub is away");
        }
        devices[provision.device_id.text()] = hub;
        return {};
    }

    bool is_down = false;
    std::map<std::string, HubName> devices;
};

} // namespace muster::gateway
