#include "gateway/control/instance_request.h"
#include "gateway/control/instance_resource.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::gateway {
namespace {

using provisioning::AllocationPolicy;
using provisioning::Instance;
using provisioning::InstanceSettings;
using provisioning::IpRule;
using provisioning::Right;

constexpr std::string_view full_string =
    "HostName=hub-1.example.net;SharedAccessKeyName=iothubowner;"
    "SharedAccessKey=c2VjcmV0IGtleSBvZiBodWI=";
constexpr std::string_view masked_string =
    "HostName=hub-1.example.net;SharedAccessKeyName=iothubowner;SharedAccessKey=****";

JsonObject document(std::string_view text) {
    return parse_json_object(text).value();
}

/// A body with these members of `properties`.
JsonObject with(std::string_view properties) {
    return document(R"({"properties":{)" + std::string(properties) + "}}");
}

InstanceSettings read(const JsonObject& body, const Instance* stored = nullptr) {
    auto settings = read_instance(body, stored);
    EXPECT_TRUE(settings) << settings.error().detail;
    return settings.value();
}

std::string refusal(const JsonObject& body, const Instance* stored = nullptr) {
    const auto settings = read_instance(body, stored);
    EXPECT_FALSE(settings) << to_text(body);
    return settings ? "" : settings.error().detail;
}

Instance linked() {
    Instance instance;
    instance.name = "dps-1";
    instance.tenant = "acme";
    instance.hubs = {{.name = HubName("hub-1.example.net"),
                      .connection_string = Secret(std::string(full_string))}};
    return instance;
}

TEST(InstanceRequest, TheRecordedCreationSetsLocationAndTagsAndLeavesTheRestOpen) {
    const auto settings = read(document(R"({"location":"westus","tags":{"key1":"value1"},
        "properties":{},"sku":{"name":"S1","capacity":1}})"));
    EXPECT_EQ(settings.location, "westus");
    EXPECT_EQ(settings.tags, document(R"({"key1":"value1"})"));
    EXPECT_FALSE(settings.default_policy || settings.hubs || settings.policies ||
                 settings.ip_rules || settings.public_network_access || settings.shared_key_access);
}

TEST(InstanceRequest, ReadsEverySettingOfTheProperties) {
    const auto settings = read(with(R"("allocationPolicy":"GeoLatency",
        "publicNetworkAccess":"Disabled","disableLocalAuth":true,
        "ipFilterRules":[
            {"filterName":"office","action":"Accept","ipMask":"192.0.2.0/24","target":"serviceApi"},
            {"filterName":"rest","action":"reject","ipMask":"0.0.0.0/0"}],
        "authorizationPolicies":[{"keyName":"ci","rights":"EnrollmentRead, EnrollmentWrite",
            "primaryKey":"MDEyMzQ1Njc4OWFiY2RlZg==","secondaryKey":null}])"));
    EXPECT_EQ(settings.default_policy, AllocationPolicy::geo_latency);
    EXPECT_EQ(settings.public_network_access, false);
    EXPECT_EQ(settings.shared_key_access, false);
    ASSERT_EQ(settings.ip_rules->size(), 2U);
    EXPECT_EQ(settings.ip_rules->front().target, IpRule::Target::service_api);
    EXPECT_EQ(settings.ip_rules->front().mask, "192.0.2.0/24");
    EXPECT_EQ(settings.ip_rules->back().action, IpRule::Action::reject);
    EXPECT_EQ(settings.ip_rules->back().target, IpRule::Target::all);
    const auto& policy = settings.policies->front();
    EXPECT_EQ(policy.name, "ci");
    EXPECT_EQ(policy.rights, (std::vector{Right::enrollment_read, Right::enrollment_write}));
    EXPECT_EQ(policy.primary->reveal(), "0123456789abcdef");
    EXPECT_FALSE(policy.secondary);
}

TEST(InstanceRequest, AHubIsLinkedByItsConnectionStringAlone) {
    const auto settings =
        read(with(R"("iotHubs":[{"connectionString":")" + std::string(full_string) +
                  R"(","location":"eastus","name":"ignored","allocationWeight":null,
                      "applyAllocationPolicy":null}])"));
    const auto& hub = settings.hubs->front();
    EXPECT_EQ(hub.connection_string.reveal(), full_string);
    EXPECT_TRUE(hub.name.empty());
    EXPECT_EQ(hub.weight, 1);
    EXPECT_TRUE(hub.apply_allocation_policy);
    EXPECT_EQ(hub.location, "eastus");
}

