#include "base/encoding.h"
#include "base/random.h"
#include "crypto/keys.h"
#include "crypto/sas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace muster::crypto {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const Secret& key() {
    static const Secret known = *decode_key("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    return known;
}

SasToken token_for(std::string_view resource_raw) {
    const std::string signature = percent_encode(base64_encode(std::string(32, 's')));
    return parse_sas("SharedAccessSignature sr=" + std::string(resource_raw) + "&sig=" + signature +
                     "&se=1900000000")
        .value();
}

struct Vector {
    std::string_view sr, signature, se;
};

// Every vector of dps-device A.2, dps-service 1.5 and iothub A.4.1.
// DPS-DEVICE-58, DPS-SERVICE-9: signed is sr as received.
constexpr Vector vectors[] = {
    {"0ne00TEST01/registrations/dev-1",
     "lIsnlXipK2IQFxsNQs3I0GAktC/QyKg+uNeyVIhNXCk=", "1700000000"},
    {"0ne00TEST01%2Fregistrations%2Fdev-1",
     "kX69FIQZf6sNZT2PThROLhNJLTJP5Qt0XRIXxDxpK1E=", "1700000000"},
    {"0ne00TEST01%2fregistrations%2fdev-1",
     "GT3tBEttOx7CUyLyR3ShuxLNViv/b7KG/E0cuAIzfXY=", "1700000000"},
    {"mydps.example.net", "xQ7fhAwsSikUfcFMV+N3eLSAIb10NKLdeN3tbgVaKII=", "1893456000"},
    {"mydps.example.net%3A8443", "Re1HcIaKUQL4kaJ60Jb56TRZ7SYPsfsxCJlSk/GOdaw=", "1893456000"},
    {"mydps.example.net%3a8443", "KHbWartrBZNwCOoGYkUjJH6bUzoS+JQLVWWdaeF9TDA=", "1893456000"},
    {"https%3A%2F%2Fmydps.example.net",
     "9R2yOsLsnOeqp78VP3p3wUIg9ml0+7w1PT60C3FWtdg=", "1893456000"},
    {"hub1.example.org%2Fdevices%2Fdev-01",
     "TkDPoTxKZA0IFn5r/bU4NT3OQnvpaFQEt10V0zVA+q4=", "1900000000"},
    {"hub1.example.org%2fdevices%2fdev-01",
     "FpfDoLIlRZ3WQGvKypNKXZehxZh9ydgi0HoDwnL73HU=", "1900000000"},
    {"hub1.example.org/devices/dev-01",
     "Mqk3OC2Y0KGszO2i3JHA+dqVnBXDukCms6hQtMuzsrY=", "1900000000"},
    {"hub1.example.org", "rfiXXh1wSf+DmKotvuKAjMhAJtHEGSKvnnaHa2uqgis=", "1900000000"},
};

TEST(SasSignature, VerifiesEveryKnownVector) {
    for (const Vector& vector : vectors) {
        const auto token =
            parse_sas("SharedAccessSignature sr=" + std::string(vector.sr) +
                      "&sig=" + percent_encode(vector.signature) + "&se=" + std::string(vector.se));
        ASSERT_TRUE(token.has_value()) << vector.sr << token.error().detail;
        EXPECT_TRUE(signed_by(*token, key())) << vector.sr;
        EXPECT_FALSE(signed_by(*token, Secret("0123456789abcdef0123456789abcdeF")));
        EXPECT_FALSE(signed_by(*token, Secret()));
    }
}

