#pragma once
// Hubs for tests: they remember what they were told, and fail as a test wants it. Thread safe.

#include "provisioning/fake_faults.h"
#include "provisioning/fake_hub_table.h"
#include "provisioning/hubs.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::provisioning {

class FakeHubs final : public Hubs {
  public:
    /// What becomes of a call that fails. Reads have no effect to speak of.
    enum class Effect : std::uint8_t {
        none, // never
        done, // it took effect, the answer was lost
        late, // it will take effect when the test says so: release_late()
    };

    /// A hub's answer that is not a yes.
    struct Answer {
        Code code = Code::unavailable;
        Effect effect = Effect::none;
        std::string detail = "hub says no";
        std::optional<std::chrono::seconds> retry_after = std::nullopt;

        [[nodiscard]] std::unexpected<Error> refusal() const {
            auto refused = fail(code, detail);
            refused.error().retry_after = retry_after;
            return refused;
        }
    };

    struct Call {
        std::string_view name; // of the port's method
        HubName hub;
        DeviceId device;

        [[nodiscard]] bool writes() const {
            return name == "create_device" || name == "update_device" || name == "delete_device" ||
                   name == "put_module";
        }
    };

    explicit FakeHubs(Faults& faults) : faults_(faults) {}

    // ---- what a test may arrange ----

    /// The next calls answer so. One with an effect waits for a call that writes.
    void answer_next(int count, const Answer& answer) {
        const std::scoped_lock lock(mutex_);
        answers_.insert(answers_.end(), static_cast<std::size_t>(count), answer);
    }

    /// Asked for every call that has no scripted answer; may look at the call only.
    void answer_by(std::function<std::optional<Answer>(const Call&)> script) {
        const std::scoped_lock lock(mutex_);
        script_ = std::move(script);
    }

    /// Every call fails until it is up again.
    void down(const HubName& hub) {
        const std::scoped_lock lock(mutex_);
        down_.insert(hub);
    }

    void up(const HubName& hub) {
        const std::scoped_lock lock(mutex_);
        down_.erase(hub);
    }

    /// Every hub is there again.
    void recover() {
        const std::scoped_lock lock(mutex_);
        answers_.clear();
        script_ = nullptr;
        down_.clear();
    }

    /// Nobody knows this hub (any more), or its key.
    void forget(const HubName& hub) {
        const std::scoped_lock lock(mutex_);
        unknown_.insert(hub);
    }

    /// Over a network, as far as may_act_late() says.
    void put_far_away(const HubName& hub) {
        const std::scoped_lock lock(mutex_);
        far_.insert(hub);
    }

    void without_modules(const HubName& hub) {
        const std::scoped_lock lock(mutex_);
        without_modules_.insert(hub);
    }

    [[nodiscard]] std::size_t late_calls() {
        const std::scoped_lock lock(mutex_);
        return late_.size();
    }

    /// The calls that were late take effect now, as far as they still can, in order.
    void release_late() {
        const std::scoped_lock lock(mutex_);
        for (const auto& effect : std::exchange(late_, {})) {
            (void)effect();
        }
    }

    /// Changes behind our back: by the device, a back end, an operator. A hub freezes the twin of
    /// a device on the move; this does not ask.
    template <class Edit>
    bool edit(const HubName& hub, const DeviceId& id, Edit change) {
        const std::scoped_lock lock(mutex_);
        return table_.edit(hub, id, change);
    }

    template <class Edit>
    bool edit_twin(const HubName& hub, const DeviceId& id, Edit change) {
        const std::scoped_lock lock(mutex_);
        return table_.edit_twin(hub, id, change);
    }

    void drop(const HubName& hub, const DeviceId& id) {
        const std::scoped_lock lock(mutex_);
        table_.drop(hub, id);
    }

    void put(const HubName& hub, const HubDevice& device, const HubTwin& twin = {}) {
        const std::scoped_lock lock(mutex_);
        table_.drop(hub, device.id);
        (void)table_.create(hub, device, twin);
    }

    /// The hub is there, and this connection string opens it.
    void offer(const HubName& hub, const std::string& connection_string) {
        const std::scoped_lock lock(mutex_);
        offers_[connection_string] = hub;
    }

    // ---- what a test may look at ----

    int links_checked() {
        const std::scoped_lock lock(mutex_);
        return links_checked_;
    }

    /// All but check_link(), reads included.
    int calls() {
        const std::scoped_lock lock(mutex_);
        return calls_;
    }

    /// Those that change something.
    int writes() {
        const std::scoped_lock lock(mutex_);
        return writes_;
    }

    /// With a copy of any kind.
    std::vector<HubName> hubs_with(const DeviceId& device) {
        return hubs_where(device, [](const FakeHubRow&) { return true; });
    }

    /// With one that is enabled.
    std::vector<HubName> hubs_serving(const DeviceId& device) {
        return hubs_where(device, [](const FakeHubRow& row) { return row.device.enabled; });
    }

    std::optional<HubDevice> device(const HubName& hub, const DeviceId& device) {
        const auto found = row(hub, device);
        return found ? std::optional(found->device) : std::nullopt;
    }

    std::optional<HubTwin> twin(const HubName& hub, const DeviceId& device) {
        const auto found = row(hub, device);
        return found ? std::optional(found->twin) : std::nullopt;
    }

    std::optional<FakeHubRow> row(const HubName& hub, const DeviceId& device) {
        const std::scoped_lock lock(mutex_);
        const FakeHubRow* found = table_.find(hub, device);
        return found == nullptr ? std::nullopt : std::optional(*found);
    }