TEST(InstanceRequest, WhatWasShownOfALinkedHubComesBackAndKeepsItsKey) {
    const auto stored = linked();
    for (const auto& hub : {R"("connectionString":")" + std::string(masked_string) + '"',
                            std::string(R"("hostName":"HUB-1.example.net")"),
                            std::string(R"("name":"hub-1.example.net","connectionString":"")")}) {
        const auto settings =
            read(with(R"("iotHubs":[{)" + hub + R"(,"allocationWeight":7}])"), &stored);
        ASSERT_EQ(settings.hubs->size(), 1U) << hub;
        EXPECT_EQ(settings.hubs->front().name, HubName("hub-1.example.net"));
        EXPECT_TRUE(settings.hubs->front().connection_string.empty());
        EXPECT_EQ(settings.hubs->front().weight, 7);
    }
}

TEST(InstanceRequest, AMaskedConnectionStringLinksNoHubAndChangesNone) {
    const auto stored = linked();
    const auto named = [](std::string_view text) {
        return with(R"("iotHubs":[{"connectionString":")" + std::string(text) + R"("}])");
    };
    const std::string needed =
        "properties.iotHubs[0].connectionString is needed in full to link a hub";
    EXPECT_EQ(refusal(named(masked_string)), needed);
    EXPECT_EQ(refusal(named("HostName=hub-2.example.net;SharedAccessKeyName=iothubowner;"
                            "SharedAccessKey=****"),
                      &stored),
              needed);
    EXPECT_EQ(refusal(named("HostName=hub-1.example.net;SharedAccessKeyName=another;"
                            "SharedAccessKey=****"),
                      &stored),
              needed);
    EXPECT_EQ(refusal(named("nonsense"), &stored), needed);
    EXPECT_EQ(refusal(with(R"("iotHubs":[{}])"), &stored), needed);
}

TEST(InstanceRequest, WhatTheResourceShowsCanBeSentBack) {
    auto stored = linked();
    stored.location = "westus";
    stored.tags = {{"key1", "value1"}};
    stored.ip_rules = {{.name = "all",
                        .action = IpRule::Action::reject,
                        .target = IpRule::Target::device_api,
                        .mask = "10.0.0.0/8"}};
    stored.public_network_access = false;
    stored.shared_key_access = false;
    stored.default_policy = AllocationPolicy::fixed;
    stored.hubs.front().weight = 12;
    stored.hubs.front().apply_allocation_policy = false;
    const auto settings =
        read(to_resource(stored, {.subscription = "sub", .device_host = "d"}), &stored);
    EXPECT_EQ(settings.location, stored.location);
    EXPECT_EQ(settings.tags, stored.tags);
    EXPECT_EQ(settings.public_network_access, false);
    EXPECT_EQ(settings.shared_key_access, false);
    EXPECT_EQ(settings.default_policy, AllocationPolicy::fixed);
    EXPECT_EQ(settings.hubs->front().weight, 12);
    EXPECT_FALSE(settings.hubs->front().apply_allocation_policy);
    EXPECT_EQ(settings.ip_rules->front().name, "all");
    EXPECT_EQ(settings.ip_rules->front().target, IpRule::Target::device_api);
    EXPECT_FALSE(settings.policies);
}

TEST(InstanceRequest, ReadOnlyAndUnknownMembersAreIgnored) {
    const auto settings = read(document(R"({"id":1,"name":[],"etag":{},"type":7,"newer":true,
        "identity":{"type":"None"},"properties":{"state":1,"provisioningState":2,"idScope":3,
        "serviceOperationsHostName":4,"enableDataResidency":"?",
        "privateEndpointConnections":[]}})"));
    EXPECT_FALSE(settings.location || settings.tags || settings.hubs);
}

TEST(InstanceRequest, NullMeansAbsent) {
    const auto settings = read(document(R"({"location":null,"tags":null,"sku":null,
        "identity":null,"properties":null})"));
    EXPECT_FALSE(settings.location || settings.tags || settings.hubs || settings.policies);
}

