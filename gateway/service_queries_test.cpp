// Queries of the service API over HTTPS: what they return, page by page.

#include "gateway/service_client.h"

#include <algorithm>
#include <set>

namespace muster::gateway {
namespace {

using ServiceQueries = ServiceClient;

TEST_F(ServiceQueries, PagesThroughEnrollments) {
    // DPS-SERVICE-7, DPS-SERVICE-33, DPS-SERVICE-35, DPS-SERVICE-36: 150 items are 100 and 50; the
    // token holds on another connection and with another query text
    for (int i = 0; i < 150; ++i) {
        put_symmetric("dev-" + std::to_string(1000 + i));
    }
    const auto first = run("POST", "/enrollments/query", R"({"query":"select *"})");
    EXPECT_EQ(first.status, 200U);
    EXPECT_EQ(first.header("x-ms-item-type"), "Enrollment");
    EXPECT_EQ(first.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(first.json().as_array().size(), 100U);
    EXPECT_EQ(first.body.find("primaryKey"), std::string::npos);
    EXPECT_EQ(first.body.find("registrationState"), std::string::npos);

    auto next = ask("POST", "/enrollments/query", R"({"query":"*"})");
    next.headers.push_back({"x-ms-continuation", first.header("x-ms-continuation")});
    const auto second = run(next);
    EXPECT_EQ(second.json().as_array().size(), 50U);
    EXPECT_EQ(second.header("x-ms-continuation"), "");
    EXPECT_EQ(second.json().as_array().front().at("registrationId"), Json("dev-1100"));

    // Pages of 50: three of them, and no empty fourth.
    std::size_t pages = 0;
    std::string token;
    do {
        auto page = ask("POST", "/enrollments/query", "{}");
        page.headers.push_back({"x-ms-max-item-count", "50"});
        page.headers.push_back({"x-ms-continuation", token});
        const auto reply = run(page);
        EXPECT_EQ(reply.json().as_array().size(), 50U);
        token = reply.header("x-ms-continuation");
        ++pages;
    } while (!token.empty());
    EXPECT_EQ(pages, 3U);
}

TEST_F(ServiceQueries, PagesThroughGroups) {
    for (const auto* id : {"g-1", "G-2", "g-3"}) {
        put_group(id);
    }
    auto page = ask("POST", "/enrollmentGroups/query", R"({"query":""})");
    page.headers.push_back({"x-ms-max-item-count", "2"});
    const auto first = run(page);
    EXPECT_EQ(first.header("x-ms-item-type"), "EnrollmentGroup");
    EXPECT_EQ(first.json().as_array().size(), 2U);
    page.headers.push_back({"x-ms-continuation", first.header("x-ms-continuation")});
    const auto second = run(page);
    ASSERT_EQ(second.json().as_array().size(), 1U);
    EXPECT_EQ(second.json().as_array()[0].at("enrollmentGroupId"), Json("g-3"));
    EXPECT_EQ(second.header("x-ms-continuation"), "");
}

TEST_F(ServiceQueries, ListsTheRegistrationsOfAGroup) {
    // DPS-SERVICE-33, DPS-SERVICE-34 (no body), DPS-SERVICE-38
    const auto key =
        text_of(put_group("g-1").member("attestation").at("symmetricKey").at("primaryKey"));
    EXPECT_EQ(run("POST", "/registrations/g-1/query").body, "[]");
    EXPECT_EQ(run("POST", "/registrations/nobody/query").body, "[]");
    register_with(key, "dev-1");
    register_with(key, "dev-2");
    world.enroll("dev-3"); // not of the group
    for (const auto* body : {"", "{}", R"({"query":"SELECT nonsense"})"}) {
        const auto reply = run("POST", "/registrations/G-1/query", body);
        EXPECT_EQ(reply.header("x-ms-item-type"), "DeviceRegistration");
        ASSERT_EQ(reply.json().as_array().size(), 2U);
        EXPECT_EQ(reply.json().as_array()[0].at("registrationId"), Json("dev-1"));
        EXPECT_EQ(reply.json().as_array()[0].at("status"), Json("assigned"));
    }
}

TEST_F(ServiceQueries, RefusesQueriesThatCannotBeRead) {
    expect_refused(ask("POST", "/enrollments/query", "{"), 400, 400000);
    auto request = ask("POST", "/enrollments/query", "{}");
    request.headers.push_back({"x-ms-continuation", "W3sidG9rZW4iOiIrUklEOn5u"});
    expect_refused(request, 400, 400000);
    request.headers.back() = {"x-ms-max-item-count", "-1"};
    expect_refused(request, 400, 400000);
    expect_refused(ask("POST", "/registrations/g%201/query"), 400, 400000);
}

TEST_F(ServiceQueries, FiltersAndSaysSo) {
    // DPS-SERVICE-34 goes on holding: what cannot be read returns everything
    put_symmetric("dev-1");
    run("PUT", "/enrollments/dev-2",
        R"({"registrationId":"dev-2","attestation":{"type":"symmetricKey"},)"
        R"("provisioningStatus":"disabled","initialTwin":{"tags":{"site":"north"}}})");
    const auto query = [&](const std::string& where) {
        return run("POST", "/enrollments/query",
                   to_text(JsonObject{{"query", "SELECT * FROM enrollments" + where}}));
    };
    const auto disabled = query(" WHERE provisioningStatus = 'disabled'");
    EXPECT_EQ(disabled.header("x-muster-query"), "filtered");
    ASSERT_EQ(disabled.json().as_array().size(), 1U);
    EXPECT_EQ(disabled.json().as_array()[0].at("registrationId"), Json("dev-2"));
    EXPECT_EQ(query(" WHERE initialTwin.tags.site = 'south'").body, "[]");
    EXPECT_EQ(query("").header("x-muster-query"), "everything");

    const auto unreadable = query(" WHERE\r\nx-evil: 1");
    EXPECT_TRUE(unreadable.header("x-muster-query").starts_with("ignored; "));
    EXPECT_FALSE(unreadable.has_header("x-evil"));
    EXPECT_EQ(unreadable.json().as_array().size(), 2U);
}

TEST_F(ServiceQueries, FiltersGroupsTheSameWay) {
    put_group("g-1");
    run("PUT", "/enrollmentGroups/g-2",
        R"({"enrollmentGroupId":"g-2","attestation":{"type":"symmetricKey"},)"
        R"("provisioningStatus":"disabled"})");
    const auto reply = run("POST", "/enrollmentGroups/query",
                           R"({"query":"SELECT * WHERE provisioningStatus = 'disabled'"})");
    EXPECT_EQ(reply.header("x-muster-query"), "filtered");
    ASSERT_EQ(reply.json().as_array().size(), 1U);
    EXPECT_EQ(reply.json().as_array()[0].at("enrollmentGroupId"), Json("g-2"));
    EXPECT_EQ(reply.json().as_array()[0].at("attestation").as_object().size(), 1U); // no keys
}

TEST_F(ServiceQueries, PagesThroughMatchesWithoutAnEmptyPage) {
    // DPS-SERVICE-35: of 40 enrollments every fourth matches, the last one not
    for (int i = 0; i < 40; ++i) {
        const auto id = "dev-" + std::to_string(100 + i);
        run("PUT", "/enrollments/" + id,
            R"({"registrationId":")" + id + R"(","attestation":{"type":"symmetricKey"},)" +
                R"("provisioningStatus":")" + (i % 4 == 0 ? "disabled" : "enabled") + R"("})");
    }
    for (const std::size_t size : {1U, 3U, 5U, 9U, 10U, 100U}) {
        std::vector<std::string> seen;
        std::string token;
        do {
            auto page = ask("POST", "/enrollments/query",
                            R"({"query":"SELECT * WHERE provisioningStatus = 'disabled'"})");
            page.headers.push_back({"x-ms-max-item-count", std::to_string(size)});
            page.headers.push_back({"x-ms-continuation", token});
            const auto reply = run(page);
            const auto items = reply.json().as_array();
            ASSERT_FALSE(items.empty());
            token = reply.header("x-ms-continuation");
            EXPECT_TRUE(token.empty() || items.size() == size);
            for (const auto& item : items) {
                seen.push_back(text_of(item.at("registrationId")));
            }
        } while (!token.empty());
        EXPECT_EQ(seen.size(), 10U);
        EXPECT_TRUE(std::ranges::is_sorted(seen));
    }
}

TEST_F(ServiceQueries, StaysExactWhileOthersInsertAndDelete) {
    // What is there from beginning to end is seen once, whatever comes and goes beside it.
    SeededRandom random{7};
    const auto digit = [&] { return static_cast<unsigned>(random.bytes(1)[0] & 0x0f); };
    std::set<std::string> stays;
    for (int i = 0; i < 30; ++i) {
        stays.insert("stay-" + std::to_string(100 + i));
        put_symmetric("stay-" + std::to_string(100 + i));
        put_symmetric("go-" + std::to_string(100 + i));
    }
    std::multiset<std::string> seen;
    std::string token;
    do {
        auto page = ask("POST", "/enrollments/query", "{}");
        page.headers.push_back({"x-ms-max-item-count", "4"});
        page.headers.push_back({"x-ms-continuation", token});
        const auto reply = run(page);
        token = reply.header("x-ms-continuation");
        for (const auto& item : reply.json().as_array()) {
            seen.insert(text_of(item.at("registrationId")));
        }
        // The last item shown may go too: the token names a place, not a thing.
        for (const auto& id :
             {"go-" + std::to_string(100 + digit()), "go-" + std::to_string(114 + digit())}) {
            run("DELETE", "/enrollments/" + id);
        }
        put_symmetric("a-" + std::to_string(digit()));
        put_symmetric("z-" + std::to_string(digit()));
    } while (!token.empty());
    for (const auto& id : stays) {
        EXPECT_EQ(seen.count(id), 1U) << id;
    }
    for (const auto& id : seen) {
        EXPECT_EQ(seen.count(id), 1U) << id;
    }
}

TEST_F(ServiceQueries, RefusesTokensOfOtherWalks) {
    const auto key =
        text_of(put_group("g-1").member("attestation").at("symmetricKey").at("primaryKey"));
    put_group("g-2");
    register_with(key, "dev-1");
    register_with(key, "dev-2");
    put_symmetric("dev-3");
    put_symmetric("dev-4");
    const auto page = [&](const std::string& path, const std::string& token) {
        auto request = ask("POST", path, "{}");
        request.headers.push_back({"x-ms-max-item-count", "1"});
        request.headers.push_back({"x-ms-continuation", token});
        return request;
    };
    const std::string paths[] = {"/enrollments/query", "/enrollmentGroups/query",
                                 "/registrations/g-1/query"};
    for (const auto& from : paths) {
        const auto token = run(page(from, "")).header("x-ms-continuation");
        ASSERT_FALSE(token.empty()) << from;
        for (const auto& to : paths) {
            if (from == to) {
                EXPECT_EQ(run(page(to, token)).status, 200U);
            } else {
                expect_refused(page(to, token), 400, 400000);
            }
        }
        expect_refused(page("/registrations/g-2/query", token), 400, 400000);
    }
}

TEST_F(ServiceQueries, DoesNotFilterRegistrations) {
    put_group("g-1");
    const auto reply = run("POST", "/registrations/g-1/query",
                           R"({"query":"SELECT * WHERE registrationId = 'dev-1'"})");
    EXPECT_EQ(reply.header("x-muster-query"), "ignored; registrations cannot be filtered");
    EXPECT_EQ(run("POST", "/registrations/g-1/query").header("x-muster-query"), "everything");
}

} // namespace
} // namespace muster::gateway
