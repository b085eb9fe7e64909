#include "crypto/issuing.h"
#include "provisioning/documents/instance_document.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

const WallTime now = from_unix_seconds(1'893'456'000);

JsonObject json(std::string_view text) {
    return parse_json_object(text).value();
}

ResourceStamp stamp() {
    return {.version = 3,
            .etag = ETag("IjAi"),
            .created = now,
            .updated = now + std::chrono::microseconds(1'234'567)};
}

crypto::Certificate certificate() {
    SystemRandom random;
    const auto identity = crypto::issue({.common_name = "Fleet CA",
                                         .purpose = crypto::Purpose::certificate_authority,
                                         .dns_names = {},
                                         .ip_addresses = {},
                                         .not_before = now,
                                         .not_after = now + std::chrono::hours(1),
                                         .path_length = {}},
                                        nullptr, random);
    return identity.value().certificate;
}

Instance everything() {
    Instance instance;
    instance.scope = IdScope("0ne00TEST01");
    instance.name = "Dps-1";
    instance.tenant = "acme";
    instance.location = "hall 4";
    instance.tags = json(R"({"a":"b","$odd":null})");
    instance.host_names = {"dps-1.example.net", "other.example.org"};
    instance.default_policy = AllocationPolicy::fixed;
    instance.hubs = {{.name = HubName("Hub-1.example.net"),
                      .weight = 7,
                      .apply_allocation_policy = false,
                      .location = "here",
                      .connection_string = Secret("HostName=hub-1;SharedAccessKey=c2VjcmV0"),
                      .devices_max = 5000},
                     {.name = HubName("hub-2.example.net")}};
    instance.even_load = true;
    instance.former_hubs = {{.name = HubName("Old.example.net"),
                             .connection_string = Secret("HostName=old;SharedAccessKey=b2xk"),
                             .lost = true},
                            {.name = HubName("older.example.net"), .connection_string = {}}};
    instance.quarantines = {{.group = EnrollmentGroupId("Line-1"),
                             .hub = HubName("hub-2.example.net"),
                             .reason = "odd",
                             .since = now}};
    instance.policies = {{.name = "owner",
                          .keys = {.primary = Secret("0123456789abcdef0123456789abcdef"),
                                   .secondary = Secret("fedcba9876543210fedcba9876543210")},
                          .rights = {Right::service_config, Right::enrollment_write}}};
    instance.certificates = {{.name = "ca",
                              .certificate = certificate(),
                              .verified = true,
                              .verification_code = "C0DE",
                              .stamp = stamp()}};
    instance.ip_rules = {{.name = "r",
                          .action = IpRule::Action::reject,
                          .target = IpRule::Target::device_api,
                          .mask = "10.0.0.0/8"}};
    instance.public_network_access = false;
    instance.shared_key_access = false;
    instance.quotas = {.enrollments = 1, .enrollment_groups = {}, .registrations = 0};
    instance.state = InstanceState::deleting;
    instance.deleted_by = "token:ci";
    instance.stamp = stamp();
    return instance;
}

const std::string_view read_view = R"({"name":"Dps-1","tenant":"acme","idScope":"0ne00TEST01",
    "location":"hall 4","tags":{"a":"b","$odd":null},
    "hosts":["dps-1.example.net","other.example.org"],"allocationPolicy":"static",
    "evenLoad":true,
    "hubs":[{"name":"Hub-1.example.net","weight":7,"applyAllocationPolicy":false,
             "location":"here","devicesMax":5000},
            {"name":"hub-2.example.net","weight":1,"applyAllocationPolicy":true,"location":"",
             "devicesMax":1000000}],
    "policies":[{"name":"owner","rights":"ServiceConfig, EnrollmentWrite"}],
    "ipFilterRules":[{"name":"r","action":"reject","target":"deviceApi","mask":"10.0.0.0/8"}],
    "publicNetworkAccess":false,"sharedKeyAccess":false,
    "quotas":{"enrollments":1,"registrations":0},
    "formerHubs":[{"name":"Old.example.net","lost":true},{"name":"older.example.net","lost":false}],
    "quarantines":[{"enrollmentGroupId":"Line-1","hub":"hub-2.example.net","reason":"odd",
                    "sinceDateTimeUtc":"2030-01-01T00:00:00.0000000Z"}],
    "state":"deleting","etag":"IjAi",
    "createdDateTimeUtc":"2030-01-01T00:00:00.0000000Z",
    "lastUpdatedDateTimeUtc":"2030-01-01T00:00:01.2345670Z"})";

TEST(InstanceDocument, ShowsReadersNoSecret) {
    const JsonObject document = to_document(everything(), View::read);
    EXPECT_EQ(to_text(document), to_text(json(read_view)));
}

