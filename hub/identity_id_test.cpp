#include "hub/identity_id.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::hub {
namespace {

TEST(IdentityIds, ADeviceStandsForItself) {
    const IdentityId id = DeviceId("dev-01");
    EXPECT_FALSE(id.is_module());
    EXPECT_EQ(id.text(), "dev-01");
    EXPECT_EQ(parse_identity_id("dev-01").value(), id);
}

TEST(IdentityIds, AModuleIsNamedWithinItsDevice) {
    const IdentityId id(DeviceId("dev-01"), ModuleId("$edgeAgent"));
    EXPECT_TRUE(id.is_module());
    EXPECT_EQ(id.text(), "dev-01/$edgeAgent");
    EXPECT_EQ(parse_identity_id(id.text()).value(), id);
    EXPECT_NE(id, IdentityId(DeviceId("dev-01")));
}

TEST(IdentityIds, OthersAreNone) {
    for (const auto& text :
         {std::string(""), std::string("/"), std::string("dev-01/"), std::string("/cam"),
          std::string("a/b/c"), std::string("a b"), "a/" + std::string(129, 'm')}) {
        EXPECT_FALSE(parse_identity_id(text).has_value()) << text;
    }
}

} // namespace
} // namespace muster::hub
