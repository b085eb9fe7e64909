#include "provisioning/moving/taking.h"

#include <utility>
#include <variant>

namespace muster::provisioning {

namespace {

bool is_unknown_hub(const Error& error) {
    return error.code == Code::not_found && error.detail == hub_unknown;
}

/// The steps at the hubs, each ending in the record that it leads to.
struct Taking {
    HubSteps& steps;
    const RegistrationRecord& planned;
    const Mark& mark;

    Result<Advance> operator()(const AskStep& /*step*/) const {
        return fail(Code::internal, "a question is not for hubs");
    }

    Result<Advance> operator()(const EnsureStep& step) const {
        return advance(steps.ensure(step.hub, step.provision));
    }

    Result<Advance> operator()(const FenceStep& step) const {
        return advance(steps.fence(step.place, step.token, step.access));
    }

    Result<Advance> operator()(const PlaceStep& step) const {
        auto placed = steps.place(step.transfer);
        auto advanced = advance(placed);
        if (advanced) {
            advanced->not_carried = *std::move(placed);
        }
        return advanced;
    }

    Result<Advance> operator()(const DecideStep& /*step*/) const { return advance(Result<void>()); }

    Result<Advance> operator()(const SettleStep& step) const {
        const auto settled = steps.settle(step.settlement);
        const bool lost =
            !settled && settled.error().code == Code::not_found && !is_unknown_hub(settled.error());
        return lost ? place_again(step) : advance(settled);
    }

    /// The stage stays: to go back would let this process give up what another one, which has found
    /// the copy after all, is enabling.
    Result<Advance> place_again(const SettleStep& step) const {
        const auto fenced = steps.fence(step.transfer.from, step.transfer.token);
        if (!fenced) {
            return std::unexpected(fenced.error());
        }
        auto placed = steps.place(step.transfer);
        if (!placed && placed.error().code != Code::already_exists) { // that may be ours, settled
            return std::unexpected(std::move(placed).error());
        }
        auto advanced = advance(steps.settle(step.settlement));
        if (advanced && placed) {
            advanced->not_carried = *std::move(placed);
        }
        return advanced;
    }

    Result<Advance> operator()(const RenewStep& step) const {
        const auto erased = steps.erase(step.place, step.token);
        return advance(erased ? steps.ensure(step.place.hub, step.provision, step.access) : erased);
    }

    template <class T>
    Result<Advance> advance(const Result<T>& outcome) const {
        if (!outcome) {
            return std::unexpected(outcome.error());
        }
        return Advance{.next = after_step(planned, mark), .findings = {}, .not_carried = {}};
    }
};

} // namespace

Result<Advance> take_hub_step(HubSteps& steps, const RegistrationRecord& planned,
                              const Mark& mark) {
    return std::visit(Taking{.steps = steps, .planned = planned, .mark = mark}, next_step(planned));
}

} // namespace muster::provisioning
