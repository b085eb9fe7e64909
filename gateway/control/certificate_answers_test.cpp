// CA certificates and the proof of possession through the control plane (reference: dps-service
// 10.4).

#include "base/encoding.h"
#include "crypto/issuing.h"
#include "gateway/control/world.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::gateway {
namespace {

using provisioning::AdminRole;

const std::string one = "/subscriptions/sub/resourceGroups/acme/providers/Microsoft.Devices/"
                        "provisioningServices/dps-1";
const std::string list = one + "/certificates";
const std::string root = list + "/root";

class ControlCertificates : public testing::Test {
  protected:
    ControlCertificates() { EXPECT_EQ(send("PUT", one, "{}").status, 201U); }

    ControlReply send(std::string method, std::string path, std::string body = {},
                      const std::string& if_match = {}) {
        ControlAsk ask{.method = std::move(method), .path = std::move(path)};
        ask.body = std::move(body);
        if (!if_match.empty()) {
            ask.headers.push_back({"If-Match", if_match});
        }
        return world.send(ask, owner);
    }

    crypto::Identity issue(const std::string& name, crypto::Purpose purpose,
                           const crypto::Identity* issuer = nullptr) {
        return crypto::issue({.common_name = name,
                              .purpose = purpose,
                              .dns_names = {},
                              .ip_addresses = {},
                              .not_before = world.clock.wall() - std::chrono::hours(1),
                              .not_after = world.clock.wall() + std::chrono::hours(1),
                              .path_length = {}},
                             issuer, world.random)
            .value();
    }

    /// As the command line sends it: base64 of the file, the file being PEM.
    static std::string body_of(const crypto::Certificate& certificate) {
        return R"({"certificate":")" + base64_encode(certificate.pem()) + R"("})";
    }

