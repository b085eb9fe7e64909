#include "app/documents/difference.h"
#include "app/documents/yaml.h"

#include <gtest/gtest.h>

namespace muster::app {

namespace {

constexpr const char* key_text = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

std::vector<Document> documents(std::string_view yaml) {
    std::vector<Document> found;
    const auto values = parse_yaml(yaml, "f.yaml");
    EXPECT_TRUE(values) << values.error().detail;
    for (const Json& value : values.value_or(std::vector<Json>())) {
        auto document = canonical_document(value);
        EXPECT_TRUE(document) << document.error().detail;
        found.push_back(std::move(document.value()));
    }
    return found;
}

std::string difference(std::string_view current, std::string_view wanted,
                       const CompareOptions& options = {}) {
    const auto steps = compare(documents(current), documents(wanted), options);
    EXPECT_TRUE(steps) << steps.error().detail;
    return steps ? describe(*steps) : "";
}

const std::string instance = R"(
kind: Instance
name: muster
spec:
  allocationPolicy: hashed
  hubs:
    - {name: a.example.net, weight: 1, applyAllocationPolicy: true, location: local}
    - {name: b.example.net, weight: 1, applyAllocationPolicy: true, location: local}
  policies:
    - name: provisioningserviceowner
      rights: ServiceConfig, DeviceConnect, EnrollmentWrite
      primaryKey: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
)";

const std::string enrollment = R"(
kind: Enrollment
name: dev-1
spec:
  attestation: {type: symmetricKey}
  initialTwin: {tags: {site: west, list: [{name: x, primaryKey: a}]}}
)";

TEST(Difference, NothingChangesWhenNothingDiffers) {
    EXPECT_EQ(difference(instance + "---" + enrollment, instance + "---" + enrollment), "");
}

TEST(Difference, SpellingIsNoDifference) {
    EXPECT_EQ(difference("kind: Enrollment\nname: dev-1\nspec: {attestation: {type: symmetricKey}, "
                         "provisioningStatus: enabled}\n",
                         "kind: enrollment\nname: DEV-1\nspec: {attestation: {type: SymmetricKey, "
                         "symmetricKey: null}, deviceId: null, etag: x}\n"),
              "");
}

TEST(Difference, AWantedInstanceKeepsWhatItLeavesOut) {
    EXPECT_EQ(
        difference(instance, "kind: Instance\nname: muster\nspec: {hubs: [{name: "
                             "B.example.net, weight: 3}]}\n"),
        "~ Instance muster\n"
        "    - hubs[a.example.net]: "
        R"({"name":"a.example.net","weight":1,"applyAllocationPolicy":true,"location":"local"})"
        "\n"
        R"(    ~ hubs[b.example.net].name: "b.example.net" -> "B.example.net")"
        "\n"
        "    ~ hubs[b.example.net].weight: 1 -> 3\n");
}

TEST(Difference, SecretsLeftOutAreNotTakenAwayAndNeverShown) {
    const std::string without = "kind: Instance\nname: muster\nspec: {policies: [{name: "
                                "provisioningserviceowner, rights: 'ServiceConfig, "
                                "DeviceConnect, EnrollmentWrite'}]}\n";
    EXPECT_EQ(difference(instance, without), "");
    const std::string added = difference(without, instance);
    EXPECT_EQ(added.find(key_text), std::string::npos) << added;
    EXPECT_NE(added.find("(secret)"), std::string::npos) << added;
}

/// Lists that cannot be compared by name are shown whole: two policies of one name, a hub of which
/// only the connection string is given.
TEST(Difference, SecretsInListsWithoutNamesAreNotShown) {
    const std::string twice = "kind: Instance\nname: muster\nspec: {policies: [{name: p, rights: "
                              "EnrollmentRead, primaryKey: '" +
                              std::string(key_text) + "'}, {name: P, rights: EnrollmentRead}]}\n";
    const std::string policies = difference(instance, twice);
    EXPECT_EQ(policies.find(key_text), std::string::npos) << policies;
    EXPECT_NE(policies.find("(secret)"), std::string::npos) << policies;
    const std::string hubs = difference(
        instance, "kind: Instance\nname: muster\nspec: {hubs: [{connectionString: 'HostName=h;"
                  "SharedAccessKeyName=o;SharedAccessKey=c2VjcmV0'}]}\n");
    EXPECT_EQ(hubs.find("c2VjcmV0"), std::string::npos) << hubs;
}

