// The control plane from the request to the answer: the instance (reference: dps-service 10.1 to
// 10.3).

#include "gateway/control/world.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::gateway {
namespace {

using provisioning::AdminRole;

const std::string subscription = "/subscriptions/sub";
const std::string group = subscription + "/resourceGroups/acme";
const std::string provider = "/providers/Microsoft.Devices/";
const std::string all = provider + "provisioningServices";
const std::string one = group + all + "/dps-1";

constexpr std::string_view hub_string =
    "HostName=hub-1.example.net;SharedAccessKeyName=iothubowner;"
    "SharedAccessKey=c2VjcmV0IGtleSBvZiBodWI=";

class ControlHttp : public testing::Test {
  protected:
    ControlReply get(const std::string& path) { return world.send({.path = path}, owner); }

    ControlReply put(const std::string& path, std::string body,
                     std::vector<session::HttpHeader> headers = {}) {
        return world.send(
            {.method = "PUT", .path = path, .body = std::move(body), .headers = std::move(headers)},
            owner);
    }

    ControlReply post(const std::string& path, std::string body = {}) {
        return world.send({.method = "POST", .path = path, .body = std::move(body)}, owner);
    }

    void make(const std::string& path) { ASSERT_EQ(put(path, "{}").status, 201U) << path; }

    ControlWorld world;
    std::string owner = world.bearer(AdminRole::owner);
};

// ---- create, read, change ----

TEST_F(ControlHttp, TheRecordedCreationMakesAnInstanceThatIsThereAtOnce) {
    const auto made = put(one, R"({"location":"westus","tags":{"key1":"value1"},"properties":{},
                                   "sku":{"name":"S1","capacity":1}})");
    EXPECT_EQ(made.status, 201U);
    EXPECT_EQ(made.header("x-ms-request-id"), "f40da7ba-8c91-4796-8fc3-89e1dfbdbe05");
    EXPECT_EQ(made.header("Azure-AsyncOperation"), ""); // it is done; there is nothing to wait for
    EXPECT_EQ(made.text("/properties/state"), "Active");
    EXPECT_EQ(made.text("/properties/provisioningState"), "Succeeded");
    EXPECT_EQ(made.text("/properties/serviceOperationsHostName"), "dps-1.dps.example.net");
    EXPECT_EQ(made.text("/properties/deviceProvisioningHostName"), "control.example.net");
    EXPECT_TRUE(made.text("/properties/idScope").starts_with("0ne"));
    EXPECT_EQ(made.text("/id"), one);
    EXPECT_EQ(made.text("/location"), "westus");
    EXPECT_EQ(made.text("/tags/key1"), "value1");
    const auto read = get(one);
    EXPECT_EQ(read.status, 200U);
    EXPECT_EQ(read.body, made.body);
}

TEST_F(ControlHttp, NamesCompareWithoutCaseAndStayAsFirstSpelled) {
    make(one);
    const auto read = get("/SUBSCRIPTIONS/other/RESOURCEGROUPS/ACME/PROVIDERS/MICROSOFT.DEVICES/"
                          "PROVISIONINGSERVICES/DPS-1");
    EXPECT_EQ(read.text("/name"), "dps-1");
    EXPECT_EQ(read.text("/resourcegroup"), "acme");
    EXPECT_EQ(read.text("/subscriptionid"), "other");
    const auto again = put(group + all + "/DPS-1", R"({"tags":{"a":"b"}})");
    EXPECT_EQ(again.status, 200U);
    EXPECT_EQ(again.text("/name"), "dps-1");
    EXPECT_EQ(again.text("/tags/a"), "b");
}

TEST_F(ControlHttp, WhatWasReadCanBePutBackAndChangesNothing) {
    world.hubs.offer(HubName("hub-1.example.net"), std::string(hub_string));
    ASSERT_EQ(put(one, R"({"tags":{"a":"b"},"properties":{"allocationPolicy":"Static",
        "iotHubs":[{"connectionString":")" +
                           std::string(hub_string) +
                           R"(","location":"eastus","allocationWeight":7}],
        "ipFilterRules":[{"filterName":"f","action":"Reject","ipMask":"10.0.0.0/8"}],
        "authorizationPolicies":[{"keyName":"ci","rights":"EnrollmentWrite"}]}})")
                  .status,
              201U);
    const auto read = get(one);
    EXPECT_EQ(read.text("/properties/iotHubs/0/connectionString"),
              "HostName=hub-1.example.net;SharedAccessKeyName=iothubowner;SharedAccessKey=****");
    const auto keys = post(one + "/listkeys").body;
    const auto again = put(one, read.body);
    EXPECT_EQ(again.status, 200U);
    EXPECT_EQ(again.body, read.body);
    EXPECT_EQ(post(one + "/listkeys").body, keys);
    EXPECT_EQ(world.instances().find("dps-1")->hubs.front().connection_string.reveal(), hub_string);
}

