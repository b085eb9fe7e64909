// Bulk operations over HTTPS (dps-service 2.6 and 3).

#include "gateway/service_client.h"

namespace muster::gateway {
namespace {

class ServiceBulk : public ServiceClient {
  protected:
    static JsonObject individual(std::string_view id) {
        return {{"registrationId", id}, {"attestation", {{"type", "symmetricKey"}}}};
    }

    static JsonObject group(std::string_view id) {
        return {{"enrollmentGroupId", id}, {"attestation", {{"type", "symmetricKey"}}}};
    }

    [[nodiscard]] static std::string body_of(std::string_view list, std::string_view mode,
                                             const JsonArray& items) {
        return to_text(JsonObject{{list, items}, {"mode", mode}});
    }

    /// The result object; its two members must be there whatever happened.
    JsonObject bulk(std::string_view mode, const JsonArray& items,
                    std::string_view list = "enrollments") {
        const auto reply = run("POST", '/' + std::string(list), body_of(list, mode, items));
        EXPECT_EQ(reply.status, 200U) << reply.body;
        const auto result = reply.json();
        EXPECT_TRUE(result.at("errors").is_array()) << reply.body;
        EXPECT_EQ(result.at("isSuccessful").as_bool(), result.at("errors").as_array().empty());
        return result.as_object();
    }

    /// "id:code id:code"
    static std::string errors_of(const JsonObject& result, std::string_view id = "registrationId") {
        std::string errors;
        for (const auto& error : result.at("errors").as_array()) {
            EXPECT_FALSE(error.at("errorStatus").as_string().empty());
            errors += (errors.empty() ? "" : " ") + text_of(error.at(id)) + ':' +
                      to_text(error.at("errorCode"));
        }
        return errors;
    }

    Json etag_of(const std::string& path) { return run("GET", path).member("etag"); }

