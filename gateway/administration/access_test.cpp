// Who is let in, how far, and what is not even looked at: the refusals that all routes share.

#include "gateway/administration/administration_client.h"
#include "gateway/administration/routes.h"

#include <algorithm>
#include <random>

namespace muster::gateway {
namespace {

class AdminAccess : public AdministrationTest {
  protected:
    /// A request of every route, about this instance where it is about one.
    static std::vector<HttpAsk> requests_for(const std::string& instance) {
        const auto path = "/muster/instances/" + instance;
        return {
            ask("GET", "/muster/tokens"),
            ask("POST", "/muster/tokens",
                R"({"name":"new","role":"reader","instance":")" + instance + "\"}"),
            ask("DELETE", "/muster/tokens/0123456789abcdef"),
            ask("GET", "/muster/instances"),
            ask("GET", path),
            ask("PUT", path, R"({"location":"moon"})"),
            ask("DELETE", path),
            ask("GET", path + "/statistics"),
            ask("POST", path + "/policies/provisioningserviceowner/rotate",
                R"({"slot":"primary"})"),
            ask("GET", path + "/certificates"),
            ask("PUT", path + "/certificates/root", R"({"certificate":"none"})"),
            ask("DELETE", path + "/certificates/root"),
            ask("GET", path + "/export"),
            ask("POST", path + "/import", R"({"enrollments":[]})"),
            ask("POST", path + "/explain", R"({"registrationId":"dev-1"})"),
            ask("GET", path + "/moves"),
            ask("POST", path + "/moves/dev-1/cancel"),
            ask("POST", path + "/moves/dev-1/retry"),
            ask("POST", path + "/moves/dev-1/forget"),
            ask("GET", path + "/operations"),
            ask("POST", path + "/operations", R"({"kind":"drain","hub":"hub-9.example.net"})"),
            ask("GET", path + "/operations/op-1"),
            ask("POST", path + "/operations/op-1/pause"),
            ask("POST", path + "/operations/op-1/resume"),
            ask("POST", path + "/operations/op-1/stop"),
            ask("PATCH", path + "/operations/op-1/limits", R"({"perSecond":1})"),
            ask("PUT", path + "/registrations/dev-1/quarantine", R"({"hub":"hub-9"})"),
            ask("DELETE", path + "/registrations/dev-1/quarantine"),
            ask("GET", path + "/registrations/dev-1/block"),
            ask("PUT", path + "/registrations/dev-1/block", R"({"reason":"stolen"})"),
            ask("DELETE", path + "/registrations/dev-1/block"),
            ask("PUT", path + "/groups/g-1/quarantine", R"({"hub":"hub-9"})"),
            ask("DELETE", path + "/groups/g-1/quarantine"),
            ask("GET", path + "/suspects"),
            ask("POST", path + "/hubs/hub-9/lost"),
            ask("POST", path + "/hubs/hub-9/found"),
            ask("GET", path + "/events"),
            ask("GET", path + "/audit"),
            ask("GET", "/muster/audit"),
        };
    }

