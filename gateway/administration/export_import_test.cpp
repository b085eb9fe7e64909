// What goes out as configuration documents, and what comes in by the thousand.

#include "gateway/administration/administration_client.h"
#include "gateway/administration/page.h"

#include <algorithm>

namespace muster::gateway {
namespace {

class AdminTransfer : public AdministrationTest {
  protected:
    /// Through the service API's documents.
    void put_group(const std::string& id) {
        const auto document = parse_json_object(R"({"enrollmentGroupId":")" + id +
                                                R"(","attestation":{"type":"symmetricKey"}})");
        auto group = provisioning::group_from_document(document.value());
        static_cast<void>(
            world.enrollments_of("alpha").put(*std::move(group), {}, TenantsWorld::by).value());
    }

    JsonArray export_all(const std::string& query = "", std::size_t* pages = nullptr) {
        return walk(alpha + "/export" + query, "documents", "after", pages);
    }

    static std::vector<std::string> names_of(const JsonArray& documents) {
        std::vector<std::string> names;
        for (const auto& document : documents) {
            names.push_back(text(document.at("kind")) + ' ' + text(document.at("name")));
        }
        return names;
    }

    HttpReply import(const JsonArray& rows, const std::string& mode = "keep") {
        return run("POST", alpha + "/import?mode=" + mode,
                   to_text(JsonObject{{"enrollments", rows}}));
    }

    static Json row(const std::string& id, const std::string& more = {}) {
        return parse_json(
                   R"({"registrationId":")" + id +
                       R"(","attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":")" +
                       std::string(recorded_key_text) + R"(","secondaryKey":")" +
                       std::string(recorded_key_text) + "\"}}" + more + '}',
                   {.bytes_max = 1024 * 1024, .depth_max = 64})
            .value();
    }

    std::int64_t count() { return world.enrollments_of("alpha").counts().value().enrollments; }
};

// ---- export ----

TEST_F(AdminTransfer, ExportsKindAfterKindByName) {
    for (const auto* id : {"dev-2", "Dev-1", "dev-3"}) {
        world.enroll("alpha", id);
    }
    world.enroll("beta", "dev-9");
    put_group("g-2");
    put_group("G-1");
    run("PUT", alpha + "/certificates/root", certificate_body(make_ca("root"), true));
    const std::vector<std::string> all = {
        "Instance alpha",   "Certificate root", "EnrollmentGroup G-1", "EnrollmentGroup g-2",
        "Enrollment Dev-1", "Enrollment dev-2", "Enrollment dev-3"};
    for (const auto& [query, page_count] :
         {std::pair("", 1U), std::pair("?count=1", 7U), std::pair("?count=2", 4U),
          std::pair("?count=3", 3U), std::pair("?count=7", 1U)}) {
        std::size_t pages = 0;
        EXPECT_EQ(names_of(export_all(query, &pages)), all) << query;
        EXPECT_EQ(pages, page_count) << query;
    }
    EXPECT_EQ(names_of(export_all("?kind=EnrollmentGroup&count=1")),
              (std::vector<std::string>{"EnrollmentGroup G-1", "EnrollmentGroup g-2"}));
    EXPECT_EQ(names_of(export_all("?kind=Instance")), std::vector<std::string>{"Instance alpha"});
}

TEST_F(AdminTransfer, GoesOnWhereAPageEndedWhateverChanged) {
    for (const auto* id : {"b", "d", "f"}) {
        world.enroll("alpha", id);
    }
    const auto first = run("GET", alpha + "/export?kind=Enrollment&count=2");
    EXPECT_EQ(first.member("next"), Json("Enrollment/d"));
    auto& enrollments = world.enrollments_of("alpha");
    enrollments.erase(RegistrationId("d"), {}, TenantsWorld::by).value();
    world.enroll("alpha", "a"); // before: not seen any more
    world.enroll("alpha", "e"); // behind: seen
    EXPECT_EQ(names_of(export_all("?kind=Enrollment&after=Enrollment/d")),
              (std::vector<std::string>{"Enrollment e", "Enrollment f"}));
}

