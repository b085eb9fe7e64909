#include "provisioning/allocating/circuits.h"

#include <algorithm>

namespace muster::provisioning {

bool Circuits::permit(const std::string& name, SteadyTime now, std::chrono::seconds call_max) {
    const std::scoped_lock lock(mutex_);
    const auto at = failing_.find(name);
    if (at == failing_.end() || at->second.failures < failures_max) {
        return true;
    }
    if (now < at->second.open_until) {
        return false;
    }
    at->second.open_until = now + call_max; // the others wait for this try
    return true;
}

void Circuits::note(const std::string& name, Outcome outcome, SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    if (outcome == Outcome::success) {
        failing_.erase(name);
        return;
    }
    Circuit& circuit = circuit_of(name);
    circuit.failures = std::min(circuit.failures + 1, failures_max);
    circuit.failed = now;
    circuit.open_until = now + rest;
}

Circuits::Circuit& Circuits::circuit_of(const std::string& name) {
    if (!failing_.contains(name) && failing_.size() >= circuits_max) {
        failing_.erase(std::ranges::min_element(
            failing_, {}, [](const auto& entry) { return entry.second.failed; }));
    }
    return failing_[name];
}

} // namespace muster::provisioning