    static const AdminRoute& route_of(const HttpAsk& request) {
        const auto target = parse_target(request.target).value();
        return *find_admin_route(request.method, target.segments).value().route;
    }
};

TEST_F(AdminAccess, CoversEveryRouteInTheseTests) {
    const auto requests = requests_for("alpha");
    ASSERT_EQ(requests.size(), admin_routes().size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
        EXPECT_EQ(&route_of(requests[i]), &admin_routes()[i]) << requests[i].target;
    }
}

TEST_F(AdminAccess, RefusesCallersWhoProveNothing) {
    const auto good = world.bearer(AdminRole::owner);
    auto other_secret = good;
    other_secret.back() = other_secret.back() == 'A' ? 'B' : 'A';
    for (const auto& authorization :
         {std::string(), std::string("Bearer"), std::string("Bearer mst_"), good.substr(7),
          good.substr(0, good.size() - 1), good + "A", "Basic " + good.substr(7), other_secret,
          world.service_token("alpha")}) {
        for (const auto& request : requests_for("alpha")) {
            const auto reply = run(request, authorization);
            expect_refused(reply, 401, 401000);
            EXPECT_EQ(reply.header("WWW-Authenticate"), "Bearer");
            EXPECT_EQ(reply.body.find("mst_"), std::string::npos);
        }
    }
    EXPECT_EQ(run(ask("GET", alpha), good).status, 200U);
}

TEST_F(AdminAccess, RefusesExpiredTokens) {
    const auto token = world.bearer(AdminRole::reader); // for an hour
    world.clock.advance(std::chrono::minutes(59));
    EXPECT_EQ(run(ask("GET", alpha), token).status, 200U);
    world.clock.advance(std::chrono::minutes(1));
    expect_refused(run(ask("GET", alpha), token), 401, 401000);
}

TEST_F(AdminAccess, RefusesRolesThatDoNotSuffice) {
    for (const auto role : {AdminRole::reader, AdminRole::contributor}) {
        const auto token = world.bearer(role);
        for (const auto& request : requests_for("alpha")) {
            if (route_of(request).role > role) {
                expect_refused(run(request, token), 403, 403000);
            }
        }
    }
    EXPECT_EQ(run("GET", alpha).member("location"), Json("local"));
    EXPECT_EQ(world.instances.all().size(), 2U);
}

TEST_F(AdminAccess, ShowsKeysToNoReader) {
    const auto reader = world.bearer(AdminRole::reader);
    for (const auto& path : {alpha, alpha + "/export"}) {
        expect_refused(run(ask("GET", path + "?keys=true"), reader), 403, 403000);
        expect_refused(run(ask("GET", path + "?keys=maybe"), reader), 400, 400000);
        EXPECT_EQ(run(ask("GET", path + "?keys=false"), reader).status, 200U);
    }
}

TEST_F(AdminAccess, AnswersOnEveryHostThatIsNotAHubs) {
    auto request = ask("GET", alpha);
    for (const auto* host : {"beta.dps.example.net", "192.0.2.7", "localhost:8443"}) {
        request.host = host;
        EXPECT_EQ(run(request, owner).status, 200U) << host;
    }
}

TEST_F(AdminAccess, RefusesOtherPathsMethodsAndMediaTypes) {
    expect_refused(run("GET", "/muster"), 404, 404000);
    expect_refused(run("GET", "/muster/nothing"), 404, 404000);
    expect_refused(run("GET", alpha + "/nothing"), 404, 404000);
    const auto reply = run("PATCH", alpha);
    expect_refused(reply, 405, 405000);
    EXPECT_EQ(reply.header("Allow"), "GET, PUT, DELETE");
    auto request = ask("PUT", alpha, "{}");
    request.headers.front().value = "application/x-www-form-urlencoded";
    expect_refused(run(request, owner), 415, 415000);
}

TEST_F(AdminAccess, RefusesBodiesThatAreNoObjects) {
    std::string deep;
    for (int level = 0; level < 1000; ++level) {
        deep += R"({"a":)";
    }
    deep += "1" + std::string(1000, '}');
    const std::string twice = R"({"name":"a","name":"b"})";
    for (const auto& request : requests_for("alpha")) {
        if (request.body.empty()) {
            continue;
        }
        for (const auto& body : {std::string("{"), std::string("[]"), std::string("null"),
                                 std::string("\"\xff\""), deep, twice}) {
            auto broken = request;
            broken.body = body;
            expect_refused(run(broken, owner), 400, 400000);
        }
        auto empty = request;
        empty.body.clear();
        expect_refused(run(empty, owner), 400, 400000);
        auto large = request;
        large.body = R"({"a":")" + std::string(256 * 1024, 'x') + "\"}";
        EXPECT_EQ(run(large, owner).status, 413U);
    }
    EXPECT_EQ(world.instances.all().size(), 2U);
}