    void expect_refused_whole(const std::string& body, unsigned status = 400,
                              int error_code = 400004) {
        expect_refused(ask("POST", "/enrollments", body), status, error_code);
        EXPECT_TRUE(world.enrollments.individuals("", 100)->empty());
    }
};

TEST_F(ServiceBulk, CreatesBothKinds) {
    // DPS-SERVICE-8 (the trailing slash of Node and C), DPS-SERVICE-30
    const auto body = body_of("enrollments", "create", {individual("a"), individual("b")});
    EXPECT_EQ(run("POST", "/enrollments/", body).body, R"({"errors":[],"isSuccessful":true})");
    EXPECT_EQ(run("GET", "/enrollments/b").status, 200U);
    const auto groups = body_of("enrollmentGroups", "create", {group("g"), group("h")});
    EXPECT_EQ(run("POST", "/enrollmentgroups/", groups).body,
              R"({"errors":[],"isSuccessful":true})");
    EXPECT_EQ(run("GET", "/enrollmentGroups/h").status, 200U);
    EXPECT_EQ(bulk("create", {}).at("isSuccessful"), Json(true)); // nothing to do, and nothing done
}

TEST_F(ServiceBulk, SaysWhichItemsFailedInTheShapeOfTheReference) {
    // DPS-SERVICE-30: one bad item among good ones
    put_symmetric("there");
    EXPECT_EQ(
        errors_of(bulk("create", {individual("new-1"), individual("THERE"), individual("new-2")})),
        "THERE:409201");
    EXPECT_EQ(run("GET", "/enrollments/new-1").status, 200U);
    EXPECT_EQ(run("GET", "/enrollments/new-2").status, 200U);
    put_group("g");
    EXPECT_EQ(errors_of(bulk("create", {group("g"), group("h")}, "enrollmentGroups"),
                        "enrollmentGroupId"),
              "g:409202");
}

TEST_F(ServiceBulk, RefusesItemsThatMakeNoSenseOneByOne) {
    auto nonsense = individual("nonsense");
    nonsense["allocationPolicy"] = "lottery";
    auto bad_etag = individual("bad-etag");
    bad_etag["etag"] = 7;
    JsonObject nameless = individual("x");
    nameless.erase("registrationId");
    EXPECT_EQ(errors_of(bulk("create", {nonsense, individual("good"), individual("not good"),
                                        nameless, bad_etag, JsonObject{}})),
              "nonsense:400004 not good:400004 :400004 bad-etag:400004 :400004");
    EXPECT_EQ(run("GET", "/enrollments/good").status, 200U);
}

TEST_F(ServiceBulk, TakesItsModeInAnyCase) {
    // DPS-SERVICE-31: Node's typing says `updateIfMatchEtag`
    bulk("CREATE", {individual("a")});
    for (const auto* mode :
         {"Update", "updateIfMatchEtag", "updateIfMatchETag", "UPDATEIFMATCHETAG"}) {
        auto item = individual("a");
        item["etag"] = etag_of("/enrollments/a");
        item["deviceId"] = mode;
        EXPECT_EQ(errors_of(bulk(mode, {item})), "") << mode;
        EXPECT_EQ(run("GET", "/enrollments/a").member("deviceId"), Json(mode));
    }
    EXPECT_EQ(errors_of(bulk("dElEtE", {individual("a")})), "");
}

TEST_F(ServiceBulk, UpdatesAsTheReferenceDecides) {
    // dps-service 2.6, 14, 7: an etag permits, a stale one matters to updateIfMatchETag only
    put_symmetric("a");
    auto stale = individual("a");
    stale["etag"] = etag_of("/enrollments/a");
    EXPECT_EQ(errors_of(bulk("update", {stale})), "");
    EXPECT_EQ(errors_of(bulk("update", {stale})), "");
    EXPECT_EQ(errors_of(bulk("updateIfMatchETag", {stale})), "a:412201");
    EXPECT_EQ(errors_of(bulk("update", {individual("a"), individual("none")})),
              "a:409201 none:404201");
    put_group("g");
    EXPECT_EQ(errors_of(bulk("update", {group("g"), group("none")}, "enrollmentGroups"),
                        "enrollmentGroupId"),
              "g:409202 none:404204");
}

TEST_F(ServiceBulk, DeletesWholeObjectsAndLenientlyReadOnes) {
    // DPS-SERVICE-32: only the id of an item matters
    put_symmetric("a");
    put_symmetric("b");
    put_symmetric("c");
    auto whole = run("GET", "/enrollments/a").json().as_object();
    whole["etag"] = "IjAi"; // not the one it has
    auto strange = individual("b");
    strange["attestation"] = "of a kind that is not known here";
    strange["etag"] = 7;
    EXPECT_EQ(errors_of(bulk("delete", {whole, strange, JsonObject{{"registrationId", "c"}},
                                        JsonObject{{"registrationId", "none"}},
                                        JsonObject{{"registrationId", "not an id"}}})),
              "none:404201 not an id:400004");
    for (const auto* path : {"/enrollments/a", "/enrollments/b", "/enrollments/c"}) {
        EXPECT_EQ(run("GET", path).status, 404U) << path;
    }
}

TEST_F(ServiceBulk, RefusesWhatIsNoBulkOperationAsAWhole) {
    // DPS-SERVICE-30: an ordinary error, and nothing was done
    JsonArray eleven;
    for (int i = 0; i < 11; ++i) {
        eleven.push_back(individual("many-" + std::to_string(i)));
    }
    expect_refused_whole(body_of("enrollments", "create", eleven));
    expect_refused_whole(
        body_of("enrollments", "create", {individual("twice"), individual("TWICE")}));
    // Which of the two would count? Neither, even if one cannot be read.
    expect_refused_whole(body_of("enrollments", "create",
                                 {individual("twice"), JsonObject{{"registrationId", "twice"}}}));
    expect_refused_whole(body_of("enrollments", "upsert", {individual("a")}));
    expect_refused_whole(body_of("enrollments", "", {individual("a")}));
    expect_refused_whole(body_of("enrollmentGroups", "create", {individual("a")}));
    expect_refused_whole(body_of("enrollments", "create", {individual("a"), 7}));
    expect_refused_whole(R"({"enrollments":{},"mode":"create"})");
    expect_refused_whole(R"({"enrollments":[],"mode":1})");
    expect_refused_whole("[]");
    expect_refused_whole("");
    expect_refused_whole(std::string(97 * 1024, ' '), 413, 413000);
}

TEST_F(ServiceBulk, IsForThoseWhoMayWrite) {
    auto request = ask("POST", "/enrollments", body_of("enrollments", "delete", {}));
    request.headers[0].value = world.service_token("reader");
    expect_refused(request, 401, 401000);
    request = ask("POST", "/enrollments", body_of("enrollments", "delete", {}));
    request.headers.back().value = "text/plain";
    expect_refused(request, 415, 415000);
}

} // namespace
} // namespace muster::gateway
