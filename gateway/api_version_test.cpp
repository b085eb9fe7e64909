#include "gateway/api_version.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

TEST(ApiVersion, AcceptsEveryVersionSeenAndNewerOnes) {
    // DPS-DEVICE-24
    for (const auto* good :
         {"2017-08-31-preview", "2017-11-15", "2018-04-01", "2018-09-01-preview", "2018-11-01",
          "2019-03-31", "2021-06-01", "2021-10-01", "2021-11-01-preview", "2025-07-01-preview",
          "2026-11-15-preview", "2042-01-01"}) {
        EXPECT_TRUE(check_api_version(good)) << good;
    }
}

TEST(ApiVersion, RefusesNoneAndMalformedOnes) {
    for (const auto* bad : {"", "2019", "2019-3-31", "2019-03-31-", "2019-03-31-beta", "-preview",
                            "2019-13-01", "2019-00-01", "2019-03-32", "20190331", "2019-03-31 ",
                            "2019-03-31-preview-preview", "latest", "+019-03-31"}) {
        const auto checked = check_api_version(bad);
        ASSERT_FALSE(checked) << bad;
        EXPECT_EQ(checked.error().code, Code::malformed);
    }
}

} // namespace
} // namespace muster::gateway
