// What would happen if a device registered now, and under a configuration that is only proposed.

#include "gateway/administration/administration_client.h"

namespace muster::gateway {
namespace {

class AdminExplain : public AdministrationTest {
  protected:
    HttpReply explain(const JsonObject& body) {
        return run("POST", alpha + "/explain", to_text(body));
    }

    /// dev-1, proven with the recorded key.
    JsonObject proven(const std::string& id = "dev-1") {
        return {{"registrationId", id}, {"sas", world.device_token(TenantsWorld::alpha_scope, id)}};
    }

    static JsonObject document(const std::string& kind, const std::string& name,
                               const std::string& spec) {
        return {{"kind", kind}, {"name", name}, {"spec", parse_json(spec).value()}};
    }

    static JsonObject with(JsonObject body, const std::string& member, JsonArray items) {
        body[member] = std::move(items);
        return body;
    }

    static std::string outcome(const HttpReply& reply) {
        EXPECT_EQ(reply.status, 200U) << reply.body;
        return text(reply.member("outcome"));
    }
};

TEST_F(AdminExplain, RefusesQuestionsThatAreNone) {
    for (const auto* body :
         {"{}", R"({"registrationId":7})", R"({"registrationId":"a b"})",
          R"({"registrationId":"a","sas":7})", R"({"registrationId":"a","certificates":"PEM"})",
          R"({"registrationId":"a","certificates":[7]})",
          R"({"registrationId":"a","certificates":["PEM"]})",
          R"({"registrationId":"a","group":"g h"})", R"({"registrationId":"a","proposal":{}})",
          R"({"registrationId":"a","remove":7})"}) {
        expect_refused(run("POST", alpha + "/explain", body), 400, 400000);
    }
}

TEST_F(AdminExplain, RefusesProposalsThatCouldNotBeWritten) {
    world.enroll("alpha", "dev-1");
    const std::string named = R"("kind":"Enrollment","name":"dev-1")";
    const std::string keyed = R"("spec":{"attestation":{"type":"symmetricKey"}})";
    const std::string whole = "{" + named + "," + keyed + "}";
    const std::vector<std::string> proposals = {
        "7",
        "{}",
        R"({"kind":"Nothing","name":"a","spec":{}})",
        R"({"kind":7,"name":"a","spec":{}})",
        R"({"kind":"Enrollment","name":"","spec":{}})",
        R"({"kind":"Enrollment","name":7,"spec":{}})",
        "{" + named + "}",
        "{" + named + R"(,"spec":[]})",
        "{" + named + R"(,"spec":{}})",
        "{" + named +
            R"(,"spec":{"registrationId":"dev-2","attestation":{"type":"symmetricKey"}}})",
        "{" + named +
            R"(,"spec":{"attestation":{"type":"symmetricKey"},"iotHubs":["nowhere.example.net"]}})",
        whole + "," + whole,
        R"({"kind":"Instance","name":"beta","spec":{}})",
        R"({"kind":"Instance","name":"alpha","spec":{"hubs":[{"name":"hub-9.example.net"}]}})",
        R"({"kind":"Instance","name":"alpha","spec":{"hubs":[{"connectionString":"x"}]}})",
        R"({"kind":"Certificate","name":"root","spec":{}})",
        R"({"kind":"Certificate","name":"root","spec":{"certificate":"none"}})",
        R"({"kind":"EnrollmentGroup","name":"g h",)"
        R"("spec":{"attestation":{"type":"symmetricKey"}}})"};
    for (const auto& proposal : proposals) {
        const auto reply = run("POST", alpha + "/explain",
                               R"({"registrationId":"dev-1","proposal":[)" + proposal + "]}");
        EXPECT_EQ(reply.status, 400U) << proposal << reply.body;
    }
    for (const auto& remove :
         {std::string("7"), std::string("{}"), std::string(R"({"kind":"Instance","name":"alpha"})"),
          std::string(R"({"kind":"Enrollment","name":"a b"})")}) {
        const auto reply = run("POST", alpha + "/explain",
                               R"({"registrationId":"dev-1","remove":[)" + remove + "]}");
        EXPECT_EQ(reply.status, 400U) << remove << reply.body;
    }
    EXPECT_EQ(run("POST", alpha + "/explain",
                  R"({"registrationId":"dev-1","proposal":[)" + whole + R"(],"remove":[{)" + named +
                      "}]}")
                  .status,
              400U);
}

TEST_F(AdminExplain, NamesTheDocumentThatIsWrong) {
    const auto reply =
        explain(with(proven(), "proposal",
                     {document("Enrollment", "dev-7", R"({"attestation":{"type":"magic"}})")}));
    EXPECT_NE(text(reply.member("message")).find("Enrollment \"dev-7\": "), std::string::npos)
        << reply.body;
}

TEST_F(AdminExplain, PredictsWhatHappensAndDoesNothing) {
    world.enroll("alpha", "dev-1");
    const auto reply = explain(proven());
    EXPECT_EQ(outcome(reply), "assigned");
    EXPECT_EQ(reply.member("hub"), Json("hub-1.example.net"));
    EXPECT_EQ(outcome(explain({{"registrationId", "dev-1"}})), "assigned"); // if it is proven
    EXPECT_EQ(outcome(explain(proven("dev-2"))), "refused");
    EXPECT_EQ(world.hubs.calls(), 0);
    EXPECT_EQ(world.enrollments_of("alpha").counts().value().registrations, 0);
}

TEST_F(AdminExplain, SaysWhatIsWrongWithAProof) {
    world.enroll("alpha", "dev-1");
    auto body = proven();
    body["sas"] = world.device_token(TenantsWorld::beta_scope, "dev-1");
    const auto reply = explain(body);
    EXPECT_EQ(outcome(reply), "refused");
    EXPECT_NE(reply.body.find("token_for_another_resource"), std::string::npos) << reply.body;
    EXPECT_EQ(reply.body.find("SharedAccessSignature"), std::string::npos);
}

TEST_F(AdminExplain, TakesAChainOfCertificates) {
    const auto ca = make_ca("root");
    const auto leaf = make_certificate("dev-1", crypto::Purpose::client, &ca);
    const JsonObject body{{"registrationId", "dev-1"},
                          {"certificates", {leaf.certificate.pem(), ca.certificate.pem()}}};
    EXPECT_EQ(outcome(explain(body)), "refused");
    const auto root =
        document("Certificate", "root",
                 to_text(JsonObject{{"certificate", ca.certificate.pem()}, {"verified", true}}));
    const auto group =
        document("EnrollmentGroup", "fleet",
                 R"({"attestation":{"type":"x509","x509":{"caReferences":{"primary":"root"}}}})");
    EXPECT_EQ(outcome(explain(with(body, "proposal", {root, group}))), "assigned");
    EXPECT_EQ(outcome(explain(with(body, "proposal", {group, root}))), "assigned"); // any order

    // The same, written for good; then without the certificate.
    EXPECT_EQ(run("PUT", alpha + "/certificates/root", certificate_body(ca, true)).status, 200U);
    const auto without = with(with(body, "proposal", {group}), "remove",
                              {JsonObject{{"kind", "Certificate"}, {"name", "ROOT"}}});
    const auto reply = explain(without);
    EXPECT_TRUE(reply.status == 400U || outcome(reply) == "refused") << reply.body;
    EXPECT_EQ(run("GET", alpha + "/certificates").json().at("certificates").as_array().size(), 1U);
}

TEST_F(AdminExplain, HoldsADeviceAgainstProposals) {
    world.enroll("alpha", "dev-1");
    const auto version = world.instances.find("alpha")->stamp.version;
    const auto propose = [&](JsonObject document) {
        return explain(with(proven(), "proposal", {std::move(document)}));
    };
    // Keys that are left open are the stored ones.
    EXPECT_EQ(outcome(propose(
                  document("Enrollment", "DEV-1", R"({"attestation":{"type":"symmetricKey"}})"))),
              "assigned");
    EXPECT_EQ(outcome(propose(document(
                  "Enrollment", "dev-1",
                  R"({"attestation":{"type":"symmetricKey"},"provisioningStatus":"disabled"})"))),
              "declined");
    EXPECT_EQ(outcome(propose(document("Instance", "alpha", R"({"hubs":[]})"))), "declined");
    EXPECT_EQ(outcome(propose(document("Instance", "Alpha", R"({"location":"moon"})"))),
              "assigned");
    EXPECT_EQ(outcome(explain(with(proven(), "remove",
                                   {JsonObject{{"kind", "Enrollment"}, {"name", "Dev-1"}}}))),
              "refused");
    EXPECT_EQ(outcome(explain(proven())), "assigned"); // all of that changed nothing
    EXPECT_EQ(world.instances.find("alpha")->stamp.version, version);
}

TEST_F(AdminExplain, AsksAboutTheGroupThatIsSupposed) {
    const auto group =
        document("EnrollmentGroup", "fleet", R"({"attestation":{"type":"symmetricKey"}})");
    const auto reply =
        explain(with({{"registrationId", "dev-1"}, {"group", "Fleet"}}, "proposal", {group}));
    EXPECT_EQ(outcome(reply), "assigned");
    const auto gone = explain(with({{"registrationId", "dev-1"}, {"group", "fleet"}}, "remove",
                                   {JsonObject{{"kind", "EnrollmentGroup"}, {"name", "fleet"}}}));
    EXPECT_NE(outcome(gone), "assigned");
}

} // namespace
} // namespace muster::gateway
