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

const PagedCollection walk{.scope = IdScope("0ne00TEST01"), .name = "enrollments"};

Result<PageRequest> read(const session::HttpRequest& request) {
    return read_page_request(request, walk);
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
    EXPECT_EQ(read({})->items_max, 100U);
    EXPECT_EQ(read(request_with("X-MS-Max-Item-Count", "50"))->items_max, 50U);
    EXPECT_EQ(read(request_with("x-ms-max-item-count", "1000"))->items_max, 100U);
    EXPECT_EQ(read(request_with("x-ms-max-item-count", "99999999999999999999999"))->items_max,
              100U);
}

TEST(Paging, RefusesSizesThatAreNone) {
    for (const auto* bad : {"0", "000", "-1", "ten", "1.5", "0x10"}) {
        EXPECT_FALSE(read(request_with("x-ms-max-item-count", bad))) << bad;
    }
}

TEST(Paging, CutsAtTheSizeAndNamesTheLastItem) {
    // DPS-SERVICE-35: no token on the last page, no empty page after it
    auto exact = items({"a", "b"});
    EXPECT_EQ(cut_page(exact, {.after = {}, .items_max = 2}, walk), "");
    EXPECT_EQ(exact.size(), 2U);

    auto more = items({"a", "DEV-B", "c"});
    const auto token = cut_page(more, {.after = {}, .items_max = 2}, walk);
    EXPECT_EQ(more.size(), 2U);
    const auto next = read(request_with("x-ms-continuation", token));
    ASSERT_TRUE(next);
    EXPECT_EQ(next->after, "dev-b");
}

void expect_refused(const std::string& token, const PagedCollection& collection = walk) {
    const auto page = read_page_request(request_with("x-ms-continuation", token), collection);
    ASSERT_FALSE(page) << token;
    EXPECT_EQ(page.error().code, Code::malformed);
}

TEST(Paging, RefusesForeignTokens) {
    // dps-service 5.2: 400 for a malformed token
    const auto good = base64_decode(continuation_after("dev-b", walk)).value();
    for (const auto& bad :
         {std::string("not base64!"), base64_encode("dev-b"), base64_encode("."),
          base64_encode(std::string(200, 'a')), base64_encode(R"([{"token":"azure"}])"),
          base64_encode(good + "c"), base64_encode(good.substr(0, good.size() - 1)),
          base64_encode("0" + good), base64_encode(std::string(16, '0') + ".dev-b")}) {
        expect_refused(bad);
    }
}

TEST(Paging, BindsATokenToItsInstanceAndCollection) {
    const auto token = continuation_after("dev-b", walk);
    expect_refused(token, {.scope = IdScope("0ne00TEST02"), .name = "enrollments"});
    expect_refused(token, {.scope = walk.scope, .name = "enrollmentGroups"});
    expect_refused(continuation_after("dev-b", {.scope = walk.scope, .name = "registrations/g-1"}),
                   {.scope = walk.scope, .name = "registrations/g-2"});
    EXPECT_TRUE(read(request_with("x-ms-continuation", token)));
}

TEST(Paging, RefusesEveryAlteredToken) {
    // One flipped bit in any place, whatever the place means.
    const auto token = continuation_after("dev-b", walk);
    for (std::size_t at = 0; at < token.size(); ++at) {
        for (const char flip : {'\x01', '\x02', '\x20'}) {
            auto altered = token;
            altered[at] = static_cast<char>(altered[at] ^ flip);
            expect_refused(altered);
        }
    }
}

TEST(Paging, MakesTokensThatFitAHeader) {
    // dps-service 5.2: at most a few hundred bytes
    const auto token = continuation_after(std::string(128, 'z'), walk);
    EXPECT_LE(token.size(), 200U);
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789+/="),
              std::string::npos);
}

} // namespace
} // namespace muster::gateway