    ControlWorld world;
    std::string owner = world.bearer(AdminRole::owner);
    crypto::Identity ca = issue("TESTCERT000005", crypto::Purpose::certificate_authority);
};

TEST_F(ControlCertificates, TheRecordedUpload) {
    const auto made = send("PUT", root, body_of(ca.certificate));
    EXPECT_EQ(made.status, 200U);
    EXPECT_EQ(made.text("/id"), root);
    EXPECT_EQ(made.text("/name"), "root");
    EXPECT_EQ(made.text("/type"), "Microsoft.Devices/provisioningServices/Certificates");
    EXPECT_FALSE(made.text("/etag").empty());
    EXPECT_EQ(made.text("/properties/subject"), "TESTCERT000005");
    EXPECT_EQ(made.text("/properties/thumbprint"), ca.certificate.sha1_thumbprint());
    EXPECT_EQ(made.text("/properties/expiry"), "Sat, 21 Nov 2026 01:46:40 GMT");
    EXPECT_EQ(made.text("/properties/created"), "Sat, 21 Nov 2026 00:46:40 GMT");
    EXPECT_EQ(made.at("/properties/isVerified"), Json(false));
    EXPECT_EQ(made.body.find("verificationCode"), std::string::npos);
    EXPECT_NE(made.body.find(R"("certificate":null)"), std::string::npos);
}

TEST_F(ControlCertificates, EveryFormOfTheCertificateAndOfTheBodyWillDo) {
    const auto der = base64_encode(ca.certificate.der());
    const std::string pem = ca.certificate.pem();
    int count = 0;
    for (const auto& certificate : {Json(der), Json(pem), Json(base64_encode(pem))}) {
        for (const auto& body :
             {JsonObject{{"certificate", certificate}, {"isVerified", true}},
              JsonObject{{"properties", {{"certificate", certificate}, {"isVerified", true}}}}}) {
            const auto made = send("PUT", list + "/c" + std::to_string(++count), to_text(body));
            EXPECT_EQ(made.status, 200U) << made.body;
            EXPECT_EQ(made.at("/properties/isVerified"), Json(true));
        }
    }
    const auto read = send("GET", list + "/C1");
    EXPECT_EQ(read.text("/properties/certificate"), der);
    EXPECT_EQ(read.text("/name"), "c1");
    EXPECT_EQ(send("GET", list).at("/value").as_array().size(), 6U);
    EXPECT_EQ(send("GET", list).at("/value/0"), read.at(""));
}

TEST_F(ControlCertificates, TheProofOfPossession) {
    const auto made = send("PUT", root, body_of(ca.certificate));
    const auto coded = send("POST", root + "/generateVerificationCode", "", made.text("/etag"));
    EXPECT_EQ(coded.status, 200U);
    EXPECT_EQ(coded.text("/properties/certificate"), base64_encode(ca.certificate.der()));
    const auto code = coded.text("/properties/verificationCode");
    EXPECT_EQ(code.size(), 48U);
    EXPECT_EQ(code.find_first_not_of("0123456789ABCDEF"), std::string::npos);
    EXPECT_NE(coded.text("/etag"), made.text("/etag"));

    const auto proof = issue(code, crypto::Purpose::client, &ca);
    const auto verified =
        send("POST", root + "/verify", body_of(proof.certificate), coded.text("/etag"));
    EXPECT_EQ(verified.status, 200U) << verified.body;
    EXPECT_EQ(verified.at("/properties/isVerified"), Json(true));
    EXPECT_NE(verified.text("/etag"), coded.text("/etag"));

    const auto again = send("PUT", root, body_of(ca.certificate), verified.text("/etag"));
    EXPECT_EQ(again.at("/properties/isVerified"), Json(false)); // an upload resets it
}

TEST_F(ControlCertificates, AProofOfNothingVerifiesNothing) {
    send("PUT", root, body_of(ca.certificate));
    const auto code = send("POST", root + "/generateVerificationCode", "", "*")
                          .text("/properties/verificationCode");
    const auto stranger = issue("stranger", crypto::Purpose::certificate_authority);
    for (const auto& proof : {issue(code, crypto::Purpose::client, &stranger),
                              issue("another name", crypto::Purpose::client, &ca)}) {
        const auto refused = send("POST", root + "/verify", body_of(proof.certificate), "*");
        EXPECT_EQ(refused.status, 400U);
        EXPECT_EQ(refused.error(), "BadRequest");
    }
    EXPECT_EQ(send("GET", root).at("/properties/isVerified"), Json(false));
}

TEST_F(ControlCertificates, EveryChangeOfOneThatIsThereNamesItsVersion) {
    const auto body = body_of(ca.certificate);
    const auto etag = send("PUT", root, body).text("/etag");

    struct Case {
        std::string method;
        std::string path;
        std::string body;
    };

    const std::vector<Case> changes{{"PUT", root, body},
                                    {"POST", root + "/generateVerificationCode", ""},
                                    {"POST", root + "/verify", body},
                                    {"DELETE", root, ""}};
    for (const auto& [method, path, sent] : changes) {
        EXPECT_EQ(send(method, path, sent).status, 412U) << method << ' ' << path;
        EXPECT_EQ(send(method, path, sent, "AAAA").status, 412U) << method << ' ' << path;
    }
    EXPECT_EQ(send("GET", root).text("/etag"), etag);
    EXPECT_EQ(send("DELETE", root, "", '"' + etag + '"').status, 200U);
    EXPECT_EQ(send("GET", root).error(), "ResourceNotFound");
}

TEST_F(ControlCertificates, WhatIsNotThereIsNotFound) {
    EXPECT_EQ(send("GET", root).status, 404U);
    EXPECT_EQ(send("DELETE", root, "", "*").status, 404U);
    EXPECT_EQ(send("POST", root + "/generateVerificationCode", "", "*").status, 404U);
    EXPECT_EQ(send("POST", root + "/verify", body_of(ca.certificate), "*").status, 404U);
    EXPECT_EQ(send("PUT", one + "-x/certificates/root", body_of(ca.certificate)).status, 404U);
}

TEST_F(ControlCertificates, BadUploads) {
    for (const auto* body : {"", "{}", R"({"certificate":""})", R"({"certificate":7})",
                             R"({"certificate":"bm90IGEgY2VydGlmaWNhdGU="})",
                             R"({"properties":{"certificate":null}})"}) {
        EXPECT_EQ(send("PUT", root, body).status, 400U) << body;
    }
    EXPECT_EQ(send("PUT", list + "/a%2Fb", body_of(ca.certificate)).status, 400U);
    EXPECT_EQ(send("GET", list).body, R"({"value":[]})");
}

} // namespace
} // namespace muster::gateway