TEST_F(AdminTransfer, AnInstanceThatIsAppliedAgainStaysAsItIs) {
    provisioning::InstanceSettings settings;
    settings.name = "alpha";
    settings.even_load = true;
    settings.hubs = {{.name = HubName("hub-2.example.net"), .devices_max = 7}}; // not hub 1
    world.change(settings);
    const EnrollmentGroupId group("line-1");
    ASSERT_TRUE(world.instances.quarantine_group("alpha", group, HubName("hub-2.example.net"),
                                                 "odd", TenantsWorld::by));
    const auto before = world.instances.find("alpha");
    const Json spec = export_all("?kind=Instance").front().at("spec");
    EXPECT_EQ(spec.at("evenLoad"), Json(true));
    EXPECT_EQ(to_text(spec.at("hubs")),
              R"([{"name":"hub-2.example.net","weight":1,"applyAllocationPolicy":true,)"
              R"("location":"","devicesMax":7}])");
    for (const auto* absent : {"formerHubs", "quarantines"}) {
        EXPECT_FALSE(spec.as_object().contains(absent)) << absent;
    }
    EXPECT_EQ(run("PUT", alpha, to_text(spec)).status, 200U);
    const auto after = world.instances.find("alpha");
    EXPECT_EQ(after->stamp.etag, before->stamp.etag);
    EXPECT_EQ(after->former_hubs.size(), 1U);
    EXPECT_EQ(after->quarantines.size(), 1U);
    const auto read = run("GET", alpha);
    EXPECT_EQ(to_text(read.member("formerHubs")), R"([{"name":"hub-1.example.net","lost":false}])");
}

TEST_F(AdminTransfer, ExportsWhatAPutWouldTake) {
    world.enroll("alpha", "dev-1");
    put_group("g-1");
    const auto ca = make_ca("root");
    run("PUT", alpha + "/certificates/root", certificate_body(ca, true));
    const auto documents = export_all();
    ASSERT_EQ(documents.size(), 4U);
    for (const auto& document : documents) {
        EXPECT_FALSE(text(document.at("etag")).empty());
        for (const auto* absent :
             {"name", "idScope", "state", "etag", "createdDateTimeUtc", "lastUpdatedDateTimeUtc",
              "registrationId", "enrollmentGroupId"}) {
            EXPECT_FALSE(document.at("spec").as_object().contains(absent))
                << to_text(document) << absent;
        }
    }
    EXPECT_EQ(to_text(documents[1].at("spec")),
              to_text(JsonObject{{"certificate", ca.certificate.pem()}, {"verified", true}}));
    EXPECT_EQ(documents[0].at("spec").at("tenant"), Json("tenant-a"));
    EXPECT_EQ(to_text(documents[2].at("spec").at("attestation")), R"({"type":"symmetricKey"})");
    // The instance's own specification changes nothing when it is put.
    const auto version = world.instances.find("alpha")->stamp.version;
    EXPECT_EQ(run("PUT", alpha, to_text(documents[0].at("spec"))).status, 200U);
    EXPECT_EQ(world.instances.find("alpha")->stamp.version, version);
}

TEST_F(AdminTransfer, ExportsKeysOnRequestOnly) {
    world.enroll("alpha", "dev-1");
    put_group("g-1");
    const std::string key(recorded_key_text);
    EXPECT_EQ(run("GET", alpha + "/export").body.find("Key\":"), std::string::npos);
    const auto with_keys = export_all("?keys=true");
    EXPECT_EQ(with_keys[0].at("spec").at("policies").at(0).at("primaryKey"), Json(key));
    EXPECT_TRUE(
        with_keys[1].at("spec").at("attestation").at("symmetricKey").at("primaryKey").is_string());
    EXPECT_EQ(with_keys[2].at("spec").at("attestation").at("symmetricKey").at("primaryKey"),
              Json(key));
}

/// Documents of 90 KB: a page ends by its bytes, and nothing is lost.
TEST_F(AdminTransfer, BoundsPagesInBytes) {
    const std::string large(90 * 1024, 'x');
    for (int i = 0; i < 60; ++i) {
        EXPECT_EQ(import({row("dev-" + std::to_string(100 + i),
                              R"(,"initialTwin":{"tags":{"a":")" + large + "\"}}")})
                      .member("created"),
                  Json(1));
    }
    const auto first = run("GET", alpha + "/export?count=1000");
    EXPECT_LT(first.body.size(), list_bytes_max + 2 * large.size());
    const auto page = parse_json_object(first.body, {.bytes_max = 2 * list_bytes_max}).value();
    EXPECT_FALSE(text(page.at("next")).empty());
    const auto rest = run("GET", alpha + "/export?after=" + text(page.at("next")));
    const auto last = parse_json_object(rest.body, {.bytes_max = 2 * list_bytes_max}).value();
    EXPECT_FALSE(last.contains("next"));
    EXPECT_EQ(page.at("documents").as_array().size() + last.at("documents").as_array().size(), 61U);
}

// ---- import ----

