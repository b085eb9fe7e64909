#pragma once
// One registration for rules to look at. For tests.

#include "provisioning/allocating/rule.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace muster::provisioning {

struct RuleFixture : testing::Test {
    RegistrationId id{"Pump-7"};
    std::optional<HubName> current;
    AllocationInputs inputs{.payload = {},
                            .leaf_der = {},
                            .peer_address = "10.1.2.3",
                            .api_version = "2021-06-01",
                            .now = from_unix_seconds(1'896'129'005), // Thursday 2030-01-31 22:30:05
                            .place = {},
                            .loads = {},
                            .answer = {}};

    [[nodiscard]] RuleVerdict decide(const Rule& rule) const {
        return rule.decide({.id = id, .current = current, .inputs = inputs});
    }

    /// The clause that decides; -1: it is no rule.
    [[nodiscard]] int clause_of(std::string_view text) const {
        const auto rule = Rule::parse(text);
        EXPECT_TRUE(rule) << text << ": " << (rule ? "" : rule.error().detail);
        return rule ? static_cast<int>(decide(*rule).clause) : -1;
    }

    [[nodiscard]] bool holds(const std::string& condition) const {
        return clause_of("when " + condition + " then hub('hub-1')") == 1;
    }

    static std::string refusal_of(std::string_view text) {
        const auto rule = Rule::parse(text);
        EXPECT_TRUE(rule || rule.error().code == Code::malformed);
        return rule ? "accepted" : rule.error().detail;
    }

    void set_payload(std::string_view text) { inputs.payload = parse_json(text).value(); }
};

} // namespace muster::provisioning