TEST_F(ControlHttp, AHubThatIsUnlinkedIsRememberedAndShownToNobody) {
    const HubName hub("hub-1.example.net");
    world.hubs.offer(hub, std::string(hub_string));
    const std::string linked =
        R"({"properties":{"iotHubs":[{"connectionString":")" + std::string(hub_string) + R"("}]}})";
    ASSERT_EQ(put(one, linked).status, 201U);
    const auto unlinked = put(one, R"({"properties":{"iotHubs":[]}})");
    EXPECT_EQ(unlinked.status, 200U);
    EXPECT_EQ(unlinked.body.find("hub-1"), std::string::npos) << unlinked.body;
    const auto* former = world.instances().find("dps-1")->find_former_hub(hub);
    ASSERT_NE(former, nullptr);
    EXPECT_EQ(former->connection_string.reveal(), hub_string);
    ASSERT_EQ(put(one, linked).status, 200U);
    EXPECT_TRUE(world.instances().find("dps-1")->former_hubs.empty());
}

// The resource of Azure has no such member.
TEST_F(ControlHttp, ALimitOfAHubSurvivesAWriteThatDoesNotKnowIt) {
    const HubName hub("hub-1.example.net");
    world.hubs.offer(hub, std::string(hub_string));
    provisioning::InstanceSettings settings;
    settings.name = "dps-1";
    settings.tenant = "acme";
    settings.hubs = {{.name = hub, .connection_string = Secret(std::string(hub_string))}};
    settings.hubs->front().devices_max = 7;
    ASSERT_TRUE(world.instances().put(settings, {}, {.name = "token:ci"}));
    const auto limit = [&] { return world.instances().find("dps-1")->find_hub(hub)->devices_max; };
    ASSERT_EQ(put(one, get(one).body).status, 200U);
    EXPECT_EQ(limit(), 7);
    ASSERT_EQ(put(one, R"({"properties":{"iotHubs":[{"connectionString":")" +
                           std::string(hub_string) + R"(","allocationWeight":3}]}})")
                  .status,
              200U);
    EXPECT_EQ(limit(), 7);
}

TEST_F(ControlHttp, AHubThatCannotBeLinkedIsAMistakeInTheBody) {
    world.hubs.offer(HubName("hub-1.example.net"), std::string(hub_string));
    for (const auto* text : {"HostName=hub-2.example.net;SharedAccessKey=a2V5",
                             "HostName=hub-1.example.net;SharedAccessKey=a2V5", "nonsense"}) {
        const auto refused = put(one, R"({"properties":{"iotHubs":[{"connectionString":")" +
                                          std::string(text) + R"("}]}})");
        EXPECT_EQ(refused.status, 400U) << text;
        EXPECT_EQ(refused.error(), "BadRequest") << text;
        EXPECT_EQ(refused.body.find("a2V5"), std::string::npos) << refused.body;
    }
    const auto twice = R"({"connectionString":")" + std::string(hub_string) + R"("})";
    const auto refused = put(one, R"({"properties":{"iotHubs":[)" + twice + ',' + twice + "]}}");
    EXPECT_EQ(refused.text("/error/message"), "Cannot have duplicate iot hubs in description");
    EXPECT_EQ(get(one).status, 404U);
}

TEST_F(ControlHttp, ConditionsOfAPut) {
    const auto with = [&](std::string name, std::string value) {
        return put(one, R"({"location":"x"})", {{std::move(name), std::move(value)}}).status;
    };
    EXPECT_EQ(with("If-Match", "*"), 404U);
    EXPECT_EQ(with("If-Match", "AAAA"), 412U);
    EXPECT_EQ(with("If-None-Match", "*"), 201U);
    EXPECT_EQ(with("If-None-Match", "*"), 412U);
    EXPECT_EQ(with("If-Match", "AAAA"), 412U);
    EXPECT_EQ(with("If-Match", "*"), 200U);
    EXPECT_EQ(with("If-Match", get(one).text("/etag")), 200U);
    EXPECT_EQ(with("If-Match", '"' + get(one).text("/etag") + '"'), 200U);
}