TEST(InstanceRequest, EveryMistakeNamesItsMember) {
    struct Case {
        std::string_view properties;
        std::string_view detail;
    };

    for (const auto& [properties, detail] : std::initializer_list<Case>{
             {R"("allocationPolicy":"Custom")",
              "properties.allocationPolicy is one of Hashed, GeoLatency, Static"},
             {R"("allocationPolicy":7)", "properties.allocationPolicy must be a string"},
             {R"("publicNetworkAccess":"Perhaps")",
              "properties.publicNetworkAccess is one of Enabled, Disabled"},
             {R"("disableLocalAuth":"yes")", "properties.disableLocalAuth must be true or false"},
             {R"("iotHubs":{})", "properties.iotHubs must be an array"},
             {R"("iotHubs":[null])", "properties.iotHubs must be an array of objects"},
             {R"("iotHubs":[{"connectionString":"SharedAccessKey=k","allocationWeight":0}])",
              "properties.iotHubs[0].allocationWeight is from 1 to 1000"},
             {R"("iotHubs":[{"connectionString":"SharedAccessKey=k","allocationWeight":1001}])",
              "properties.iotHubs[0].allocationWeight is from 1 to 1000"},
             {R"("iotHubs":[{"connectionString":"SharedAccessKey=k",
                 "authenticationType":"SystemAssigned"}])",
              "properties.iotHubs[0].authenticationType is KeyBased here; there are no managed "
              "identities"},
             {R"("authorizationPolicies":[{"rights":"EnrollmentRead"}])",
              "properties.authorizationPolicies[0].keyName is required"},
             {R"("authorizationPolicies":[{"keyName":"a"}])",
              "properties.authorizationPolicies[0].rights is required"},
             {R"("authorizationPolicies":[{"keyName":"a","rights":"EnrollmentRead",
                 "secondaryKey":"not base64"}])",
              "properties.authorizationPolicies[0].secondaryKey is not valid base64"},
             {R"("ipFilterRules":[{"filterName":"a","ipMask":"10.0.0.0/8"}])",
              "properties.ipFilterRules[0].action is required"},
             {R"("ipFilterRules":[{"filterName":"a","ipMask":"10.0.0.0/8","action":"Drop"}])",
              "properties.ipFilterRules[0].action is one of Accept, Reject"},
             {R"("privateEndpointConnections":[{}])",
              "properties.privateEndpointConnections are not offered here"}}) {
        EXPECT_EQ(refusal(with(properties)), detail) << properties;
    }
    EXPECT_TRUE(
        refusal(with(R"("authorizationPolicies":[{"keyName":"a","rights":"Everything"}])"))
            .starts_with(
                "properties.authorizationPolicies[0].rights are one or more of ServiceConfig, "));
}

TEST(InstanceRequest, WhatIsNotOfferedIsRefusedRatherThanDropped) {
    EXPECT_EQ(refusal(document(R"({"sku":{"name":"B1"}})")), "sku is S1");
    EXPECT_EQ(refusal(document(R"({"sku":{"name":1}})")), "sku.name must be a string");
    EXPECT_EQ(refusal(document(R"({"identity":{"type":"SystemAssigned"}})")),
              "identity is None here; there are no managed identities");
}

TEST(InstanceRequest, TagsAreAFewShortTexts) {
    EXPECT_EQ(refusal(document(R"({"tags":{"a":1}})")),
              "tags have names of up to 512 and texts of up to 256 bytes");
    const auto tagged = [](std::size_t name, std::size_t value) {
        return JsonObject{{"tags", JsonObject{{std::string(name, 'n'), std::string(value, 'v')}}}};
    };
    EXPECT_TRUE(read_tags(tagged(512, 256)));
    EXPECT_FALSE(read_tags(tagged(513, 256)));
    EXPECT_FALSE(read_tags(tagged(512, 257)));
    JsonObject many;
    for (int i = 0; i < 51; ++i) {
        many[std::to_string(i)] = "x";
    }
    EXPECT_FALSE(read_tags({{"tags", many}}));
    many.erase("50");
    EXPECT_TRUE(read_tags({{"tags", many}}));
    EXPECT_EQ(read_tags({}).error().detail, "tags is required");
    EXPECT_EQ(read_tags(document(R"({"tags":{}})")).value(), JsonObject());
}

} // namespace
} // namespace muster::gateway
