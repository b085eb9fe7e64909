#include "gateway/control/instance_resource.h"
#include "gateway/control/linked_hub.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::gateway {
namespace {

using provisioning::AccessPolicy;
using provisioning::AllocationPolicy;
using provisioning::Instance;
using provisioning::InstanceState;
using provisioning::IpRule;
using provisioning::LinkedHub;
using provisioning::Right;

const ResourceView view{.subscription = "91d12660", .device_host = "global.example.net"};

Instance plain() {
    Instance instance;
    instance.scope = IdScope("0ne004E2F06");
    instance.name = "dps000002";
    instance.tenant = "rg";
    instance.location = "westus";
    instance.host_names = {"dps000002.example.net"};
    instance.stamp.etag = ETag("AAAAAA3ez90=");
    return instance;
}

/// dps-service 10.1, as recorded, with what later versions of the resource have in addition.
TEST(InstanceResource, HasTheRecordedShape) {
    EXPECT_EQ(Json(to_resource(plain(), view)), parse_json(R"({
        "etag":"AAAAAA3ez90=","name":"dps000002","location":"westus",
        "properties":{"state":"Active","provisioningState":"Succeeded","iotHubs":[],
          "allocationPolicy":"Hashed","serviceOperationsHostName":"dps000002.example.net",
          "deviceProvisioningHostName":"global.example.net","idScope":"0ne004E2F06",
          "enableDataResidency":false,"ipFilterRules":[],"publicNetworkAccess":"Enabled",
          "privateEndpointConnections":[],"disableLocalAuth":false},
        "resourcegroup":"rg","type":"Microsoft.Devices/provisioningServices",
        "id":")" + resource_id(plain(), "91d12660") + R"(",
        "subscriptionid":"91d12660","tags":{},
        "sku":{"name":"S1","tier":"Standard","capacity":1}})")
                                                    .value());
}

TEST(InstanceResource, ShowsEverySetting) {
    auto instance = plain();
    instance.tags = {{"key1", "value1"}};
    instance.default_policy = AllocationPolicy::fixed;
    instance.public_network_access = false;
    instance.shared_key_access = false;
    instance.state = InstanceState::deleting;
    instance.ip_rules = {{.name = "office",
                          .action = IpRule::Action::reject,
                          .target = IpRule::Target::service_api,
                          .mask = "192.0.2.0/24"}};
    instance.hubs = {
        {.name = HubName("hub1.example.net"),
         .weight = 7,
         .apply_allocation_policy = false,
         .location = "eastus",
         .connection_string = Secret("HostName=hub1.example.net;SharedAccessKeyName=iothubowner;"
                                     "SharedAccessKey=c2VjcmV0")}};
    const auto resource = to_resource(instance, view);
    EXPECT_EQ(resource.at("tags"), Json(instance.tags));
    auto properties = resource.at("properties").as_object();
    EXPECT_EQ(properties.at("state"), "Deleting");
    EXPECT_EQ(properties.at("provisioningState"), "Deleting");
    EXPECT_EQ(properties.at("allocationPolicy"), "Static");
    EXPECT_EQ(properties.at("publicNetworkAccess"), "Disabled");
    EXPECT_EQ(properties.at("disableLocalAuth"), true);
    EXPECT_EQ(properties.at("ipFilterRules"),
              parse_json(R"([{"filterName":"office","action":"Reject","ipMask":"192.0.2.0/24",
                              "target":"serviceApi"}])")
                  .value());
    EXPECT_EQ(properties.at("iotHubs"),
              parse_json(R"([{"name":"hub1.example.net","hostName":"hub1.example.net",
        "connectionString":")" +
                         masked_connection_string(instance.hubs.front()) + R"(",
        "location":"eastus","applyAllocationPolicy":false,"allocationWeight":7,
        "authenticationType":"KeyBased"}])")
                  .value());
}

TEST(InstanceResource, HasNoSecretInIt) {
    auto instance = plain();
    instance.policies = {{.name = "owner",
                          .keys = {Secret("policy secret"), Secret("policy secret")},
                          .rights = {Right::service_config}}};
    for (const auto* secret :
         {"SharedAccessKey=TOP;HostName=h", "TOP", "HostName=h;SharedAccessSignature=TOP;x=TOP",
          "HostName=TOP;SharedAccessKey=TOP", "SharedAccessKey=TOP;SharedAccessKey=TOP"}) {
        instance.hubs = {{.name = HubName("hub1.example.net"),
                          .connection_string = Secret(std::string(secret))}};
        const auto text = to_text(to_resource(instance, view));
        EXPECT_EQ(text.find("TOP"), std::string::npos) << text;
        EXPECT_EQ(text.find("authorizationPolicies"), std::string::npos);
        EXPECT_EQ(text.find("cG9saWN5IHNlY3JldA=="), std::string::npos);
    }
}

TEST(InstanceResource, IsNamedByItsGroupAndName) {
    EXPECT_EQ(resource_id(plain(), "s"), "/subscriptions/s/resourceGroups/rg/providers/"
                                         "Microsoft.Devices/provisioningServices/dps000002");
}

TEST(InstanceResource, AConnectionStringIsShownWithoutItsKey) {
    const LinkedHub hub{.name = HubName("hub1.example.net"),
                        .connection_string =
                            Secret("HostName=hub1.example.net;SharedAccessKeyName=iothubowner;"
                                   "SharedAccessKey=c2VjcmV0")};
    EXPECT_EQ(masked_connection_string(hub), "HostName=hub1.example.net;"
                                             "SharedAccessKeyName=iothubowner;"
                                             "SharedAccessKey=****");
}

TEST(InstanceResource, AHubOfTheConfigurationHasAMaskedConnectionStringToo) {
    const LinkedHub hub{.name = HubName("hub1.example.net")};
    EXPECT_EQ(masked_connection_string(hub), "HostName=hub1.example.net;SharedAccessKey=****");
}

TEST(InstanceResource, AHostThatTheOperatorGaveIsShownRatherThanTheOneByName) {
    auto instance = plain();
    instance.host_names = {"dps000002.muster.internal", "dps.example.net", "192.0.2.7"};
    EXPECT_EQ(
        to_resource(instance, view).at("properties").as_object().at("serviceOperationsHostName"),
        "dps.example.net");
}

/// dps-service 1.6 and 10.3: rights are printed in their canonical form.
TEST(InstanceResource, APolicyIsShownWithItsKeysAndCanonicalRights) {
    const AccessPolicy policy{.name = "provisioningserviceowner",
                              .keys = {Secret("0123456789abcdef"), Secret("fedcba9876543210")},
                              .rights = {Right::enrollment_read, Right::enrollment_write,
                                         Right::service_config, Right::device_connect,
                                         Right::registration_read}};
    EXPECT_EQ(Json(to_policy_resource(policy)), parse_json(R"({
        "keyName":"provisioningserviceowner","primaryKey":"MDEyMzQ1Njc4OWFiY2RlZg==",
        "secondaryKey":"ZmVkY2JhOTg3NjU0MzIxMA==",
        "rights":"ServiceConfig, DeviceConnect, EnrollmentWrite"})")
                                                    .value());
}

} // namespace
} // namespace muster::gateway
