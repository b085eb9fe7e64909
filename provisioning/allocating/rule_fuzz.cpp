// Whatever text comes: it is refused with a place inside it, or it is a rule that decides about any
// device, twice the same.

#include "base/check.h"
#include "provisioning/allocating/rule.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace muster::provisioning {
namespace {

void check_refusal(const Error& error, std::string_view text) {
    CHECK(error.code == Code::malformed);
    CHECK(error.detail.starts_with("line ") || error.detail.starts_with("column "));
    const std::size_t place = error.detail.find("column ") + std::string_view("column ").size();
    const unsigned long column = std::stoul(error.detail.substr(place));
    CHECK(column >= 1 && column <= std::max(text.size(), rule_bytes_max) + 1);
}

/// The bytes after the first NUL are the payload, or a fixed one stands in.
Json payload_in(std::string_view text) {
    if (auto payload = parse_json(text)) {
        return *std::move(payload);
    }
    return JsonObject{{"a", 1}, {"b", JsonArray{"x", 2, nullptr}}, {"c", JsonObject{{"d", "e"}}}};
}

void check_verdict(const Rule& rule, const RuleVerdict& verdict) {
    if (const auto* chosen = std::get_if<ChosenHubs>(&verdict.choice)) {
        CHECK(!chosen->hubs.empty());
        for (const HubName& hub : chosen->hubs) {
            CHECK(std::ranges::find(rule.hubs_named(), hub) != rule.hubs_named().end());
        }
        return;
    }
    const bool asks = std::get<ChosenPolicy>(verdict.choice).policy == AllocationPolicy::custom;
    CHECK(!asks || rule.asks_function());
}

} // namespace
} // namespace muster::provisioning

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::provisioning;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view text = input.substr(0, input.find('\0'));
    const auto rule = Rule::parse(text);
    if (!rule) {
        check_refusal(rule.error(), text);
        return 0;
    }
    const std::string_view rest = text.size() < size ? input.substr(text.size() + 1) : "";
    AllocationInputs inputs;
    inputs.payload = payload_in(rest);
    inputs.leaf_der = rest;
    inputs.peer_address = rest;
    inputs.now = muster::from_unix_seconds(static_cast<long long>(size) * 100'000);
    const muster::RegistrationId id("device-1");
    const std::optional<muster::HubName> hub("hub-1");
    const RuleFacts facts{.id = id, .current = hub, .inputs = inputs};
    const RuleVerdict verdict = rule->decide(facts);
    CHECK(verdict.clause == rule->decide(facts).clause);
    check_verdict(*rule, verdict);
    return 0;
}
