#include "base/text.h"
#include "gateway/control/routes.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::gateway {
namespace {

using provisioning::AdminRole;

auto find(std::string_view method, std::string_view path) {
    std::vector<std::string> segments;
    for (const auto segment : split(path, '/')) {
        segments.emplace_back(segment);
    }
    return find_control_route(method, segments);
}

const std::string provider = "providers/Microsoft.Devices/";
const std::string group = "subscriptions/sub/resourceGroups/acme/" + provider;
const std::string one = group + "provisioningServices/dps-1";

TEST(ControlRoutes, FindEveryOperationOfThePublishedPackage) {
    struct Case {
        std::string_view method;
        std::string path;
        ControlAction action;
    };

    const std::vector<Case> cases{
        {"GET", provider + "operations", ControlAction::list_operations},
        {"POST", provider + "checkProvisioningServiceNameAvailability", ControlAction::check_name},
        {"POST", "subscriptions/sub/" + provider + "checkProvisioningServiceNameAvailability",
         ControlAction::check_name},
        {"GET", "subscriptions/sub/" + provider + "provisioningServices",
         ControlAction::list_in_subscription},
        {"GET", group + "provisioningServices", ControlAction::list_in_group},
        {"GET", one, ControlAction::get_instance},
        {"PUT", one, ControlAction::put_instance},
        {"PATCH", one, ControlAction::put_tags},
        {"DELETE", one, ControlAction::erase_instance},
        {"POST", one + "/listkeys", ControlAction::list_keys},
        {"POST", one + "/keys/item/listkeys", ControlAction::keys_of_policy},
        {"GET", one + "/skus", ControlAction::list_skus},
        {"GET", one + "/operationresults/item", ControlAction::operation_result},
        {"GET", one + "/certificates", ControlAction::list_certificates},
        {"GET", one + "/certificates/item", ControlAction::get_certificate},
        {"PUT", one + "/certificates/item", ControlAction::put_certificate},
        {"DELETE", one + "/certificates/item", ControlAction::erase_certificate},
        {"POST", one + "/certificates/item/generateVerificationCode",
         ControlAction::new_verification_code},
        {"POST", one + "/certificates/item/verify", ControlAction::verify_certificate},
        {"GET", one + "/privateLinkResources", ControlAction::list_private_links},
        {"GET", one + "/privateLinkResources/item", ControlAction::private_item},
        {"GET", one + "/privateEndpointConnections", ControlAction::list_private_endpoints},
        {"GET", one + "/privateEndpointConnections/item", ControlAction::private_item},
        {"PUT", one + "/privateEndpointConnections/item", ControlAction::private_item},
        {"DELETE", one + "/privateEndpointConnections/item", ControlAction::private_item},
    };
    for (const auto& [method, path, action] : cases) {
        const auto route = find(method, path);
        ASSERT_TRUE(route) << method << ' ' << path;
        EXPECT_EQ(route->action, action) << method << ' ' << path;
        EXPECT_EQ(route->subscription, path.starts_with("sub") ? "sub" : "") << path;
        EXPECT_EQ(route->group, path.starts_with(group) ? "acme" : "") << path;
        EXPECT_EQ(route->instance, path.starts_with(one) ? "dps-1" : "") << path;
        EXPECT_EQ(route->item, path.contains("/item") ? "item" : "") << path;
    }
}

TEST(ControlRoutes, CompareLiteralsWithoutCaseAndKeepNamesAsTheyCame) {
    const auto route = find("GET", "SUBSCRIPTIONS/Sub/resourcegroups/ACME/Providers/"
                                   "microsoft.devices/PROVISIONINGSERVICES/Dps-1/CERTIFICATES/Ca");
    ASSERT_TRUE(route);
    EXPECT_EQ(route->action, ControlAction::get_certificate);
    EXPECT_EQ(route->subscription, "Sub");
    EXPECT_EQ(route->group, "ACME");
    EXPECT_EQ(route->instance, "Dps-1");
    EXPECT_EQ(route->item, "Ca");
}

TEST(ControlRoutes, AnInstanceMayBeCalledLikeALiteral) {
    const auto route = find("GET", group + "provisioningServices/certificates");
    ASSERT_TRUE(route);
    EXPECT_EQ(route->action, ControlAction::get_instance);
    EXPECT_EQ(route->instance, "certificates");
}

TEST(ControlRoutes, UnknownPathsAreNotFound) {
    for (const auto& path :
         {std::string("subscriptions"), std::string("subscriptions/sub"), std::string("providers"),
          std::string("providers/Microsoft.Storage/operations"), std::string(""),
          "subscriptions//" + provider + "provisioningServices",
          "subscriptions/sub/resourceGroups//" + provider + "provisioningServices",
          "subscriptions/sub/" + provider + "provisioningServices/dps-1",
          provider + "provisioningServices", group + "provisioningServices/",
          one + "/certificates/", one + "/nothing", one + "/certificates/item/verify/more"}) {
        for (const auto* method : {"GET", "PUT", "POST", "DELETE"}) {
            const auto route = find(method, path);
            ASSERT_FALSE(route) << method << ' ' << path;
            EXPECT_EQ(route.error().status, 404U) << method << ' ' << path;
        }
    }
}

TEST(ControlRoutes, AnotherMethodIsAnsweredWithThoseThatWouldDo) {
    const auto route = find("POST", one);
    ASSERT_FALSE(route);
    EXPECT_EQ(route.error().status, 405U);
    EXPECT_EQ(route.error().allow, "GET, PUT, PATCH, DELETE");
    EXPECT_EQ(find("get", one).error().status, 405U); // methods are case-sensitive (RFC 9110 9.1)
}

TEST(ControlRoutes, ReadersNeitherWriteNorSeeKeys) {
    for (const auto action :
         {ControlAction::put_instance, ControlAction::put_tags, ControlAction::erase_instance,
          ControlAction::list_keys, ControlAction::keys_of_policy, ControlAction::put_certificate,
          ControlAction::erase_certificate, ControlAction::new_verification_code,
          ControlAction::verify_certificate}) {
        EXPECT_EQ(role_for(action), AdminRole::contributor);
    }
    for (const auto action :
         {ControlAction::list_operations, ControlAction::check_name,
          ControlAction::list_in_subscription, ControlAction::list_in_group,
          ControlAction::get_instance, ControlAction::list_skus, ControlAction::operation_result,
          ControlAction::list_certificates, ControlAction::get_certificate,
          ControlAction::list_private_links, ControlAction::list_private_endpoints}) {
        EXPECT_EQ(role_for(action), AdminRole::reader);
    }
}

} // namespace
} // namespace muster::gateway
