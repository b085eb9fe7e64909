#include "gateway/hub_mqtt/turns.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <variant>
#include <vector>

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
    std::vector<std::size_t> sizes;
    if (operation != Operation::twin_read) { // whoever reads the twin knows how large it is
        std::ranges::transform(batch, std::back_inserter(sizes), bytes_of);
    }
    return limiter.admit(*operation, static_cast<double>(batch.size()), sizes);
}

} // namespace muster::gateway