// dps-device A.2 and iothub A.4.1: tokens of real SDK runs, each with its own habits.
TEST(SasSignature, VerifiesTokensAsRealClientsSendThem) {
    for (const std::string_view text :
         {"SharedAccessSignature sr=0ne00TEST01/registrations/dev-1&sig=wDxtCnJBi9tf%2B%2FHsKVeO4"
          "QWonwYWqEijEN8aeKnxT7M%3D&skn=registration&se=1795224122",
          "SharedAccessSignature sr=0ne00TEST01%2fregistrations%2fdev-1&sig=i1OgbUdrc2fNS4tcAigKF4"
          "327w%2fS9IIm6Fnn6xgSSkw%3d&se=1795223251&skn=registration",
          "SharedAccessSignature sr=0ne00TEST01%2Fregistrations%2Fdev-1&sig=nn2aB7q1LFcG1OjwM2iaeM"
          "zdZEojNOETDSxUMNAoMbY%3D&se=1795224537"}) {
        const auto token = parse_sas(text);
        ASSERT_TRUE(token.has_value()) << text;
        EXPECT_TRUE(signed_by(*token, key())) << text;
        EXPECT_EQ(token->resource(), "0ne00TEST01/registrations/dev-1");
        EXPECT_TRUE(covers(*token, "0ne00TEST01/registrations/dev-1"));
    }
}

TEST(SasSignature, DoesNotCoverAnotherSpelling) {
    auto token = *parse_sas(make_sas("hub/devices/d", key(), from_unix_seconds(1900000000)));
    ASSERT_TRUE(signed_by(token, key()));
    token.resource_raw = "hub/devices/d";
    EXPECT_FALSE(signed_by(token, key()));
    token = *parse_sas(make_sas("hub/devices/d", key(), from_unix_seconds(1900000000)));
    token.expiry_raw = "01900000000";
    EXPECT_FALSE(signed_by(token, key()));
}

// DPS-SERVICE-10, IOTHUB-4: escapes of either case; a '+' and a '/' left as they are.
TEST(SasParsing, ReadsTheSignatureInEveryEncoding) {
    for (const std::string_view sig : {"TkDPoTxKZA0IFn5r%2FbU4NT3OQnvpaFQEt10V0zVA%2Bq4%3D",
                                       "TkDPoTxKZA0IFn5r%2fbU4NT3OQnvpaFQEt10V0zVA%2bq4%3d",
                                       "TkDPoTxKZA0IFn5r/bU4NT3OQnvpaFQEt10V0zVA+q4="}) {
        const auto token = parse_sas("SharedAccessSignature sr=hub1.example.org%2Fdevices%2Fdev-01"
                                     "&sig=" +
                                     std::string(sig) + "&se=1900000000");
        ASSERT_TRUE(token.has_value()) << sig;
        EXPECT_TRUE(signed_by(*token, key())) << sig;
    }
}

// DPS-DEVICE-58 (any order), DPS-DEVICE-59 (skn absent, empty, given).
TEST(SasParsing, TakesFieldsInAnyOrder) {
    const std::string sig = "sig=" + percent_encode(base64_encode(std::string(32, 's')));
    const auto absent = parse_sas("sharedaccesssignature  se=17&" + sig + "&sr=a%2Fb");
    ASSERT_TRUE(absent.has_value()) << absent.error().detail;
    EXPECT_EQ(absent->resource_raw, "a%2Fb");
    EXPECT_EQ(absent->resource(), "a/b");
    EXPECT_EQ(absent->expiry_unix_seconds, 17);
    EXPECT_EQ(absent->expiry_raw, "17");
    EXPECT_EQ(absent->signature, std::string(32, 's'));
    EXPECT_EQ(absent->policy_raw, "");
    const auto empty = parse_sas(" SharedAccessSignature " + sig + "&se=17&skn=&sr=a ");
    ASSERT_TRUE(empty.has_value());
    EXPECT_EQ(empty->policy(), "");
    const auto given =
        parse_sas("SharedAccessSignature skn=my%20policy&sr=a&other=1&" + sig + "&se=17");
    ASSERT_TRUE(given.has_value());
    EXPECT_EQ(given->policy(), "my policy");
    const auto raw = parse_sas("SharedAccessSignature skn=100%&sr=a&" + sig + "&se=17");
    ASSERT_TRUE(raw.has_value());
    EXPECT_EQ(raw->policy(), "100%");
}

