#include "provisioning/allocating/shown_proof.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

// dps-device 7.1
TEST(ShownProof, OfAKeyNothingButItsKind) {
    EXPECT_EQ(
        to_text(proof_for_function({{"symmetricKey", JsonObject{{"enrollmentGroupId", "g"}}}}, "")),
        R"({"symmetricKey":{}})");
    EXPECT_EQ(proof_for_function({}, ""), JsonObject());
}

TEST(ShownProof, OfACertificateWhatItSays) {
    const auto ca = make_ca("Contoso CA");
    const crypto::Certificate leaf = make_leaf("pump-7", &ca).certificate;
    const JsonObject shown = proof_for_function({{"x509", JsonObject()}}, leaf.der());
    const Json& info = shown.at("x509").at("certificateInfo");
    EXPECT_EQ(info.at("subjectName"), "CN=pump-7");
    EXPECT_EQ(info.at("issuerName"), "CN=Contoso CA");
    EXPECT_EQ(info.at("sha256Thumbprint"), Json(leaf.sha256_thumbprint()));
}

TEST(ShownProof, OfACertificateThatIsNotThereNothing) {
    EXPECT_EQ(to_text(proof_for_function({{"x509", JsonObject()}}, "")), R"({"x509":{}})");
    EXPECT_EQ(to_text(proof_for_function({{"x509", JsonObject()}}, "no DER")), R"({"x509":{}})");
}

} // namespace
} // namespace muster::provisioning
