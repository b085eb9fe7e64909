#include "provisioning/attestation/symmetric_key.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

const RegistrationId dev_1{"dev-1"};
const Secret vector_key{"0123456789abcdef0123456789abcdef"}; // dps-device A.2

Verdict<crypto::SasToken> read(std::string_view text, const RegistrationId& id = dev_1,
                               WallTime now = test_time) {
    return read_token({.text = text, .scope = test_scope, .id = id, .now = now});
}

Verdict<> verify(std::string_view text, WallTime now, const SymmetricKeys& keys) {
    const auto token = read(text, dev_1, now);
    return token ? verify_symmetric_key(*token, keys, dev_1) : std::unexpected(token.error());
}

Secret key_of(std::string_view base64) {
    return *crypto::decode_key(base64);
}

TEST(Token, RecordedOnesVerify) {
    // DPS-DEVICE-58, DPS-DEVICE-59: sr raw, %2F and %2f; skn set or absent; fields in any order
    for (const auto* text :
         {"SharedAccessSignature sr=0ne00TEST01/registrations/dev-1"
          "&sig=wDxtCnJBi9tf%2B%2FHsKVeO4QWonwYWqEijEN8aeKnxT7M%3D&skn=registration&se=1795224122",
          "SharedAccessSignature sr=0ne00TEST01%2fregistrations%2fdev-1"
          "&sig=i1OgbUdrc2fNS4tcAigKF4327w%2fS9IIm6Fnn6xgSSkw%3d&se=1795223251&skn=registration",
          "SharedAccessSignature sr=0ne00TEST01%2Fregistrations%2Fdev-1"
          "&sig=nn2aB7q1LFcG1OjwM2iaeMzdZEojNOETDSxUMNAoMbY%3D&se=1795224537",
          "SharedAccessSignature sr=0ne00TEST01%2Fregistrations%2Fdev-1"
          "&sig=nn2aB7q1LFcG1OjwM2iaeMzdZEojNOETDSxUMNAoMbY%3D&se=1795224537&skn="}) {
        EXPECT_TRUE(verify(text, from_unix_seconds(1'795'223'000),
                           {.primary = vector_key, .secondary = key_b}))
            << text;
    }
}

TEST(Token, EitherKeySigns) {
    // DPS-DEVICE-60
    EXPECT_TRUE(verify(token_for("dev-1", key_a), test_time, test_keys));
    EXPECT_TRUE(verify(token_for("dev-1", key_b), test_time, test_keys));
    EXPECT_FALSE(verify(token_for("dev-1", key_c), test_time, test_keys));
}

TEST(Token, AKeyThatIsNotThereSignsNothing) {
    EXPECT_FALSE(verify(token_for("dev-1", Secret()), test_time, {}));
    EXPECT_FALSE(
        verify(token_for("dev-1", Secret()), test_time, {.primary = key_a, .secondary = Secret()}));
}

TEST(Token, NamesItsRegistrationInAnyCaseAndItsScopeExactly) {
    // DPS-DEVICE-65
    EXPECT_TRUE(read(token_for("DEV-1", key_a)));
    EXPECT_TRUE(read(token_for("dev-1", key_a), RegistrationId("Dev-1")));
    const auto refused = [](std::string_view resource) {
        const auto token = read(crypto::make_sas(resource, key_a, test_time + 1h));
        return !token && token.error().code == FindingCode::token_for_another_resource;
    };
    EXPECT_TRUE(refused("0ne00TEST01/registrations/dev-2"));
    EXPECT_TRUE(refused("0ne00TEST02/registrations/dev-1"));
    EXPECT_TRUE(refused("0NE00TEST01/registrations/dev-1"));
    EXPECT_TRUE(refused("0ne00TEST01/registrations"));
    EXPECT_TRUE(refused("0ne00TEST01"));
    EXPECT_TRUE(refused("0ne00TEST01/registrations/dev-1/"));
    EXPECT_TRUE(refused("0ne00TEST01/registrations/dev-1/register"));
    EXPECT_TRUE(refused("0ne00TEST01/registrations/dev-10"));
    EXPECT_TRUE(refused("0ne00TEST01/devices/dev-1"));
    EXPECT_TRUE(refused("0ne00TEST01%2Fregistrations%2Fdev-1")) << "encoded twice";
    EXPECT_TRUE(refused("/0ne00TEST01/registrations/dev-1"));
}

TEST(Token, ExpiresWithAFewMinutesOfTolerance) {
    const std::string text = token_for("dev-1", key_a, test_time);
    EXPECT_TRUE(read(text, dev_1, test_time + 4min));
    const auto late = read(text, dev_1, test_time + 6min);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, FindingCode::token_expired);
    EXPECT_EQ(late.error().detail, "expired at 2030-01-01T00:00:00Z, now is 2030-01-01T00:06:00Z");
}

TEST(Token, FarExpiriesDoNotOverflow) {
    const std::string text = "SharedAccessSignature sr=0ne00TEST01%2Fregistrations%2Fdev-1&sig="
                             "nn2aB7q1LFcG1OjwM2iaeMzdZEojNOETDSxUMNAoMbY%3D&se=";
    EXPECT_TRUE(read(text + "9223372036854775807"));
    EXPECT_FALSE(read(text + "9223372036854775808"));
    EXPECT_FALSE(read(text + "0"));
}

TEST(Token, UnreadableOnesAreRefused) {
    for (const auto* text :
         {"", "SharedAccessSignature", "Bearer abc", "SharedAccessSignature sr=a&sig=b",
          "SharedAccessSignature sr=0ne00TEST01%2Fregistrations%2Fdev-1&sig=AAAA&se=1893459600"}) {
        const auto token = read(text);
        ASSERT_FALSE(token) << text;
        EXPECT_EQ(token.error().code, FindingCode::token_unreadable);
        EXPECT_FALSE(token.error().detail.empty());
    }
}