/// A PUT takes the list as a whole.
TEST(Difference, AnUpdateSaysAgainWhatItsItemsLeaveOut) {
    const auto steps = compare(
        documents("kind: Instance\nname: muster\nspec: {hubs: [{name: a.example.net, weight: 7, "
                  "location: here, connectionString: secret}]}\n"),
        documents("kind: Instance\nname: muster\nspec: {hubs: [{name: A.example.net, location: "
                  "there}, {name: new.example.net}]}\n"),
        {});
    ASSERT_TRUE(steps);
    ASSERT_EQ(steps->size(), 1U);
    EXPECT_EQ(to_text(steps->front().document.spec),
              R"({"hubs":[{"name":"A.example.net","location":"there","weight":7},)"
              R"({"name":"new.example.net"}]})");
}

TEST(Difference, AFunctionsKeyIsASecretLikeOthers) {
    const auto with = [](std::string_view more) {
        return "kind: Enrollment\nname: dev-1\nspec: {attestation: {type: symmetricKey}, "
               "allocationPolicy: custom, customAllocationDefinition: {webhookUrl: "
               "'https://web.hook', apiVersion: '2021-10-01'" +
               std::string(more) + "}}\n";
    };
    const std::string keyed = with(", signingKey: 'MDEyMzQ1Njc4OWFiY2RlZg=='");
    EXPECT_EQ(difference(keyed, with("")), "") << "left out, it stays";
    const std::string changed = difference(keyed, with(", signingKey: 'ZmVkY2JhOTg3NjU0MzIxMA=='"));
    EXPECT_NE(changed.find("customAllocationDefinition.signingKey"), std::string::npos) << changed;
    EXPECT_EQ(changed.find("ZmVk"), std::string::npos) << changed;
    EXPECT_EQ(changed.find("MDEy"), std::string::npos) << changed;
    EXPECT_TRUE(has_secrets(documents(keyed).front()));
    EXPECT_FALSE(has_secrets(documents(with("")).front()));
}

TEST(Difference, AnEnrollmentIsReplacedAsAWhole) {
    EXPECT_EQ(difference(enrollment, "kind: Enrollment\nname: dev-1\nspec: {attestation: {type: "
                                     "symmetricKey}, initialTwin: {tags: {list: [{name: x}]}}}\n"),
              "~ Enrollment dev-1\n"
              "    - initialTwin.tags.site: \"west\"\n"
              "    - initialTwin.tags.list[x].primaryKey: \"a\"\n");
}

TEST(Difference, StepsComeInTheOrderInWhichTheyCanBeTaken) {
    const std::string group = "kind: EnrollmentGroup\nname: g\nspec: {attestation: {type: "
                              "symmetricKey}}\n";
    EXPECT_EQ(difference(enrollment, enrollment + "---\n" + group + "---" + instance),
              "+ Instance muster\n+ EnrollmentGroup g\n");
    EXPECT_EQ(difference(group + "---" + enrollment, instance,
                         {.prune = {DocumentKind::group, DocumentKind::enrollment}}),
              "+ Instance muster\n- Enrollment dev-1\n- EnrollmentGroup g\n");
}

TEST(Difference, NothingIsDeletedUnlessAskedFor) {
    EXPECT_EQ(difference(enrollment, ""), "");
}

TEST(Difference, ADocumentMayStandOnlyOnce) {
    const auto twice = documents(enrollment + "---" + enrollment);
    EXPECT_FALSE(compare({}, twice, {}));
}

TEST(Document, MistakesNameTheDocument) {
    const auto mistake = [](std::string_view yaml) {
        const auto document = canonical_document(parse_yaml(yaml, "f").value().front());
        return document ? std::string() : document.error().detail;
    };
    EXPECT_NE(mistake("kind: Enrollment\nname: x\nspec: {}\n").find("Enrollment 'x'"),
              std::string::npos);
    EXPECT_NE(mistake("kind: Enrolment\nname: x\nspec: {}\n").find("'Enrolment'"),
              std::string::npos);
    EXPECT_NE(mistake("kind: Instance\nspec: {}\n").find("name"), std::string::npos);
    EXPECT_NE(mistake("kind: Instance\nname: x\nspec: {qoutas: {}}\n").find("'qoutas'"),
              std::string::npos);
    EXPECT_NE(mistake("kind: Certificate\nname: c\nspec: {certificate: x}\n").find("certificate"),
              std::string::npos);
}

} // namespace

} // namespace muster::app
