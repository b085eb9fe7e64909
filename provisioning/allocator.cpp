#include "provisioning/allocator.h"

#include "base/log.h"
#include "provisioning/device_registration.h"
#include "provisioning/ip_range.h"

namespace muster::provisioning {

Allocator::Allocator(const Ports& ports)
    : ports_(ports), loads_(ports.instance.scope(), ports.registrations, ports.clock) {}

AllocationInputs Allocator::inputs_for(const DeviceRequest& request) {
    const auto& certificates = request.proof.certificates;
    const std::string address(without_port(request.peer_address));
    return {
        .payload = request.payload,
        .leaf_der = certificates.empty() ? std::string() : certificates.front(),
        .peer_address = address,
        .api_version = request.api_version,
        .now = ports_.clock.wall(),
        .place = ports_.whereabouts.locate(address),
        .loads = loads_.loads(),
        .answer = std::nullopt,
    };
}

AllocationInputs Allocator::inputs_for(const Question& question) {
    return {
        .payload = question.payload,
        .leaf_der = {},
        .peer_address = question.peer_address,
        .api_version = question.api_version,
        .now = ports_.clock.wall(),
        .place = question.peer_address.empty() // nobody asks: not this node's place, either
                     ? DevicePlace{}
                     : ports_.whereabouts.locate(question.peer_address),
        .loads = loads_.loads(),
        .answer = std::nullopt,
    };
}

Result<FunctionAnswer> Allocator::ask(const FunctionRequest& request) {
    auto answer = ports_.functions.call(request);
    const bool refused = !answer && answer.error().code == Code::forbidden; // its right to say so
    if (answer || refused || !request.definition.fallback) {
        return answer;
    }
    log::warning("allocation function failed, its fallback policy decides",
                 {{"scope", ports_.instance.scope().text()}, {"cause", answer.error().cause}});
    return FunctionAnswer{};
}

void Allocator::moved(const std::optional<HubName>& from, const std::optional<HubName>& to) {
    loads_.moved(from, to);
}

} // namespace muster::provisioning