TEST_F(ControlHttp, APatchReplacesTheTagsAndNothingElse) {
    ASSERT_EQ(put(one, R"({"location":"westus","tags":{"a":"1","b":"2"}})").status, 201U);
    const auto patch = [&](std::string body, std::vector<session::HttpHeader> headers = {}) {
        return world.send({.method = "PATCH",
                           .path = one,
                           .body = std::move(body),
                           .headers = std::move(headers)},
                          owner);
    };
    const auto patched = patch(R"({"tags":{"c":"3"},"location":"elsewhere"})");
    EXPECT_EQ(patched.status, 200U);
    EXPECT_EQ(patched.at("/tags"), Json({{"c", "3"}}));
    EXPECT_EQ(patched.text("/location"), "westus");
    EXPECT_EQ(patch(R"({"tags":{}})", {{"If-Match", "AAAA"}}).status, 412U);
    EXPECT_EQ(patch(R"({})").status, 400U);
    EXPECT_EQ(patch("").status, 400U);
    EXPECT_EQ(
        world
            .send({.method = "PATCH", .path = group + all + "/dps-9", .body = R"({"tags":{}})"},
                  owner)
            .status,
        404U);
    EXPECT_EQ(world.instances().find("dps-9"), nullptr);
}

TEST_F(ControlHttp, BadBodiesChangeNothing) {
    make(one);
    const auto before = get(one).body;
    for (const auto* body : {"", "[]", "{", R"({"properties":[]})", R"({"location":7})",
                             R"({"properties":{"iotHubs":[7]}})", R"({"location":""})",
                             R"({"properties":{"ipFilterRules":[{"filterName":"f",
                                 "action":"Reject","ipMask":"10.0.0.0/33"}]}})"}) {
        const auto refused = put(one, body);
        EXPECT_EQ(refused.status, 400U) << body;
        EXPECT_EQ(refused.error(), "BadRequest") << body;
    }
    EXPECT_EQ(put(group + all + "/1234", "{}").status, 400U);
    EXPECT_EQ(put(subscription + "/resourceGroups/a%20b" + all + "/dps-2", "{}").status, 400U);
    EXPECT_EQ(put(one, "{}", {{"Content-Type", "text/plain"}}).status, 415U);
    EXPECT_EQ(get(one).body, before);
}

// ---- policies ----

TEST_F(ControlHttp, ANewInstanceHasTheOwnersPolicyInItsRecordedForm) {
    make(one);
    const auto keys = post(one + "/listkeys");
    EXPECT_EQ(keys.status, 200U);
    EXPECT_EQ(keys.at("/value").as_array().size(), 1U);
    EXPECT_EQ(keys.text("/value/0/keyName"), "provisioningserviceowner");
    EXPECT_EQ(keys.text("/value/0/rights"), "ServiceConfig, DeviceConnect, EnrollmentWrite");
    EXPECT_FALSE(keys.text("/value/0/primaryKey").empty());
    EXPECT_NE(keys.text("/value/0/primaryKey"), keys.text("/value/0/secondaryKey"));
    const auto one_key = post(one + "/keys/PROVISIONINGSERVICEOWNER/listkeys");
    EXPECT_EQ(one_key.at(""), keys.at("/value/0"));
    EXPECT_EQ(post(one + "/keys/nobody/listkeys").error(), "ResourceNotFound");
}

TEST_F(ControlHttp, PoliciesAreShownToWhoPutThemAndInNoGet) {
    const auto made = put(one, R"({"properties":{"authorizationPolicies":[
        {"keyName":"ci","rights":"EnrollmentRead, EnrollmentWrite, RegistrationStatusRead"},
        {"keyName":"given","rights":"EnrollmentRead","primaryKey":"MDEyMzQ1Njc4OWFiY2RlZg=="}]}})");
    EXPECT_EQ(made.text("/properties/authorizationPolicies/0/rights"), "EnrollmentWrite");
    EXPECT_EQ(made.text("/properties/authorizationPolicies/1/primaryKey"),
              "MDEyMzQ1Njc4OWFiY2RlZg==");
    EXPECT_FALSE(made.text("/properties/authorizationPolicies/1/secondaryKey").empty());
    for (const auto& path : {one, group + all, subscription + all}) {
        EXPECT_EQ(get(path).body.find("MDEyMzQ1Njc4OWFiY2RlZg=="), std::string::npos) << path;
        EXPECT_EQ(get(path).body.find("authorizationPolicies"), std::string::npos) << path;
    }
}

TEST_F(ControlHttp, APutWithoutPoliciesKeepsThemAndOneWithoutKeysKeepsThose) {
    make(one);
    const auto keys = post(one + "/listkeys").body;
    ASSERT_EQ(put(one, R"({"location":"elsewhere","properties":{}})").status, 200U);
    EXPECT_EQ(post(one + "/listkeys").body, keys);
    ASSERT_EQ(put(one, R"({"properties":{"authorizationPolicies":[{"primaryKey":null,
        "keyName":"provisioningserviceowner",
        "rights":"ServiceConfig, DeviceConnect, EnrollmentWrite"}]}})")
                  .status,
              200U);
    EXPECT_EQ(post(one + "/listkeys").body, keys);
}

