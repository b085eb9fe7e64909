#include "base/encoding.h"
#include "base/ids.h"
#include "gateway/paging.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

session::HttpRequest request_with(std::string name, std::string value) {
    session::HttpRequest request;
    request.headers = {{std::move(name), std::move(value)}};
    return request;
}

struct Item {
    RegistrationId id;
};

std::vector<Item> items(std::initializer_list<std::string> ids) {
    std::vector<Item> result;
    for (const auto& id : ids) {
        result.push_back({RegistrationId(id)});
    }
    return result;
}

TEST(Paging, DefaultsAndClampsTheSize) {
    // DPS-SERVICE-35: 100 when nothing is said; a larger wish is not refused
    EXPECT_EQ(read_page_request({})->items_max, 100U);
    EXPECT_EQ(read_page_request(request_with("X-MS-Max-Item-Count", "50"))->items_max, 50U);
    EXPECT_EQ(read_page_request(request_with("x-ms-max-item-count", "1000"))->items_max, 100U);
    EXPECT_EQ(read_page_request(request_with("x-ms-max-item-count", "99999999999999999999999"))
                  ->items_max,
              100U);
}

TEST(Paging, RefusesSizesThatAreNone) {
    for (const auto* bad : {"0", "000", "-1", "ten", "1.5", "0x10"}) {
        EXPECT_FALSE(read_page_request(request_with("x-ms-max-item-count", bad))) << bad;
    }
}

TEST(Paging, CutsAtTheSizeAndNamesTheLastItem) {
    // DPS-SERVICE-35: no token on the last page, no empty page after it
    auto exact = items({"a", "b"});
    EXPECT_EQ(cut_page(exact, {.after = {}, .items_max = 2}), "");
    EXPECT_EQ(exact.size(), 2U);

    auto more = items({"a", "DEV-B", "c"});
    const auto token = cut_page(more, {.after = {}, .items_max = 2});
    EXPECT_EQ(more.size(), 2U);
    const auto next = read_page_request(request_with("x-ms-continuation", token));
    ASSERT_TRUE(next);
    EXPECT_EQ(next->after, "dev-b");
}

TEST(Paging, RefusesForeignTokens) {
    // dps-service 5.2: 400 for a malformed token
    for (const auto& bad :
         {std::string("not base64!"), base64_encode("an id with spaces"), base64_encode("UPPER"),
          base64_encode(std::string(200, 'a')), base64_encode(R"([{"token":"azure"}])")}) {
        const auto page = read_page_request(request_with("x-ms-continuation", bad));
        ASSERT_FALSE(page) << bad;
        EXPECT_EQ(page.error().code, Code::malformed);
    }
}

} // namespace
} // namespace muster::gateway
