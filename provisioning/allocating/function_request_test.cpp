#include "provisioning/allocating/function.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

const RegistrationId breakroom("breakroom499-contoso-tstrsd-007");

JsonObject group_as_get_shows_it() {
    return parse_json_object(R"({
        "enrollmentGroupId":"contoso",
        "attestation":{"type":"x509","x509":{"signingCertificates":{"primary":{"info":{}}}}},
        "capabilities":{"iotEdge":false},
        "etag":"IjAwIg==",
        "provisioningStatus":"enabled",
        "reprovisionPolicy":{"updateHubAssignment":true,"migrateDeviceData":true},
        "createdDateTimeUtc":"2022-07-05T21:27:16.8123235Z",
        "lastUpdatedDateTimeUtc":"2022-07-15T21:02:29.5922255Z",
        "allocationPolicy":"custom",
        "iotHubs":["tops.example.net","heat.example.net"],
        "customAllocationDefinition":{"webhookUrl":"https://f.example.net/api/A?code=SeCrEt",
            "apiVersion":"2021-10-01","signingKey":"S2V5S2V5S2V5S2V5S2V5"}})")
        .value();
}

FunctionRequestFacts facts_of(const Question& question) {
    return {.enrollment_member = "enrollmentGroup",
            .enrollment = group_as_get_shows_it(),
            .registration_id = breakroom,
            .current = Place{HubName("toasters.example.net"), DeviceId("Breakroom")},
            .question = question,
            .candidates = {HubName("tops.example.net"), HubName("heat.example.net")}};
}

Question with_key(std::optional<Json> payload) {
    return {.payload = std::move(payload),
            .attestation = {{"symmetricKey", JsonObject()}},
            .api_version = "2021-06-01",
            .peer_address = "192.0.2.7"};
}

// dps-device 7.1, dps-service 9.3
TEST(FunctionRequest, HasTheShapeThatFunctionsRead) {
    const Question question = with_key(JsonObject{{"modelId", "dtmi:example:toaster;1"}});
    const JsonObject body = function_request(facts_of(question));
    EXPECT_EQ(
        to_text(body),
        R"({"enrollmentGroup":{"enrollmentGroupId":"contoso","attestation":{"type":"x509"},)"
        R"("capabilities":{"iotEdge":false},"etag":"IjAwIg==","provisioningStatus":"enabled",)"
        R"("reprovisionPolicy":{"updateHubAssignment":true,"migrateDeviceData":true},)"
        R"("createdDateTimeUtc":"2022-07-05T21:27:16.8123235Z",)"
        R"("lastUpdatedDateTimeUtc":"2022-07-15T21:02:29.5922255Z","allocationPolicy":"custom",)"
        R"("iotHubs":["tops.example.net","heat.example.net"],"customAllocationDefinition":)"
        R"({"webhookUrl":"https://f.example.net/api/A?****","apiVersion":"2021-10-01"}},)"
        R"("deviceRuntimeContext":{"registrationId":"breakroom499-contoso-tstrsd-007",)"
        R"("currentIotHubHostName":"toasters.example.net","currentDeviceId":"Breakroom",)"
        R"("symmetricKey":{},"payload":{"modelId":"dtmi:example:toaster;1"}},)"
        R"("linkedHubs":["tops.example.net","heat.example.net"]})");
}

TEST(FunctionRequest, LeavesOutWhatIsNotKnown) {
    const Question question = with_key(std::nullopt);
    FunctionRequestFacts facts = facts_of(question);
    facts.current.reset();
    facts.enrollment_member = "individualEnrollment";
    facts.enrollment = {{"registrationId", "a"},
                        {"attestation", JsonObject{{"type", "symmetricKey"}}},
                        {"registrationState", JsonObject{{"status", "assigned"}}}};
    facts.candidates.clear();
    EXPECT_EQ(to_text(function_request(facts)),
              R"({"individualEnrollment":{"registrationId":"a",)"
              R"("attestation":{"type":"symmetricKey"}},"deviceRuntimeContext":)"
              R"({"registrationId":"breakroom499-contoso-tstrsd-007","symmetricKey":{}},)"
              R"("linkedHubs":[]})");
}

TEST(FunctionRequest, CarriesThePayloadAsItWasSent) {
    for (const Json& payload : {Json("{\"model\":\"text of a Java device\"}"), Json(5), Json(true),
                                Json(JsonArray{1, 2}), Json(nullptr)}) {
        const Question question = with_key(payload);
        const JsonObject body = function_request(facts_of(question));
        EXPECT_EQ(body.at("deviceRuntimeContext").at("payload"), payload);
    }
}

TEST(FunctionRequest, TellsWhatTheCertificateSays) {
    Question question = with_key(std::nullopt);
    question.attestation = {{"x509", JsonObject{{"certificateInfo", JsonObject()}}}};
    const JsonObject body = function_request(facts_of(question));
    const JsonObject& context = body.at("deviceRuntimeContext").as_object();
    EXPECT_FALSE(context.contains("symmetricKey"));
    EXPECT_EQ(to_text(context.at("x509")), R"({"certificateInfo":{}})");
}

TEST(FunctionRequest, HoldsNoSecret) {
    const Question question = with_key(std::nullopt);
    FunctionRequestFacts facts = facts_of(question);
    facts.enrollment["attestation"] = JsonObject{
        {"type", "symmetricKey"}, {"symmetricKey", JsonObject{{"primaryKey", "SeCrEt"}}}};
    const std::string text = to_text(function_request(facts));
    EXPECT_EQ(text.find("SeCrEt"), std::string::npos);
    EXPECT_EQ(text.find("S2V5"), std::string::npos);
}

} // namespace
} // namespace muster::provisioning
