#pragma once
// The port of hubs over a State, one call of which goes wrong in one way. For the exhaustive test.

#include "base/check.h"
#include "provisioning/moving/model_world.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::provisioning::model {

enum class Fault : std::uint8_t {
    lost,        // the call never arrives
    answer_lost, // it took effect
    late,        // it takes effect later
    overtaken,   // the first of the late calls takes effect just before this one
};

struct FaultAt {
    int call = 0;
    Fault fault = Fault::lost;
};

class ModelHubs final : public Hubs {
  public:
    ModelHubs(State& state, std::optional<FaultAt> fault) : state_(state), fault_(fault) {}

    /// Whether each call so far wrote.
    [[nodiscard]] const std::vector<bool>& calls() const { return calls_; }

    static void apply(State& state, const LateCall& call) {
        switch (call.kind) {
        case LateCall::Kind::create:
            (void)state.table.create(call.hub, call.device, call.twin);
            return;
        case LateCall::Kind::update: (void)state.table.update(call.hub, call.device); return;
        case LateCall::Kind::erase:
            (void)state.table.erase(call.hub, call.device.id, call.device.etag);
            return;
        }
    }

    static void apply_late(State& state, std::size_t index) {
        const LateCall call = state.late.at(index);
        state.late.erase(state.late.begin() + static_cast<std::ptrdiff_t>(index));
        apply(state, call);
    }

    Result<std::optional<HubDevice>> find_device(const HubName& hub, const DeviceId& id) override {
        if (is_lost(false)) {
            return fail(Code::unavailable, "lost");
        }
        const FakeHubRow* row = state_.table.find(hub, id);
        return row == nullptr ? std::nullopt : std::optional(row->device);
    }

    Result<std::optional<HubTwin>> find_twin(const HubName& hub, const DeviceId& id) override {
        if (is_lost(false)) {
            return fail(Code::unavailable, "lost");
        }
        const FakeHubRow* row = state_.table.find(hub, id);
        return row == nullptr ? std::nullopt : std::optional(row->twin);
    }

    Result<void> create_device(const HubName& hub, const HubDevice& created,
                               const HubTwin& twin) override {
        return write({.kind = LateCall::Kind::create, .hub = hub, .device = created, .twin = twin},
                     [&] { return state_.table.create(hub, created, twin); });
    }

    Result<void> update_device(const HubName& hub, const HubDevice& updated) override {
        return write({.kind = LateCall::Kind::update, .hub = hub, .device = updated, .twin = {}},
                     [&] { return state_.table.update(hub, updated); });
    }

    Result<void> delete_device(const HubName& hub, const DeviceId& id, const ETag& etag) override {
        return write({.kind = LateCall::Kind::erase,
                      .hub = hub,
                      .device = {.id = id, .etag = etag},
                      .twin = {}},
                     [&] { return state_.table.erase(hub, id, etag); });
    }

    // The device has no modules: their calls would only make the world larger.
    Result<std::vector<HubModule>> modules(const HubName& /*hub*/,
                                           const DeviceId& /*id*/) override {
        return std::vector<HubModule>();
    }

    Result<void> put_module(const HubName& /*hub*/, const DeviceId& /*id*/,
                            const HubModule& /*module*/) override {
        CHECK(false);
        return {};
    }

    [[nodiscard]] bool may_act_late(const HubName& /*hub*/) const override { return true; }

    Result<HubName> check_link(const Secret& /*connection_string*/) override {
        CHECK(false);
        return HubName();
    }

  private:
    /// This call goes wrong.
    bool is_lost(bool writes) {
        calls_.push_back(writes);
        fails_ = fault_ && fault_->call == static_cast<int>(calls_.size()) - 1;
        if (fails_ && fault_->fault == Fault::overtaken) {
            apply_late(state_, 0);
            fails_ = false;
        }
        return fails_;
    }

    template <class Effect>
    Result<void> write(LateCall call, Effect effect) {
        if (!is_lost(true)) {
            return effect();
        }
        if (fault_->fault == Fault::answer_lost) {
            (void)effect();
        }
        if (fault_->fault == Fault::late) {
            state_.late.push_back(std::move(call));
        }
        return fail(Code::unavailable, "lost");
    }

    State& state_;
    std::optional<FaultAt> fault_;
    std::vector<bool> calls_;
    bool fails_ = false;
};

} // namespace muster::provisioning::model
