// Deletion through the control plane: the one operation that outlasts its request.

#include "gateway/control/world.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::gateway {
namespace {

using provisioning::AdminRole;

const std::string host = "https://control.example.net:8443";
const std::string all = "/subscriptions/sub/resourceGroups/acme/providers/Microsoft.Devices/"
                        "provisioningServices";
const std::string one = all + "/dps-1";

class Deletion : public testing::Test {
  protected:
    Deletion() { make(); }

    void make() {
        EXPECT_EQ(send("PUT", one, "{}").status, 201U);
        scope = world.instances().find("dps-1")->scope;
    }

    ControlReply send(std::string method, std::string path, std::string body = {},
                      std::vector<session::HttpHeader> headers = {}) {
        return world.send({.method = std::move(method),
                           .path = std::move(path),
                           .body = std::move(body),
                           .headers = std::move(headers)},
                          owner);
    }

    /// The path of an address in one of our headers.
    static std::string local(const std::string& url) {
        EXPECT_TRUE(url.starts_with(host)) << url;
        return url.substr(host.size());
    }

    ControlWorld world;
    std::string owner = world.bearer(AdminRole::owner);
    IdScope scope;
};

TEST_F(Deletion, IsAcceptedAndFollowedByEitherAddress) {
    const auto accepted = send("DELETE", one + "?api-version=2021-10-15");
    EXPECT_EQ(accepted.status, 202U);
    EXPECT_EQ(accepted.body, "");
    const auto operation = one + "/operationResults/delete-" + scope.text();
    EXPECT_EQ(accepted.header("Azure-AsyncOperation"),
              host + operation + "?api-version=2021-10-15&asyncinfo");
    EXPECT_EQ(accepted.header("Location"), host + operation + "?api-version=2021-10-15");
    const auto status = local(accepted.header("Azure-AsyncOperation"));
    const auto location = local(accepted.header("Location"));

    EXPECT_EQ(send("GET", status).status, 200U);
    EXPECT_EQ(send("GET", status).body, R"({"status":"InProgress"})");
    EXPECT_EQ(send("GET", status).header("Retry-After"), "1");
    EXPECT_EQ(send("GET", location).status, 202U);
    EXPECT_EQ(send("GET", location).header("Location"), host + location);
    EXPECT_EQ(send("GET", one).text("/properties/state"), "Deleting");

    world.finish_background();
    EXPECT_EQ(send("GET", status).body, R"({"status":"Succeeded"})");
    EXPECT_EQ(send("GET", operation + "?asyncinfo=true").body, R"({"status":"Succeeded"})");
    EXPECT_EQ(send("GET", location).status, 204U);
    EXPECT_EQ(send("GET", one).error(), "ResourceNotFound");
}

TEST_F(Deletion, CanBeFollowedAcrossRestarts) {
    const auto status = local(send("DELETE", one).header("Azure-AsyncOperation"));
    world.restart();
    EXPECT_EQ(send("GET", status).body, R"({"status":"InProgress"})");
    world.finish_background();
    EXPECT_EQ(send("GET", status).body, R"({"status":"Succeeded"})");
    world.restart();
    EXPECT_EQ(send("GET", status).body, R"({"status":"Succeeded"})");
}

TEST_F(Deletion, ANewInstanceOfTheNameIsNotTakenForTheOld) {
    const auto status = local(send("DELETE", one).header("Azure-AsyncOperation"));
    world.finish_background();
    make();
    EXPECT_EQ(send("GET", status).body, R"({"status":"Succeeded"})");
    const auto again = local(send("DELETE", one).header("Azure-AsyncOperation"));
    EXPECT_NE(again, status);
    EXPECT_EQ(send("GET", again).body, R"({"status":"InProgress"})");
    EXPECT_EQ(send("GET", status).body, R"({"status":"Succeeded"})");
}

TEST_F(Deletion, AskedForTwiceIsOneDeletion) {
    const auto first = send("DELETE", one);
    const auto second = send("DELETE", one);
    EXPECT_EQ(second.status, 202U);
    EXPECT_EQ(second.header("Location"), first.header("Location"));
    world.finish_background();
    EXPECT_EQ(send("DELETE", one).status, 204U);
}

TEST_F(Deletion, OfNothingIsDoneAlready) {
    EXPECT_EQ(send("DELETE", all + "/dps-9").status, 204U);
}

TEST_F(Deletion, KeepsToIfMatch) {
    EXPECT_EQ(send("DELETE", one, "", {{"If-Match", "AAAA"}}).status, 412U);
    EXPECT_EQ(send("GET", one).text("/properties/state"), "Active");
    const auto etag = send("GET", one).text("/etag");
    EXPECT_EQ(send("DELETE", one, "", {{"If-Match", etag}}).status, 202U);
}

TEST_F(Deletion, WhileItLastsTheInstanceCannotBeChanged) {
    ASSERT_EQ(send("DELETE", one).status, 202U);
    EXPECT_EQ(send("PUT", one, "{}").status, 409U);
    EXPECT_EQ(send("PATCH", one, R"({"tags":{}})").status, 409U);
}

TEST_F(Deletion, AnAddressSpelledOddlyStaysOneAddress) {
    const auto odd = "/subscriptions/a%20b%0D%0AX-Evil:%201/resourceGroups/acme/providers/"
                     "Microsoft.Devices/provisioningServices/dps-1";
    const auto accepted = send("DELETE", std::string(odd) + '/');
    EXPECT_EQ(accepted.header("Location"),
              host + odd + "/operationResults/delete-" + scope.text() + "?api-version=2026-08-31");
}

TEST_F(Deletion, OperationsThatNeverWereAreNotFound) {
    for (const auto& id :
         {std::string("nonsense"), std::string("delete-"), "DELETE-" + scope.text(),
          "delete-" + scope.text(), std::string("delete-../../x")}) {
        EXPECT_EQ(send("GET", one + "/operationResults/" + id + "?asyncinfo").status, 404U) << id;
    }
}

TEST_F(Deletion, ShowsNothingOfAnotherTenants) {
    ASSERT_EQ(send("DELETE", one).status, 202U); // under way, and stays so
    const auto stranger = world.bearer(AdminRole::owner, {.tenant = "globex", .instance = {}});
    const std::string theirs = "/subscriptions/sub/resourceGroups/globex/providers/"
                               "Microsoft.Devices/provisioningServices/";
    const auto ask = [&](const std::string& path) {
        return world.send(
            {.path = path + "/operationResults/delete-" + scope.text() + "?asyncinfo"}, stranger);
    };
    EXPECT_EQ(ask(one).error(), "ResourceGroupNotFound");
    EXPECT_EQ(ask(theirs + "dps-1").body, ask(theirs + "free-name").body);
}

} // namespace
} // namespace muster::gateway