TEST_F(AdminAccess, RefusesPagesThatAreNone) {
    for (const auto& path : {std::string("/muster/tokens"), std::string("/muster/instances"),
                             std::string("/muster/audit"), alpha + "/certificates",
                             alpha + "/export", alpha + "/events", alpha + "/audit",
                             alpha + "/moves", alpha + "/operations", alpha + "/suspects"}) {
        for (const auto* count : {"0", "1001", "-1", "ten", "1e2", "99999999999999999999"}) {
            expect_refused(run("GET", path + "?count=" + count), 400, 400000);
        }
        EXPECT_EQ(run("GET", path + "?count=1000").status, 200U);
    }
    for (const auto* cursor : {"x", "-1", "9223372036854775808", "1;2"}) {
        expect_refused(run("GET", alpha + "/audit?after=" + cursor), 400, 400000);
        expect_refused(run("GET", "/muster/audit?after=" + std::string(cursor)), 400, 400000);
        expect_refused(run("GET", alpha + "/events?before=" + cursor), 400, 400000);
    }
    for (const auto* cursor : {"dev-1", "Enrollment", "Enrollment/", "Enrollment/Dev-1",
                               "Nothing/dev-1", "enrollment/dev-1", "/"}) {
        expect_refused(run("GET", alpha + "/export?after=" + cursor), 400, 400000);
    }
    expect_refused(run("GET", alpha + "/export?kind=Enrollment&after=EnrollmentGroup/g"), 400,
                   400000);
    expect_refused(run("GET", alpha + "/export?kind=Nothing"), 400, 400000);
}

TEST_F(AdminAccess, OffersNothingWithoutAControlPlane) {
    world.context.control = nullptr;
    for (const auto& request : requests_for("alpha")) {
        EXPECT_EQ(run(request, owner).status, 404U) << request.target;
    }
}

/// The whole answer but for what differs between any two requests.
std::string without_tracking(const HttpReply& reply) {
    const auto tracking = reply.header("x-ms-request-id");
    std::string text = std::to_string(reply.status);
    for (const auto& [name, value] : reply.headers) {
        text += '\n' + name + ": " + value;
    }
    text += '\n' + reply.body;
    for (auto at = text.find(tracking); !tracking.empty() && at != std::string::npos;
         at = text.find(tracking)) {
        text.replace(at, tracking.size(), "?");
    }
    return text;
}

/// Property: to a token that does not reach it, another tenant's instance is one that does not
/// exist, byte for byte, whatever is asked; and nothing of it changes.
TEST_F(AdminAccess, TellsNoInstanceOutOfReachFromNone) {
    world.enroll("beta", "dev-1");
    run("PUT", "/muster/instances/beta/certificates/root", certificate_body(make_ca("r"), true));
    const auto before = run("GET", "/muster/instances/beta?keys=true").body;
    constexpr unsigned seed = 20260729;
    std::mt19937 random(seed);
    const std::vector<std::string> parameters = {
        "",           "?keys=true",       "?keys=perhaps", "?count=1",      "?count=0",
        "?after=a",   "?before=b",        "?mode=replace", "?mode=nothing", "?kind=Enrollment",
        "?from=soon", "?refusals=unsure", "?after=1"};
    const std::vector<std::string> bodies = {"", "{", "{}", R"({"name":"x","slot":"primary"})"};
    const std::vector<std::string> matches = {"", "*", "\"etag\""};
    const auto pick = [&](const auto& values) { return values[random() % values.size()]; };
    for (int round = 0; round < 600; ++round) {
        const auto role = static_cast<AdminRole>(random() % 3);
        const AdminReach reach{.tenant = "tenant-a", .instance = random() % 2 == 0 ? "" : "alpha"};
        const auto token = world.bearer(role, reach);
        const auto which = random() % admin_routes().size();
        auto theirs = requests_for("beta")[which];
        auto nobodys = requests_for("zeta")[which];
        const auto parameter = pick(parameters);
        auto match = pick(matches);
        if (route_of(theirs).method == "PUT" && route_of(theirs).path == "instances/{name}") {
            match = "*"; // to create one is another matter: names are unique in the whole server
        }
        const auto replaces_body = random() % 3 == 0;
        const auto body = pick(bodies);
        for (auto* request : {&theirs, &nobodys}) {
            request->target += parameter;
            request->body = replaces_body ? body : request->body;
            if (!match.empty()) {
                request->headers.push_back({"If-Match", match});
            }
        }
        EXPECT_EQ(without_tracking(run(theirs, token)), without_tracking(run(nobodys, token)))
            << "seed " << seed << ", round " << round << ": " << theirs.method << ' '
            << theirs.target << ' ' << theirs.body;
    }
    EXPECT_EQ(run("GET", "/muster/instances/beta?keys=true").body, before);
    EXPECT_EQ(run("GET", "/muster/instances/beta/statistics").member("enrollments"), Json(1));
}

} // namespace
} // namespace muster::gateway