TEST(SasParsing, RefusesWhatIsUnusable) {
    const std::string sig = "sig=" + base64_encode(std::string(32, 's'));
    const std::string good = "SharedAccessSignature sr=a&" + sig + "&se=17";
    ASSERT_TRUE(parse_sas(good).has_value());
    const std::vector<std::string> refused = {
        "",
        "SharedAccessSignature",
        "SharedAccessSignature ",
        good.substr(22),
        "Bearer sr=a&" + sig + "&se=17",
        "SharedAccessSignaturesr=a&" + sig + "&se=17",
        good + "&se=17",
        good + "&sr=a",
        good + "&" + sig,
        good + "&skn=a&skn=a",
        good + "&",
        good + "&x",
        "SharedAccessSignature " + sig + "&se=17",
        "SharedAccessSignature sr=a&se=17",
        "SharedAccessSignature sr=a&" + sig,
        "SharedAccessSignature sr=&" + sig + "&se=17",
        "SharedAccessSignature sr=%zz&" + sig + "&se=17",
        "SharedAccessSignature sr=a&sig=&se=17",
        "SharedAccessSignature sr=a&sig=%&se=17",
        "SharedAccessSignature sr=a&sig=*&se=17",
        "SharedAccessSignature sr=a&sig=" + base64_encode(std::string(31, 's')) + "&se=17",
        "SharedAccessSignature sr=a&sig=" + base64_encode(std::string(33, 's')) + "&se=17",
        "SharedAccessSignature sr=a&" + sig + "&se=",
        "SharedAccessSignature sr=a&" + sig + "&se=-1",
        "SharedAccessSignature sr=a&" + sig + "&se=1e9",
        "SharedAccessSignature sr=a&" + sig + "&se=9223372036854775808",
        "SharedAccessSignature SR=a&" + sig + "&se=17",
        good + "&x=" + std::string(4096, 'x')};
    for (const std::string& text : refused) {
        const auto token = parse_sas(text);
        ASSERT_FALSE(token.has_value()) << text;
        EXPECT_EQ(token.error().code, Code::unauthenticated);
    }
}

TEST(SasParsing, DoesNotEchoTheToken) {
    const auto token = parse_sas("SharedAccessSignature sr=a&sig=topsecret&se=17");
    ASSERT_FALSE(token.has_value());
    EXPECT_THAT(token.error().detail + token.error().cause, Not(HasSubstr("topsecret")));
}

TEST(SasExpiry, IsToleratedForFiveMinutes) {
    const auto token = *parse_sas(make_sas("a", key(), from_unix_seconds(1900000000)));
    const WallTime expiry = from_unix_seconds(1900000000);
    EXPECT_TRUE(is_current(token, expiry - 24h));
    EXPECT_TRUE(is_current(token, expiry));
    EXPECT_TRUE(is_current(token, expiry + 5min));
    EXPECT_FALSE(is_current(token, expiry + 5min + 1us));
}

TEST(SasExpiry, MayBeAnyNumber) {
    const WallTime now = from_unix_seconds(1900000000);
    auto token = *parse_sas(make_sas("a", key(), now));
    token.expiry_unix_seconds = std::numeric_limits<long long>::max();
    EXPECT_TRUE(is_current(token, now));
    token.expiry_unix_seconds = 0;
    EXPECT_FALSE(is_current(token, now));
}

struct Cover {
    std::string_view sr, resource;
};

