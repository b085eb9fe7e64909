#include "base/encoding.h"
#include "crypto/issuing.h"
#include "crypto/keys.h"
#include "crypto/sas.h"
#include "hub/authentication.h"
#include "hub/fixture.h"

namespace muster::hub {

namespace {

const HubName hub("hub1.example.org");
const Secret device_key(std::string("0123456789abcdef0123456789abcdef"));
const Secret other_key(std::string(32, 'q'));
const Secret policy_key(std::string(32, 'p'));
constexpr std::string_view resource = "hub1.example.org/devices/dev-01";
const WallTime later = noon() + std::chrono::hours(1);

std::vector<AccessPolicy> policies() {
    return {{.name = "device",
             .primary_key = policy_key,
             .secondary_key = Secret(),
             .rights = {Right::device_connect}},
            {.name = "service",
             .primary_key = other_key,
             .secondary_key = Secret(),
             .rights = {Right::service_connect, Right::registry_write}}};
}

Device sas_device() {
    Device device;
    device.id = DeviceId("dev-01");
    device.authentication.primary_key = device_key;
    return device;
}

Result<Proof> prove_with(const Device& device, std::string sas,
                         std::vector<std::string> certificates = {},
                         const std::vector<crypto::Certificate>& authorities = {}) {
    const std::vector<AccessPolicy> known = policies();
    return prove({hub, known, authorities}, device,
                 {.identity = device.identity(),
                  .sas = std::move(sas),
                  .certificates = std::move(certificates)},
                 noon());
}

/// A token whose sr is written exactly so.
std::string token_over(std::string_view raw_resource, const Secret& key,
                       std::string_view suffix = "") {
    const std::string expiry = std::to_string(unix_seconds(later));
    const std::string signature =
        base64_encode(crypto::hmac_sha256(key.reveal(), std::string(raw_resource) + "\n" + expiry));
    return "SharedAccessSignature sr=" + std::string(raw_resource) +
           "&sig=" + percent_encode(signature) + "&se=" + expiry + std::string(suffix);
}

crypto::Certificate certificate(WallTime not_before, WallTime not_after) {
    SystemRandom random;
    const auto issued = crypto::issue({.common_name = "dev-01",
                                       .purpose = crypto::Purpose::client,
                                       .dns_names = {},
                                       .ip_addresses = {},
                                       .not_before = not_before,
                                       .not_after = not_after,
                                       .path_length = std::nullopt},
                                      nullptr, random);
    EXPECT_TRUE(issued.has_value());
    return issued->certificate;
}

crypto::Certificate valid_certificate() {
    return certificate(noon() - std::chrono::hours(1), later);
}

Device thumbprint_device(std::string primary, std::string secondary = "") {
    Device device;
    device.id = DeviceId("dev-01");
    device.authentication.type = AuthenticationType::self_signed;
    device.authentication.primary_thumbprint = std::move(primary);
    device.authentication.secondary_thumbprint = std::move(secondary);
    return device;
}

} // namespace

// IOTHUB-4: every way of writing sr that a client has.
TEST(ProveByToken, AcceptsEveryEncodingOfTheResource) {
    for (const std::string_view raw :
         {"hub1.example.org%2Fdevices%2Fdev-01", "hub1.example.org%2fdevices%2fdev-01",
          "hub1.example.org/devices/dev-01", "HUB1.example.org%2Fdevices%2Fdev-01",
          "hub1.example.org%2Fdevices", "hub1.example.org%3A8883%2Fdevices%2Fdev-01",
          "hub1.example.org%2Fdevices%2Fdev-01%2Fapi-version%3D2016-11-14"}) {
        const auto proof = prove_with(sas_device(), token_over(raw, device_key));
        EXPECT_TRUE(proof.has_value()) << raw << (proof ? "" : ": " + proof.error().cause);
    }
}

// IOTHUB-4: the id encoded by itself and then once more with the rest.
TEST(ProveByToken, AcceptsDoublyEncodedIds) {
    Device device = sas_device();
    device.id = DeviceId("dev@01");
    EXPECT_TRUE(
        prove_with(device, token_over("hub1.example.org%2Fdevices%2Fdev%2540%30%31", device_key)));
    EXPECT_TRUE(
        prove_with(device, token_over("hub1.example.org%2Fdevices%2Fdev%4001", device_key)));
}

TEST(ProveByToken, AcceptsTheSecondaryKey) {
    Device device = sas_device();
    device.authentication.secondary_key = other_key;
    EXPECT_TRUE(prove_with(device, crypto::make_sas(resource, other_key, later)));
}

// IOTHUB-5: valid until se + 5 min, and that is when the connection ends.
TEST(ProveByToken, EndsFiveMinutesAfterExpiry) {
    const auto proof = prove_with(sas_device(), crypto::make_sas(resource, device_key, later));
    ASSERT_TRUE(proof);
    EXPECT_EQ(proof->sas_expiry, later + std::chrono::minutes(5));
    EXPECT_EQ(proof->auth_method, R"({"scope":"device","type":"sas","issuer":"iothub",)"
                                  R"("acceptingIpFilterRule":null})");
    const auto expired = [](int seconds) {
        return prove_with(sas_device(), crypto::make_sas(resource, device_key,
                                                         noon() - std::chrono::seconds(seconds)));
    };
    EXPECT_TRUE(expired(300));
    EXPECT_FALSE(expired(301));
}

TEST(ProveByToken, SurvivesAnExpiryFarAway) {
    const std::string expiry = "9223372036854775807";
    const std::string raw = percent_encode(resource);
    const std::string signature =
        base64_encode(crypto::hmac_sha256(device_key.reveal(), raw + "\n" + expiry));
    const auto proof = prove_with(sas_device(), "SharedAccessSignature sr=" + raw + "&sig=" +
                                                    percent_encode(signature) + "&se=" + expiry);
    ASSERT_TRUE(proof);
    EXPECT_GT(*proof->sas_expiry, later);
}

TEST(ProveByToken, PolicyActsOnBehalfOfDevices) {
    for (const std::string_view scope :
         {"hub1.example.org/devices/dev-01", "hub1.example.org/devices", "hub1.example.org"}) {
        const auto proof =
            prove_with(sas_device(), crypto::make_sas(scope, policy_key, later, "device"));
        ASSERT_TRUE(proof) << scope;
        EXPECT_NE(proof->auth_method.find(R"("scope":"hub")"), std::string::npos);
    }
    EXPECT_TRUE(prove_with(thumbprint_device(std::string(40, 'A')),
                           crypto::make_sas(resource, policy_key, later, "device")));
}

// IOTHUB-2, and the SAS row of the attack classes: nothing else gets in.
TEST(ProveByToken, RefusesTheNegativeCorpus) {
    const std::string good = crypto::make_sas(resource, device_key, later);
    const std::string cases[] = {
        "",
        "secret",
        "SharedAccessSignature ",
        std::string(64 * 1024, 'x'),
        good.substr(0, good.find("&se=")),
        good + "&se=1999999999",
        good + "&sr=" + percent_encode(resource),
        "SharedAccessSignature sr=x&sig=!!!&se=1900000000",
        crypto::make_sas(resource, other_key, later), // wrong key
        crypto::make_sas(resource, Secret(), later),  // the unset secondary key
        crypto::make_sas("hub1.example.org/devices/dev-02", device_key, later),
        crypto::make_sas("hub1.example.org/devices/dev-0", device_key, later), // not a segment
        crypto::make_sas("hub1.example.org/devices/DEV-01", device_key, later),
        crypto::make_sas("hub1.example.org/devices/dev-01/modules/m", device_key, later),
        crypto::make_sas("hub2.example.org/devices/dev-01", device_key, later),
        crypto::make_sas("0ne00000001/registrations/dev-01", device_key, later),
        crypto::make_sas(resource, device_key, noon() - std::chrono::hours(1)),
        crypto::make_sas(resource, device_key, later, "device"), // skn swapped in
        crypto::make_sas(resource, policy_key, later),           // and left out
        crypto::make_sas(resource, policy_key, later, "service"),
        crypto::make_sas(resource, policy_key, later, "nobody"),
        crypto::make_sas(resource, Secret(), later, "device"),
        crypto::make_sas(resource, other_key, later, "service"), // lacks DeviceConnect
        crypto::make_sas("hub1.example.org/devices/dev-02", policy_key, later, "device"),
    };
    for (const std::string& sas : cases) {
        const auto proof = prove_with(sas_device(), sas);
        ASSERT_FALSE(proof) << sas;
        EXPECT_EQ(proof.error().code, Code::unauthenticated) << sas;
        EXPECT_EQ(proof.error().detail, "the device is not authenticated") << sas;
        EXPECT_NE(proof.error().cause, "") << sas;
    }
}

TEST(ProveByToken, RefusesGroupKeysForDerivedOnes) {
    Device device = sas_device();
    const Secret group_key(std::string(32, 'g'));
    device.authentication.primary_key = crypto::derive_device_key(group_key, "dev-01");
    EXPECT_FALSE(prove_with(device, crypto::make_sas(resource, group_key, later)));
    EXPECT_TRUE(
        prove_with(device, crypto::make_sas(resource, device.authentication.primary_key, later)));
}

TEST(ProveByToken, EveryFlippedCharacterCounts) {
    const std::string good = crypto::make_sas(resource, device_key, later);
    const std::size_t first = good.find("sig=") + 4;
    const std::size_t last = good.find("&", first);
    for (std::size_t at = first; at < last; ++at) {
        std::string bad = good;
        bad[at] = bad[at] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(prove_with(sas_device(), bad)) << at;
    }
}

TEST(Prove, RefusesDisabledDevicesAndTypesWithoutCredentials) {
    Device device = sas_device();
    device.status = DeviceStatus::disabled;
    const std::string good = crypto::make_sas(resource, device_key, later);
    EXPECT_FALSE(prove_with(device, good));
    EXPECT_FALSE(prove_with(device, crypto::make_sas(resource, policy_key, later, "device")));

    device = sas_device();
    for (const auto type : {AuthenticationType::none, AuthenticationType::certificate_authority,
                            AuthenticationType::self_signed}) {
        device.authentication.type = type; // the key that is still there must not count
        EXPECT_FALSE(prove_with(device, good));
        EXPECT_FALSE(prove_with(device, ""));
    }
}

TEST(ProveByCertificate, TakesEitherHashInEitherCase) {
    const auto leaf = valid_certificate();
    for (const std::string& thumbprint :
         {leaf.sha1_thumbprint(), leaf.sha256_thumbprint(), to_lower(leaf.sha1_thumbprint()),
          to_lower(leaf.sha256_thumbprint())}) {
        for (const Device& device :
             {thumbprint_device(thumbprint), thumbprint_device(std::string(40, 'A'), thumbprint)}) {
            const auto proof = prove_with(device, "", {leaf.der()});
            ASSERT_TRUE(proof) << thumbprint;
            EXPECT_FALSE(proof->sas_expiry);
            EXPECT_NE(proof->auth_method.find("x509Certificate"), std::string::npos);
        }
    }
}

TEST(ProveByCertificate, RefusesOthers) {
    const auto leaf = valid_certificate();
    const Device device = thumbprint_device(leaf.sha256_thumbprint());
    EXPECT_FALSE(prove_with(device, "", {}));
    EXPECT_FALSE(prove_with(device, "", {valid_certificate().der()})); // same name, other key
    EXPECT_FALSE(prove_with(device, "", {valid_certificate().der(), leaf.der()})) << "leaf only";
    EXPECT_FALSE(prove_with(device, "", {"not a certificate"}));
    EXPECT_FALSE(prove_with(thumbprint_device(""), "", {leaf.der()}));
    EXPECT_FALSE(prove_with(sas_device(), "", {leaf.der()}));
    Device by_authority = device;
    by_authority.authentication.type = AuthenticationType::certificate_authority;
    EXPECT_FALSE(prove_with(by_authority, "", {leaf.der()}));
}

TEST(ProveByCertificate, RefusesOutsideItsValidity) {
    const auto hour = std::chrono::hours(1);
    const auto expired = certificate(noon() - 2 * hour, noon() - hour);
    const auto early = certificate(noon() + hour, noon() + 2 * hour);
    for (const auto& leaf : {expired, early}) {
        const auto proof = prove_with(thumbprint_device(leaf.sha1_thumbprint()), "", {leaf.der()});
        EXPECT_EQ(code_of(proof), Code::unauthenticated);
    }
}

// ---- by certificate authority (iothub A.4.2) ----

namespace {

/// A root, an intermediate under it, and what they issue.
struct Authorities {
    static crypto::Identity make(crypto::Purpose purpose, const std::string& name,
                                 const crypto::Identity* issuer, WallTime until = later) {
        SystemRandom random;
        auto made = crypto::issue({.common_name = name,
                                   .purpose = purpose,
                                   .dns_names = {},
                                   .ip_addresses = {},
                                   .not_before = noon() - std::chrono::hours(2),
                                   .not_after = until,
                                   .path_length = std::nullopt},
                                  issuer, random);
        EXPECT_TRUE(made.has_value());
        return *made;
    }