    FakeHubTable table() {
        const std::scoped_lock lock(mutex_);
        return table_;
    }

    // ---- Hubs ----

    Result<std::optional<HubDevice>> find_device(const HubName& hub, const DeviceId& id) override {
        return read({"find_device", hub, id}, [=, this]() -> Result<std::optional<HubDevice>> {
            const FakeHubRow* found = table_.find(hub, id);
            return found == nullptr ? std::nullopt : std::optional(found->device);
        });
    }

    Result<void> create_device(const HubName& hub, const HubDevice& device,
                               const HubTwin& twin) override {
        return write({"create_device", hub, device.id},
                     [=, this] { return table_.create(hub, device, twin); });
    }

    Result<void> update_device(const HubName& hub, const HubDevice& device) override {
        return write({"update_device", hub, device.id},
                     [=, this] { return table_.update(hub, device); });
    }

    Result<void> delete_device(const HubName& hub, const DeviceId& id, const ETag& etag) override {
        return write({"delete_device", hub, id}, [=, this] { return table_.erase(hub, id, etag); });
    }

    Result<std::optional<HubTwin>> find_twin(const HubName& hub, const DeviceId& id) override {
        return read({"find_twin", hub, id}, [=, this]() -> Result<std::optional<HubTwin>> {
            const FakeHubRow* found = table_.find(hub, id);
            return found == nullptr ? std::nullopt : std::optional(found->twin);
        });
    }

    Result<std::vector<HubModule>> modules(const HubName& hub, const DeviceId& id) override {
        return read({"modules", hub, id}, [=, this]() -> Result<std::vector<HubModule>> {
            const FakeHubRow* found = table_.find(hub, id);
            if (found == nullptr) {
                return fail(Code::not_found, "device not found");
            }
            std::vector<HubModule> all;
            for (const auto& [name, module] : found->modules) {
                all.push_back(module);
            }
            return all;
        });
    }

    Result<void> put_module(const HubName& hub, const DeviceId& id,
                            const HubModule& module) override {
        return write({"put_module", hub, id}, [=, this]() -> Result<void> {
            if (without_modules_.contains(hub)) {
                return fail(Code::unsupported, "the hub has no modules");
            }
            return table_.put_module(hub, id, module);
        });
    }

    bool may_act_late(const HubName& hub) const override {
        const std::scoped_lock lock(mutex_);
        return far_.contains(hub);
    }

    Result<HubName> check_link(const Secret& connection_string) override {
        return faults_.call([&]() -> Result<HubName> {
            const std::scoped_lock lock(mutex_);
            ++links_checked_;
            const std::string text(connection_string.reveal());
            const auto found = offers_.find(text);
            if (found != offers_.end()) {
                return found->second;
            }
            const bool is_known = std::ranges::any_of(offers_, [&](const auto& offer) {
                return text.starts_with("HostName=" + offer.second.text() + ';');
            });
            return is_known ? fail(Code::unauthenticated, "the key is not the policy's")
                   : text.starts_with("HostName=")
                       ? fail(Code::not_found, "no such hub here")
                       : fail(Code::malformed, "not a connection string");
        });
    }

  private:
    template <class Wanted>
    std::vector<HubName> hubs_where(const DeviceId& device, Wanted wanted) {
        const std::scoped_lock lock(mutex_);
        std::vector<HubName> hubs;
        for (const auto& [key, row] : table_.rows()) {
            if (key.second == device && wanted(row)) {
                hubs.push_back(key.first);
            }
        }
        return hubs;
    }

    std::optional<Answer> answer_to(const Call& call) {
        ++calls_;
        writes_ += call.writes() ? 1 : 0;
        if (unknown_.contains(call.hub)) {
            return Answer{.code = Code::not_found, .detail = std::string(hub_unknown)};
        }
        if (down_.contains(call.hub)) {
            return Answer{.code = Code::unavailable};
        }
        if (!answers_.empty() && (call.writes() || answers_.front().effect == Effect::none)) {
            const Answer answer = answers_.front();
            answers_.pop_front();
            return answer;
        }
        return script_ ? script_(call) : std::nullopt;
    }

    template <class Look>
    auto read(const Call& call, Look look) -> decltype(look()) {
        return faults_.call([&]() -> decltype(look()) {
            const std::scoped_lock lock(mutex_);
            if (const auto answer = answer_to(call)) {
                return answer->refusal();
            }
            return look();
        });
    }

    template <class Change>
    Result<void> write(const Call& call, Change change) {
        return faults_.call([&]() -> Result<void> {
            const std::scoped_lock lock(mutex_);
            const auto answer = answer_to(call);
            if (!answer) {
                return change();
            }
            if (answer->effect == Effect::done) {
                (void)change();
            }
            if (answer->effect == Effect::late) {
                late_.emplace_back(std::move(change));
            }
            return answer->refusal();
        });
    }

    Faults& faults_;
    mutable std::mutex mutex_;
    FakeHubTable table_;
    int calls_ = 0;
    int writes_ = 0;
    int links_checked_ = 0;
    std::map<std::string, HubName> offers_; // by connection string
    std::deque<Answer> answers_;
    std::function<std::optional<Answer>(const Call&)> script_;
    std::set<HubName> down_;
    std::set<HubName> unknown_;
    std::set<HubName> far_;
    std::set<HubName> without_modules_;
    std::vector<std::function<Result<void>()>> late_;
};

} // namespace muster::provisioning
