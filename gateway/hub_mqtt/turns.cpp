#include "gateway/hub_mqtt/turns.h"

#include <optional>
#include <variant>

namespace muster::gateway {

namespace {

using hub::Operation;

struct OperationOf {
    std::optional<Operation> operator()(const TelemetryStep&) const { return Operation::telemetry; }

    std::optional<Operation> operator()(const TwinGetStep&) const { return Operation::twin_read; }

    std::optional<Operation> operator()(const TwinPatchStep&) const {
        return Operation::twin_update;
    }

    template <class Other>
    std::optional<Operation> operator()(const Other&) const {
        return std::nullopt;
    }
};

} // namespace

Result<std::chrono::milliseconds> turn_of(const Batch& batch, hub::Limiter& limiter) {
    const auto operation = std::visit(OperationOf(), batch.front());
    if (!operation) {
        return std::chrono::milliseconds(0);
    }
    const auto wait = limiter.admit(*operation, static_cast<double>(batch.size()));
    if (!wait) {
        return wait;
    }
    for (const Step& step : batch) {
        if (auto charged = limiter.charge(bytes_of(step)); !charged) {
            return std::unexpected(std::move(charged).error());
        }
    }
    return wait;
}

} // namespace muster::gateway