    [[nodiscard]] std::vector<std::string> chain_of(const std::string& name,
                                                    WallTime until = later) const {
        return {make(crypto::Purpose::client, name, &intermediate, until).certificate.der(),
                intermediate.certificate.der()};
    }

    crypto::Identity root = make(crypto::Purpose::certificate_authority, "root", nullptr);
    crypto::Identity intermediate =
        make(crypto::Purpose::certificate_authority, "intermediate", &root);
};

Device authority_device(std::string_view id = "dev-01") {
    Device device;
    device.id = DeviceId(std::string(id));
    device.authentication.type = AuthenticationType::certificate_authority;
    return device;
}

} // namespace

TEST(ProveByAuthority, FollowsTheChainThatWasShown) {
    const Authorities made;
    const auto stranger =
        Authorities::make(crypto::Purpose::certificate_authority, "else", nullptr);
    const std::vector known{stranger.certificate, made.root.certificate};
    const auto proof = prove_with(authority_device(), "", made.chain_of("dev-01"), known);
    ASSERT_TRUE(proof) << proof.error().cause;
    EXPECT_FALSE(proof->sas_expiry);
    EXPECT_NE(proof->auth_method.find("x509Certificate"), std::string::npos);
    EXPECT_TRUE(prove_with(authority_device(), "", {made.chain_of("dev-01").front()},
                           {made.intermediate.certificate}));
    EXPECT_TRUE(prove_with(authority_device(), "junk", made.chain_of("dev-01"), known))
        << "the type decides";
}

TEST(ProveByAuthority, RefusesOthers) {
    const Authorities made;
    const std::vector known{made.root.certificate};
    const auto refused = [&](const std::vector<std::string>& chain) {
        return code_of(prove_with(authority_device(), "", chain, known)) == Code::unauthenticated;
    };
    EXPECT_TRUE(refused(made.chain_of("DEV-01"))) << "letter by letter";
    EXPECT_TRUE(refused(made.chain_of("dev-02")));
    EXPECT_TRUE(refused(made.chain_of("dev-01", noon() - std::chrono::hours(1)))) << "expired";
    EXPECT_TRUE(refused({made.chain_of("dev-01").front()})) << "no intermediate";
    EXPECT_TRUE(refused({valid_certificate().der()})) << "issued by itself";
    EXPECT_TRUE(refused({made.chain_of("dev-01").front(), "junk"}));
    EXPECT_TRUE(refused(std::vector(11, made.chain_of("dev-01").front())));
    EXPECT_FALSE(prove_with(authority_device(), "", made.chain_of("dev-01"), {}));
    const auto posing =
        Authorities::make(crypto::Purpose::certificate_authority, "dev-01", nullptr);
    EXPECT_FALSE(
        prove_with(authority_device(), "", {posing.certificate.der()}, {posing.certificate}));
    const std::string good = crypto::make_sas(resource, device_key, later);
    EXPECT_FALSE(prove_with(authority_device(), good));
}

// ---- modules (iothub A.13) ----

TEST(ProveModule, ByItsOwnKeyOrThatOfAPolicy) {
    Device module = sas_device();
    module.module = ModuleId("cam");
    constexpr std::string_view own = "hub1.example.org/devices/dev-01/modules/cam";
    const auto proof = prove_with(module, crypto::make_sas(own, device_key, later));
    ASSERT_TRUE(proof) << proof.error().cause;
    EXPECT_NE(proof->auth_method.find(R"("scope":"module")"), std::string::npos);
    EXPECT_TRUE(prove_with(
        module, token_over("hub1.example.org%2fdevices%2fdev-01%2fmodules%2fcam", device_key)));
    EXPECT_TRUE(prove_with(module, crypto::make_sas(own, policy_key, later, "device")));
    EXPECT_FALSE(
        prove_with(module, crypto::make_sas("hub1.example.org/devices/dev-01/modules/other",
                                            device_key, later)));
    EXPECT_FALSE(prove_with(sas_device(), crypto::make_sas(own, device_key, later)))
        << "a module's token is none of its device";
}

TEST(ProveModule, ByCertificate) {
    const Authorities made;
    Device module = authority_device();
    module.module = ModuleId("cam");
    const std::vector known{made.root.certificate};
    EXPECT_TRUE(prove_with(module, "", made.chain_of("dev-01/cam"), known));
    EXPECT_FALSE(prove_with(module, "", made.chain_of("dev-01"), known));
    EXPECT_FALSE(prove_with(authority_device(), "", made.chain_of("dev-01/cam"), known));
    const auto leaf = valid_certificate();
    Device pinned = thumbprint_device(leaf.sha1_thumbprint());
    pinned.module = ModuleId("cam");
    EXPECT_TRUE(prove_with(pinned, "", {leaf.der()}));
}

// With both, the type of the identity decides (iothub A.4.2).
TEST(Prove, DecidesByTypeWhenBothAreShown) {
    const auto leaf = valid_certificate();
    const std::string good = crypto::make_sas(resource, device_key, later);
    EXPECT_TRUE(prove_with(sas_device(), good, {leaf.der()}));
    EXPECT_FALSE(prove_with(sas_device(), "junk", {leaf.der()}));
    EXPECT_TRUE(prove_with(thumbprint_device(leaf.sha1_thumbprint()), "junk", {leaf.der()}));
    EXPECT_FALSE(prove_with(thumbprint_device(std::string(40, 'A')), good, {leaf.der()}));
}

} // namespace muster::hub