TEST(DerivedKeys, AreTheDocumentedOnes) {
    // DPS-DEVICE-60, dps-device A.1
    struct Row {
        std::string_view group_key, id, device_key;
    };

    for (const Row& row :
         {Row{"8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9E"
              "gw==",
              "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6",
              "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="},
          Row{"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "dev-1",
              "OMh199of2VbMZydm9WzziAMshZm/6i8BTTfCPw6adZM="}}) {
        const RegistrationId id{std::string(row.id)};
        const auto token = read(token_for(row.id, key_of(row.device_key)), id);
        ASSERT_TRUE(token);
        const auto keys =
            find_derived_keys(*token, {.primary = key_of(row.group_key), .secondary = key_b}, id);
        ASSERT_TRUE(keys);
        EXPECT_EQ(crypto::encode_key(keys->primary), row.device_key);
        EXPECT_EQ(keys->secondary, crypto::derive_device_key(key_b, row.id));
    }
}

TEST(DerivedKeys, SecondaryKeyAndLowerCaseSpellingCountToo) {
    const RegistrationId mixed("Dev-1");
    const auto verify_with = [&](const Secret& group_key, std::string_view spelling) {
        const auto token =
            read(token_for("Dev-1", crypto::derive_device_key(group_key, spelling)), mixed);
        return find_derived_keys(*token, test_keys, mixed);
    };
    EXPECT_TRUE(verify_with(key_a, "Dev-1"));
    EXPECT_TRUE(verify_with(key_b, "Dev-1"));
    const auto lower = verify_with(key_b, "dev-1");
    ASSERT_TRUE(lower);
    EXPECT_EQ(lower->primary, crypto::derive_device_key(key_a, "dev-1"))
        << "the hub gets the keys of the spelling the device uses";
    EXPECT_FALSE(verify_with(key_a, "DEV-1"));
    EXPECT_FALSE(verify_with(key_a, "dev-2"));
    EXPECT_FALSE(verify_with(key_c, "Dev-1"));
}

TEST(DerivedKeys, TheGroupKeyItselfIsNoDeviceKey) {
    const auto token = read(token_for("dev-1", key_a));
    ASSERT_TRUE(token);
    EXPECT_FALSE(find_derived_keys(*token, test_keys, dev_1));
}

// ---- the usual mistakes, named ----

Finding mistake(const Secret& key, const SymmetricKeys& keys = test_keys) {
    return verify_symmetric_key(*read(token_for("dev-1", key)), keys, dev_1).error();
}

Finding group_mistake(std::string_view token, const RegistrationId& id = dev_1) {
    const auto read_one = read(token, id);
    EXPECT_FALSE(find_derived_keys(*read_one, test_keys, id));
    return explain_mismatch(*read_one, test_keys, id);
}

TEST(Mistakes, WithAKeyOfOnesOwn) {
    const Finding stranger = mistake(key_c);
    EXPECT_EQ(stranger.code, FindingCode::key_mismatch);
    EXPECT_EQ(stranger.detail, "signed with neither the primary nor the secondary key");
    const Finding derived = mistake(crypto::derive_device_key(key_b, "dev-1"));
    EXPECT_EQ(derived.code, FindingCode::key_derived_needlessly);
    EXPECT_EQ(derived.detail, "signed with a key derived from the secondary key");
    const Finding text = mistake(Secret(crypto::encode_key(key_a)));
    EXPECT_EQ(text.code, FindingCode::key_not_decoded);
    EXPECT_EQ(text.detail, "signed with the base64 text of the primary key");
    const Finding empty = mistake(key_c, {.primary = key_a, .secondary = Secret()});
    EXPECT_EQ(empty.code, FindingCode::key_mismatch);
    EXPECT_TRUE(empty.detail.ends_with("; the secondary key is empty"));
}

TEST(Mistakes, WithAGroupsKey) {
    EXPECT_EQ(group_mistake(token_for("dev-1", key_c)).code, FindingCode::key_mismatch);
    const Finding whole = group_mistake(token_for("dev-1", key_b));
    EXPECT_EQ(whole.code, FindingCode::key_not_derived);
    EXPECT_EQ(whole.detail, "signed with the group's secondary key itself");
    const Secret device_key = crypto::derive_device_key(key_a, "dev-1");
    const Finding text = group_mistake(token_for("dev-1", Secret(crypto::encode_key(device_key))));
    EXPECT_EQ(text.code, FindingCode::key_not_decoded);
}

TEST(Mistakes, WithTheSpelling) {
    const Finding upper =
        group_mistake(token_for("dev-1", crypto::derive_device_key(key_a, "DEV-1")), dev_1);
    EXPECT_EQ(upper.code, FindingCode::key_of_other_spelling);
    EXPECT_EQ(upper.detail,
              "derived from the primary key for 'DEV-1', but the device registers as 'dev-1'");
    const Finding own = group_mistake(token_for("Dev-1", crypto::derive_device_key(key_b, "Dev-1")),
                                      RegistrationId("DEV-1"));
    EXPECT_EQ(own.code, FindingCode::key_of_other_spelling) << "the spelling of its token";
}

TEST(DerivedKeys, AGroupWithoutKeysVerifiesNothing) {
    const Secret from_nothing = crypto::derive_device_key(Secret(), "dev-1");
    for (const Secret& key : {from_nothing, Secret()}) {
        const auto token = read(token_for("dev-1", key));
        ASSERT_TRUE(token);
        EXPECT_FALSE(find_derived_keys(*token, {}, dev_1));
    }
}

} // namespace
} // namespace muster::provisioning