TEST_F(AdminTransfer, RefusesImportsThatAreNone) {
    for (const auto* body : {"{}", R"({"enrollments":{}})", R"({"enrollments":null})"}) {
        expect_refused(run("POST", alpha + "/import", body), 400, 400000);
    }
    expect_refused(import({}, "maybe"), 400, 400000);
    JsonArray many;
    for (int i = 0; i < 1001; ++i) {
        many.emplace_back(i);
    }
    expect_refused(import(many), 400, 400000);
    EXPECT_EQ(import({}).body, R"({"created":0,"replaced":0,"unchanged":0,"refused":[]})");
}

TEST_F(AdminTransfer, RefusesBrokenRowsOneByOne) {
    const auto large = R"(,"initialTwin":{"tags":{"a":")" + std::string(100 * 1024, 'x') + "\"}}";
    const auto reply =
        import({Json(7), row("dev-1"), JsonObject{{"registrationId", "dev-2"}}, row("dev-3", large),
                row("DEV-1"), row("dev 4"), row("dev-5", R"(,"iotHubs":["nowhere.example.net"])"),
                JsonObject{{"registrationId", 7}}, row("dev-6"),
                row("dev-7", R"(,"initialTwin":{"tags":{"a":)" + std::string(30, '[') +
                                 std::string(30, ']') + "}}")});
    ASSERT_EQ(reply.status, 200U) << reply.body;
    EXPECT_EQ(reply.member("created"), Json(2));
    const auto refused = reply.member("refused").as_array();
    std::vector<std::pair<std::int64_t, std::int64_t>> found;
    for (const auto& one : refused) {
        found.emplace_back(one.at("index").as_int64(), one.at("errorCode").as_int64());
        EXPECT_FALSE(text(one.at("message")).empty());
    }
    EXPECT_EQ(found, (std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 400004},
                                                                         {2, 400004},
                                                                         {3, 413000},
                                                                         {4, 400004},
                                                                         {5, 400004},
                                                                         {6, 400004},
                                                                         {7, 400004},
                                                                         {9, 400004}}));
    EXPECT_EQ(refused.at(3).at("registrationId"), Json("DEV-1"));
    EXPECT_EQ(refused.at(0).at("registrationId"), Json(""));
    EXPECT_EQ(count(), 2);
}

TEST_F(AdminTransfer, ChangesNothingWhenItIsRepeated) {
    JsonArray rows;
    for (int i = 0; i < 300; ++i) {
        rows.push_back(row("dev-" + std::to_string(i)));
    }
    EXPECT_EQ(import(rows).member("created"), Json(300));
    EXPECT_EQ(import(rows).member("unchanged"), Json(300));
    EXPECT_EQ(import(rows, "replace").member("unchanged"), Json(300));
    rows[7] = row("dev-7", R"(,"provisioningStatus":"disabled")");
    const auto kept = import(rows);
    EXPECT_EQ(kept.member("unchanged"), Json(299));
    EXPECT_EQ(kept.member("refused").at(0).at("index"), Json(7));
    EXPECT_EQ(kept.member("refused").at(0).at("errorCode"), Json(409201));
    EXPECT_EQ(import(rows, "replace").member("replaced"), Json(1));
    EXPECT_EQ(count(), 300);
}

TEST_F(AdminTransfer, RefusesRowsBeyondTheQuota) {
    run("PUT", alpha, R"({"quotas":{"enrollments":2}})");
    const auto reply = import({row("a"), row("b"), row("c")});
    EXPECT_EQ(reply.member("created"), Json(2));
    EXPECT_EQ(reply.member("refused").at(0).at("errorCode"), Json(403201));
}

/// What was exported with keys comes back as it was, in another instance.
TEST_F(AdminTransfer, ImportsWhatWasExported) {
    world.enroll("beta", "dev-1");
    world.enroll("beta", "Dev-2");
    JsonArray rows;
    for (const auto& document :
         walk("/muster/instances/beta/export?keys=true&kind=Enrollment", "documents")) {
        auto enrollment = document.at("spec").as_object();
        enrollment["registrationId"] = document.at("name");
        rows.push_back(std::move(enrollment));
    }
    EXPECT_EQ(import(rows).member("created"), Json(2));
    auto ours = export_all("?keys=true&kind=Enrollment");
    auto theirs = walk("/muster/instances/beta/export?keys=true&kind=Enrollment", "documents");
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        EXPECT_EQ(ours[i].at("spec"), theirs[i].at("spec"));
        EXPECT_EQ(ours[i].at("name"), theirs[i].at("name"));
    }
}

} // namespace
} // namespace muster::gateway