TEST(InstanceDocument, ShowsSecretsWhereTheyBelong) {
    const Instance instance = everything();
    const auto holds = [&](View view, std::string_view secret) {
        return to_text(to_document(instance, view)).find(secret) != std::string::npos;
    };
    for (const std::string_view secret : {"MDEyMzQ1Njc4OWFiY2RlZj", "ZmVkY2JhOTg3NjU0MzIxM",
                                          "HostName=hub-1;SharedAccessKey=c2VjcmV0"}) {
        EXPECT_FALSE(holds(View::read, secret)) << secret;
        EXPECT_FALSE(holds(View::exported, secret)) << secret;
        EXPECT_TRUE(holds(View::written, secret)) << secret;
        EXPECT_TRUE(holds(View::stored, secret)) << secret;
        EXPECT_TRUE(holds(View::exported_with_keys, secret)) << secret;
    }
}

// The keys of hubs that were unlinked are for moves only.
TEST(InstanceDocument, TellsNobodyTheKeyOfAFormerHub) {
    for (const View view : {View::read, View::written, View::exported, View::exported_with_keys}) {
        EXPECT_EQ(to_text(to_document(everything(), view)).find("b2xk"), std::string::npos);
    }
    const Instance again = stored_instance(to_document(everything(), View::stored)).value();
    EXPECT_EQ(again.former_hubs.front().connection_string.reveal(),
              "HostName=old;SharedAccessKey=b2xk");
}

TEST(InstanceDocument, OfAVersionWithoutFormerHubsIsRead) {
    JsonObject document = to_document(everything(), View::stored);
    for (const auto* member : {"formerHubs", "quarantines", "evenLoad"}) {
        document.erase(member);
    }
    document.at("hubs").get_array().at(0).get_object().erase("devicesMax");
    const auto again = stored_instance(document);
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_TRUE(again->former_hubs.empty());
    EXPECT_TRUE(again->quarantines.empty());
    EXPECT_FALSE(again->even_load);
    EXPECT_EQ(again->hubs.front().devices_max, 1'000'000);
}

TEST(InstanceDocument, ExportsWhatCanBeSet) {
    const JsonObject document = to_document(everything(), View::exported);
    JsonObject wanted = json(read_view);
    for (const auto* member : {"idScope", "formerHubs", "quarantines", "state", "etag",
                               "createdDateTimeUtc", "lastUpdatedDateTimeUtc"}) {
        wanted.erase(member);
    }
    wanted["hosts"] = JsonArray{"other.example.org"}; // the other one comes with the name
    EXPECT_EQ(document, wanted);
}

TEST(InstanceDocument, SurvivesTheStore) {
    const Instance instance = everything();
    const JsonObject document = to_document(instance, View::stored);
    const auto again = stored_instance(parse_json_object(to_text(document)).value());
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(to_document(*again, View::stored), document);
    EXPECT_EQ(again->certificates.front().certificate, instance.certificates.front().certificate);
    EXPECT_EQ(again->certificates.front().verification_code, "C0DE");
    EXPECT_EQ(again->certificates.front().stamp.version, 3);
    EXPECT_EQ(again->stamp.version, 3);
    EXPECT_EQ(again->deleted_by, "token:ci");
    EXPECT_EQ(again->policies.front().keys, instance.policies.front().keys);
    EXPECT_EQ(again->hubs.front().name.spelled(), "Hub-1.example.net");
}

TEST(InstanceDocument, RefusesAStoredOneThatLacksSomething) {
    for (const auto* member : {"idScope", "etag", "version", "createdDateTimeUtc"}) {
        JsonObject document = to_document(everything(), View::stored);
        document.erase(member);
        const auto again = stored_instance(document);
        ASSERT_FALSE(again) << member;
        EXPECT_EQ(again.error().detail, std::string(member) + " is required");
    }
}

TEST(InstanceSettings, AreWhatADocumentSays) {
    const auto settings = instance_settings(json(read_view));
    ASSERT_TRUE(settings) << settings.error().detail;
    EXPECT_EQ(settings->name, "Dps-1");
    EXPECT_EQ(settings->tenant, "acme");
    EXPECT_FALSE(settings->scope); // read-only
    EXPECT_EQ(settings->extra_hosts->size(), 2U);
    EXPECT_EQ(settings->default_policy, AllocationPolicy::fixed);
    ASSERT_EQ(settings->hubs->size(), 2U);
    EXPECT_EQ(settings->hubs->front().weight, 7);
    EXPECT_EQ(settings->hubs->front().devices_max, 5000);
    EXPECT_EQ(settings->even_load, true);
    EXPECT_TRUE(settings->hubs->front().connection_string.empty());
    EXPECT_EQ(settings->ip_rules->front().target, IpRule::Target::device_api);
    EXPECT_FALSE(settings->policies->front().primary);
    EXPECT_EQ(settings->quotas->registrations, 0);
    EXPECT_FALSE(settings->quotas->enrollment_groups);
}

