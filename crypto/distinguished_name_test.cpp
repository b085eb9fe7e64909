#include "crypto/certificate_builder.h"
#include "crypto/distinguished_name.h"

#include <gtest/gtest.h>
#include <openssl/objects.h>

namespace muster::crypto {
namespace {

using namespace muster::crypto::testing;

Certificate with_subject(std::vector<Attribute> subject) {
    Description description = describe("unused");
    description.subject = std::move(subject);
    return make(description).certificate;
}

TEST(DistinguishedName, ShowsItsPartsInOrder) {
    const auto parts = subject_attributes(with_subject({{NID_organizationName, "Contoso"},
                                                        {NID_organizationalUnitName, "a"},
                                                        {NID_organizationalUnitName, "b"},
                                                        {NID_commonName, "Pümp"}}));
    ASSERT_EQ(parts.size(), 4U);
    EXPECT_EQ(parts[0].short_name, "O");
    EXPECT_EQ(parts[0].long_name, "organizationName");
    EXPECT_EQ(parts[0].identifier, "2.5.4.10");
    EXPECT_EQ(parts[0].value, "Contoso");
    EXPECT_EQ(parts[1].value + parts[2].value, "ab");
    EXPECT_EQ(parts[3].value, "Pümp");
}

TEST(DistinguishedName, APartIsCalledByAnyOfItsNames) {
    const auto part = subject_attributes(with_subject({{NID_commonName, "a"}})).at(0);
    for (const auto* name : {"CN", "cn", "commonName", "COMMONNAME", "2.5.4.3"}) {
        EXPECT_TRUE(part.is_called(name)) << name;
    }
    for (const auto* name : {"", "C", "CNN", "O", "2.5.4.30", "a"}) {
        EXPECT_FALSE(part.is_called(name)) << name;
    }
}

TEST(DistinguishedName, OneThatNobodyNamedHasItsIdentifierOnly) {
    static const int own = OBJ_create("1.3.6.1.4.1.99999.7", nullptr, nullptr);
    const auto part = subject_attributes(with_subject({{own, "a"}})).at(0);
    EXPECT_TRUE(part.is_called("1.3.6.1.4.1.99999.7"));
    EXPECT_FALSE(part.is_called(""));
}

TEST(DistinguishedName, LeavesOutWhatHoldsAZeroByte) {
    const auto parts = subject_attributes(
        with_subject({{NID_commonName, std::string("a\0b", 3)}, {NID_organizationName, "c"}}));
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts[0].value, "c");
}

TEST(DistinguishedName, TheIssuerIsAnother) {
    const Party root = make_root("root");
    const Certificate device = make_device("device", root).certificate;
    EXPECT_EQ(subject_attributes(device).at(0).value, "device");
    EXPECT_EQ(issuer_attributes(device).at(0).value, "root");
}

} // namespace
} // namespace muster::crypto
