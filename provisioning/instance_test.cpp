#include "provisioning/instance.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::provisioning {
namespace {

using enum Right;

std::string canonical(std::string_view text) {
    const auto rights = parse_rights(text);
    return rights ? rights_text(*rights) : "refused";
}

TEST(Rights, RefuseUnknownNames) {
    for (const auto* bad : {"", " ", ",", "Enrollment", "EnrollmentRead,",
                            "EnrollmentRead;"
                            "EnrollmentWrite",
                            "EnrollmentRead EnrollmentWrite", "1"}) {
        const auto rights = parse_rights(bad);
        ASSERT_FALSE(rights) << bad;
        EXPECT_EQ(rights.error().code, Code::malformed);
    }
}

TEST(Rights, ArePrintedAsAzurePrintsThem) {
    // dps-service 1.6: what another right contains is left out
    EXPECT_EQ(canonical("EnrollmentRead, EnrollmentWrite, RegistrationStatusRead, "
                        "RegistrationStatusWrite, DeviceConnect, ServiceConfig"),
              "ServiceConfig, DeviceConnect, EnrollmentWrite");
    EXPECT_EQ(canonical("EnrollmentRead"), "EnrollmentRead");
    EXPECT_EQ(canonical("registrationstatusread,enrollmentREAD,EnrollmentRead"),
              "EnrollmentRead, RegistrationStatusRead");
    EXPECT_EQ(canonical("RegistrationStatusWrite, RegistrationStatusRead"),
              "RegistrationStatusWrite");
}

TEST(Rights, NestWithoutEquality) {
    const AccessPolicy writer{.name = "w", .keys = {}, .rights = {registration_write}};
    EXPECT_TRUE(writer.allows(registration_read));
    EXPECT_FALSE(writer.allows(enrollment_read));
    EXPECT_FALSE(writer.allows(service_config));
    const AccessPolicy nobody{.name = "n", .keys = {}, .rights = {}};
    EXPECT_FALSE(nobody.allows(registration_read));
}

TEST(Instance, FindsByNameWithoutCase) {
    Instance instance;
    instance.policies = {{.name = "Owner", .keys = {}, .rights = {}}};
    instance.hubs = {{.name = HubName("Hub-1.example.net")}};
    EXPECT_NE(instance.find_policy("oWNER"), nullptr);
    EXPECT_EQ(instance.find_policy("own"), nullptr);
    EXPECT_NE(instance.find_hub(HubName("hub-1.EXAMPLE.net")), nullptr);
    EXPECT_EQ(instance.find_certificate(""), nullptr);
}

// ---- who gets in ----

constexpr auto service = IpRule::Target::service_api;
constexpr auto device = IpRule::Target::device_api;

IpRule rule(IpRule::Action action, IpRule::Target target, std::string mask) {
    return {.name = mask, .action = action, .target = target, .mask = std::move(mask)};
}

Instance filtered(std::vector<IpRule> rules) {
    Instance instance;
    instance.ip_rules = std::move(rules);
    return instance;
}

TEST(Admits, EverybodyWithoutRules) {
    EXPECT_TRUE(admits({}, service, "8.8.8.8"));
    EXPECT_TRUE(admits({}, device, "2001:db8::1"));
    EXPECT_TRUE(admits({}, device, "")); // nothing to compare it with
}

TEST(Admits, ByTheFirstRuleThatMatches) {
    using enum IpRule::Action;
    const auto instance = filtered({rule(accept, IpRule::Target::all, "10.1.0.0/16"),
                                    rule(reject, IpRule::Target::all, "10.0.0.0/8"),
                                    rule(accept, IpRule::Target::all, "10.2.0.0/16")});
    EXPECT_TRUE(admits(instance, service, "10.1.2.3"));
    EXPECT_FALSE(admits(instance, service, "10.2.2.3")); // the third comes too late
    EXPECT_TRUE(admits(instance, service, "11.0.0.1"));  // none matches
    EXPECT_FALSE(admits(instance, service, "::ffff:10.2.2.3"));
}

TEST(Admits, EachSideByItsOwnRules) {
    using enum IpRule::Action;
    const auto instance =
        filtered({rule(reject, service, "0.0.0.0/0"), rule(reject, device, "10.0.0.0/8"),
                  rule(reject, IpRule::Target::all, "2001:db8::/32")});
    EXPECT_FALSE(admits(instance, service, "8.8.8.8"));
    EXPECT_TRUE(admits(instance, device, "8.8.8.8"));
    EXPECT_FALSE(admits(instance, device, "10.0.0.1"));
    EXPECT_FALSE(admits(instance, service, "2001:db8::1"));
    EXPECT_FALSE(admits(instance, device, "2001:db8::1"));
    EXPECT_TRUE(admits(instance, service, "2001:db9::1"));
}

TEST(Admits, NobodyWhoCannotBePlacedPastARule) {
    using enum IpRule::Action;
    const auto instance = filtered({rule(reject, service, "10.0.0.0/8")});
    EXPECT_TRUE(admits(instance, device, "not an address"));
    for (const std::string& text :
         {std::string(), std::string("not an address"), std::string("10.0.0.1:443"),
          std::string(1'000'000, '1'), std::string("10.0.0.1\0", 9)}) {
        EXPECT_FALSE(admits(instance, service, text));
    }
}

TEST(Admits, OnlyPrivateAddressesWithoutPublicAccess) {
    Instance instance = filtered({rule(IpRule::Action::accept, IpRule::Target::all, "0.0.0.0/0"),
                                  rule(IpRule::Action::reject, IpRule::Target::all, "10.0.0.0/8")});
    instance.public_network_access = false;
    EXPECT_FALSE(admits(instance, service, "8.8.8.8")); // dps-service 10.1: rules are ignored
    EXPECT_TRUE(admits(instance, service, "10.0.0.1"));
    EXPECT_TRUE(admits(instance, device, "127.0.0.1"));
    EXPECT_TRUE(admits(instance, device, "::1"));
    EXPECT_FALSE(admits(instance, device, "garbage"));
}

TEST(Rights, Nest) {
    // dps-service 1.6
    using enum Right;
    const auto allows = [](Right granted, Right wanted) {
        return AccessPolicy{.name = "p", .keys = {}, .rights = {granted}}.allows(wanted);
    };
    for (const Right right : {enrollment_read, registration_read, registration_write}) {
        EXPECT_TRUE(allows(enrollment_write, right));
        EXPECT_FALSE(allows(service_config, right));
        EXPECT_FALSE(allows(device_connect, right));
    }
    EXPECT_TRUE(allows(registration_write, registration_read));
    EXPECT_FALSE(allows(registration_read, registration_write));
    EXPECT_FALSE(allows(enrollment_read, registration_read));
    EXPECT_FALSE(allows(enrollment_read, enrollment_write));
    EXPECT_FALSE(allows(enrollment_write, service_config));
}

} // namespace
} // namespace muster::provisioning