// dps-service 1.5 rule 5, iothub A.4.1 rule 6. DPS-SERVICE-9: every form of the audience.
TEST(SasResource, CoversItselfAndWhatIsBelow) {
    for (const auto& [sr, resource] :
         {Cover{"h", "h"},
          Cover{"h", "h/devices/d"},
          Cover{"h/devices", "h/devices/d"},
          Cover{"h/devices/d", "h/devices/d"},
          Cover{"h%2Fdevices%2Fd", "h/devices/d"},
          Cover{"h%2fdevices%2fd", "h/devices/d"},
          Cover{"h/devices/", "h/devices/d"},
          Cover{"H.Example.ORG", "h.example.org/x"},
          Cover{"h.example.org", "H.Example.ORG"},
          Cover{"https%3A%2F%2Fh", "h/x"},
          Cover{"HTTPS://h/", "h"},
          Cover{"http://h", "h"},
          Cover{"h%3A8443", "h/x"},
          Cover{"h:443", "h:8443"},
          Cover{"h", "https://h:443/x"},
          Cover{"%5B::1%5D:443", "[::1]/x"},
          Cover{"[::1]", "[::1]"},
          Cover{"h/devices/a%2Bb", "h/devices/a+b"},
          Cover{"h/devices/a+b", "h/devices/a+b"},
          Cover{"h%2Fdevices%2Fd%2Fapi-version%3D2016-11-14", "h/devices/d"}, // documentation
          Cover{"h%2Fdevices%2Fdev%252D1", "h/devices/dev-1"},                // C#: twice
          Cover{"h%2Fdevices%2Fa%2525b", "h/devices/a%25b"}}) {
        EXPECT_TRUE(covers(token_for(sr), resource)) << sr << " " << resource;
    }
}

TEST(SasResource, CoversNothingElse) {
    for (const auto& [sr, resource] : {Cover{"h/dev", "h/devices/d"},
                                       Cover{"h/devices/d", "h/devices/d2"},
                                       Cover{"h/devices/d2", "h/devices/d"},
                                       Cover{"h/devices/d", "h/devices"},
                                       Cover{"h/devices/d", "h"},
                                       Cover{"h/devices/D", "h/devices/d"},
                                       Cover{"h/Devices/d", "h/devices/d"},
                                       Cover{"other/devices/d", "h/devices/d"},
                                       Cover{"h.evil", "h"},
                                       Cover{"evil/h", "h"},
                                       Cover{"/", "h"},
                                       Cover{"https://", "h"},
                                       Cover{"h//devices", "h/devices"},
                                       Cover{"h/devices/../x", "h/x"},
                                       Cover{"h/devices/d/modules/m", "h/devices/d"},
                                       Cover{"ftp://h", "h"},
                                       Cover{"h:x", "h"},
                                       Cover{"%5B::1%5D", "[::2]"},
                                       Cover{"::1", ":"},
                                       Cover{"h%00/devices/d", "h/devices/d"},
                                       Cover{"h/devices/d%00", "h/devices/d"},
                                       Cover{"h/devices/d%20", "h/devices/d"},
                                       Cover{"h/devices/d.", "h/devices/d"},
                                       Cover{"h%252Fdevices%252Fd", "h/devices/d"},
                                       Cover{"h/devices/%252525", "h/devices/x"},
                                       Cover{"h/devices/a%25zz", "h/devices/a"}}) {
        EXPECT_FALSE(covers(token_for(sr), resource)) << sr << " " << resource;
    }
}

TEST(MakeSas, MakesWhatItsReaderAccepts) {
    const std::string text =
        make_sas("hub1.example.org/devices/dev-01", key(), from_unix_seconds(1900000000));
    EXPECT_EQ(text, "SharedAccessSignature sr=hub1.example.org%2Fdevices%2Fdev-01"
                    "&sig=TkDPoTxKZA0IFn5r%2FbU4NT3OQnvpaFQEt10V0zVA%2Bq4%3D&se=1900000000");
    const auto token =
        parse_sas(make_sas("h/a+b c", key(), from_unix_seconds(1900000000), "a policy&x=y"));
    ASSERT_TRUE(token.has_value());
    EXPECT_TRUE(signed_by(*token, key()));
    EXPECT_EQ(token->resource(), "h/a+b c");
    EXPECT_EQ(token->policy(), "a policy&x=y");
}

TEST(MakeSas, RoundTripsAnyResource) {
    SeededRandom random(1);
    for (std::size_t size = 1; size <= 100; ++size) {
        const std::string resource = random.bytes(size);
        const auto token = parse_sas(make_sas(resource, key(), from_unix_seconds(1)));
        ASSERT_TRUE(token.has_value());
        EXPECT_EQ(token->resource(), resource);
        EXPECT_TRUE(signed_by(*token, key()));
    }
}

} // namespace
} // namespace muster::crypto