// ---- lists and names ----

TEST_F(ControlHttp, ListsAGroupAndASubscription) {
    make(one);
    make(group + all + "/dps-0");
    make(subscription + "/resourceGroups/other" + all + "/dps-2");
    const auto names = [&](const std::string& path) {
        std::string text;
        const auto reply = get(path);
        for (const auto& entry : reply.at("/value").as_array()) {
            text += std::string(entry.at("name").as_string()) + ' ';
        }
        return text;
    };
    EXPECT_EQ(names(group + all), "dps-0 dps-1 ");
    EXPECT_EQ(names(subscription + all), "dps-0 dps-1 dps-2 ");
    EXPECT_EQ(names(subscription + "/resourceGroups/empty" + all), "");
    EXPECT_EQ(get(group + all).body.find("nextLink"), std::string::npos);
}

TEST_F(ControlHttp, LongListsComeInPages) {
    for (int i = 0; i < 205; ++i) {
        make(group + all + "/dps-" + std::to_string(1000 + i));
    }
    const std::string host = "https://control.example.net:8443";
    std::size_t count = 0;
    std::vector<std::size_t> pages;
    for (auto path = subscription + all; !path.empty();) {
        const auto page = get(path);
        for (const auto& entry : page.at("/value").as_array()) {
            EXPECT_EQ(entry.at("name").as_string(), "dps-" + std::to_string(1000 + count++));
        }
        pages.push_back(page.at("/value").as_array().size());
        const auto next = page.text("/nextLink");
        ASSERT_TRUE(next.empty() || next.starts_with(host + "/"));
        path = next.empty() ? "" : next.substr(host.size());
    }
    EXPECT_EQ(pages, (std::vector<std::size_t>{100, 100, 5}));
}

TEST_F(ControlHttp, ANameIsFreeTakenOrNone) {
    make(one);
    for (const auto& scope : {std::string(), subscription}) {
        const auto check = [&](std::string_view name) {
            return post(scope + provider + "checkProvisioningServiceNameAvailability",
                        to_text(JsonObject{{"name", name}}));
        };
        EXPECT_EQ(check("dps-2").body, R"({"nameAvailable":true})");
        EXPECT_EQ(check("DPS-1").text("/reason"), "AlreadyExists");
        EXPECT_EQ(check("DPS-1").at("/nameAvailable"), Json(false));
        EXPECT_EQ(check("-x").text("/reason"), "Invalid");
        EXPECT_EQ(check("12345").text("/reason"), "Invalid");
    }
    EXPECT_EQ(post(provider + "checkProvisioningServiceNameAvailability", "{}").status, 400U);
}

TEST_F(ControlHttp, SmallReads) {
    make(one);
    EXPECT_EQ(get(one + "/skus").body, R"({"value":[{"name":"S1"}]})");
    EXPECT_EQ(get(one + "/privateLinkResources").body, R"({"value":[]})");
    EXPECT_EQ(get(one + "/privateEndpointConnections").body, "[]");
    EXPECT_EQ(get(one + "/privateLinkResources/iotDps").error(), "ResourceNotFound");
    EXPECT_EQ(put(one + "/privateEndpointConnections/x", "{}").error(), "ResourceNotFound");
    const auto operations = get(provider + "operations");
    EXPECT_EQ(operations.text("/value/0/name"), "Microsoft.Devices/provisioningServices/Read");
    EXPECT_EQ(operations.text("/value/0/display/provider"), "Microsoft Devices");
}

// ---- the request as such ----

TEST_F(ControlHttp, AnyWellFormedApiVersionSinceTheFirstWillDo) {
    const auto ask = [&](const std::string& version) {
        return get(provider + "operations?api-version=" + version).status;
    };
    for (const auto* version :
         {"2017-08-21-preview", "2017-11-15", "2021-10-15", "2026-08-31", "2031-01-01"}) {
        EXPECT_EQ(ask(version), 200U) << version;
    }
    for (const auto* version : {"", "2017-08-20", "2016-12-31-preview", "latest", "1.0"}) {
        EXPECT_EQ(ask(version), 400U) << version;
    }
}

TEST_F(ControlHttp, UnknownPathsAndMethods) {
    EXPECT_EQ(get("/subscriptions").error(), "InvalidResourceType");
    EXPECT_EQ(get("/subscriptions").status, 404U);
    const auto refused = world.send({.method = "DELETE", .path = one + "/skus"}, owner);
    EXPECT_EQ(refused.status, 405U);
    EXPECT_EQ(refused.header("Allow"), "GET");
}

} // namespace
} // namespace muster::gateway