TEST(InstanceSettings, LeaveOpenWhatIsNotSaid) {
    for (const auto* text :
         {"{}", R"({"location":null,"tags":null,"hosts":null,"allocationPolicy":null,"hubs":null,
                    "policies":null,"ipFilterRules":null,"publicNetworkAccess":null,
                    "sharedKeyAccess":null,"quotas":null,"evenLoad":null,"formerHubs":7,
                    "quarantines":7,"unknown":1,"etag":7})"}) {
        const auto settings = instance_settings(json(text));
        ASSERT_TRUE(settings) << settings.error().detail;
        EXPECT_FALSE(settings->location || settings->tags || settings->extra_hosts ||
                     settings->default_policy || settings->hubs || settings->policies ||
                     settings->ip_rules || settings->public_network_access ||
                     settings->shared_key_access || settings->quotas || settings->even_load);
    }
}

TEST(InstanceSettings, NameTheMistake) {
    const auto refusal = [](std::string_view text) {
        const auto settings = instance_settings(json(text));
        return settings ? "accepted" : settings.error().detail;
    };
    EXPECT_EQ(refusal(R"({"name":7})"), "name must be a string");
    EXPECT_EQ(refusal(R"({"tags":[]})"), "tags must be an object");
    EXPECT_EQ(refusal(R"({"hosts":[1]})"), "hosts must hold host names");
    EXPECT_EQ(refusal(R"({"hosts":"a"})"), "hosts must be an array");
    EXPECT_EQ(refusal(R"({"allocationPolicy":"best"})"), "allocationPolicy has an unknown value");
    EXPECT_EQ(refusal(R"({"publicNetworkAccess":"Enabled"})"),
              "publicNetworkAccess must be true or false");
    EXPECT_EQ(refusal(R"({"quotas":{"enrollments":"many"}})"),
              "quotas.enrollments must be an integer");
    EXPECT_EQ(refusal(R"({"hubs":["a"]})"), "hubs must hold objects");
    EXPECT_EQ(refusal(R"({"hubs":[{"name":"a"},{}]})"),
              "hubs[1].name or connectionString is required");
    EXPECT_EQ(refusal(R"({"hubs":[{"name":"a","weight":1.5}]})"),
              "hubs[0].weight must be an integer");
    EXPECT_EQ(refusal(R"({"hubs":[{"name":"a","devicesMax":"many"}]})"),
              "hubs[0].devicesMax must be an integer");
    EXPECT_EQ(refusal(R"({"evenLoad":1})"), "evenLoad must be true or false");
    EXPECT_EQ(refusal(R"({"policies":[{"name":"a"}]})"), "policies[0].rights is required");
    EXPECT_EQ(refusal(R"({"ipFilterRules":[{"name":"a","mask":"::/0","action":"drop"}]})"),
              "ipFilterRules[0].action has an unknown value");
    EXPECT_EQ(refusal(R"({"ipFilterRules":[{"name":"a"}]})"), "ipFilterRules[0].mask is required");
    const std::string key = refusal(R"({"policies":[{"name":"a","rights":"EnrollmentRead",
                                       "primaryKey":"not base64, secret"}]})");
    EXPECT_TRUE(key.starts_with("policies[0].primaryKey ")) << key;
    EXPECT_EQ(key.find("secret"), std::string::npos);
}

TEST(InstanceSettings, BringNoHugeWeightIntoRange) {
    for (const auto* weight : {"-4294967295", "4294967297", "9223372036854775807"}) {
        const auto settings = instance_settings(
            json(R"({"hubs":[{"name":"a","weight":)" + std::string(weight) + "}]}"));
        ASSERT_TRUE(settings);
        const int read = settings->hubs->front().weight;
        EXPECT_TRUE(read < 1 || read > 1000) << read;
    }
}

TEST(CertificateDocument, ShowsWhatAnOperatorAsksFor) {
    const CaCertificate ca = everything().certificates.front();
    const JsonObject document = to_document(ca);
    EXPECT_EQ(document.at("name"), Json("ca"));
    EXPECT_EQ(document.at("certificate"), Json(ca.certificate.pem()));
    EXPECT_EQ(document.at("isVerified"), Json(true));
    EXPECT_EQ(document.at("subject"), Json("CN=Fleet CA"));
    EXPECT_EQ(document.at("thumbprint"), Json(ca.certificate.sha1_thumbprint()));
    EXPECT_EQ(document.at("notAfterUtc"), Json("2030-01-01T01:00:00Z"));
    EXPECT_EQ(document.at("verificationCode"), Json("C0DE"));
    EXPECT_EQ(document.at("etag"), Json("IjAi"));
}

} // namespace
} // namespace muster::provisioning
