#include "provisioning/allocating/definition_views.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

const JsonObject keyed{{"webhookUrl", "https://web.hook/a?code=SeCrEt"},
                       {"apiVersion", "2021-10-01"},
                       {"signingKey", "S2V5S2V5S2V5S2V5S2V5"}};

TEST(DefinitionViews, AnAddressShowsNeitherQueryNorUser) {
    EXPECT_EQ(masked_url("https://web.hook/a"), "https://web.hook/a");
    EXPECT_EQ(masked_url("https://web.hook/a?code=SeCrEt"), "https://web.hook/a?****");
    EXPECT_EQ(masked_url("https://web.hook/a?"), "https://web.hook/a?****");
    EXPECT_EQ(masked_url("https://web.hook/a#SeCrEt?b"), "https://web.hook/a#****");
    EXPECT_EQ(masked_url("https://me:SeCrEt@web.hook/a"), "https://****@web.hook/a");
    EXPECT_EQ(masked_url("https://a@b@web.hook?c"), "https://****@web.hook?****");
    EXPECT_EQ(masked_url("https://web.hook/@a"), "https://web.hook/@a");
    EXPECT_EQ(masked_url("SeCrEt@h"), "****@h");
    EXPECT_EQ(masked_url(""), "");
}

TEST(DefinitionViews, TheSigningKeyShowsWhereKeysDo) {
    for (const View view : {View::stored, View::written, View::exported_with_keys}) {
        EXPECT_EQ(shown_definition(keyed, view), keyed);
    }
    for (const View view : {View::read, View::exported}) {
        const JsonObject shown = shown_definition(keyed, view);
        EXPECT_FALSE(shown.contains("signingKey"));
        EXPECT_EQ(shown.at("webhookUrl"), keyed.at("webhookUrl")) << "as it was before";
    }
}

TEST(DefinitionViews, MaskedHoldsNoSecretAtAll) {
    EXPECT_EQ(to_text(masked_definition(keyed)),
              R"({"webhookUrl":"https://web.hook/a?****","apiVersion":"2021-10-01"})");
    EXPECT_EQ(masked_definition({{"webhookUrl", 5}}), (JsonObject{{"webhookUrl", 5}}));
}

TEST(DefinitionViews, AKeyThatIsLeftOpenIsTheStoredOne) {
    JsonObject wanted = shown_definition(keyed, View::read);
    EXPECT_EQ(complete_definition(wanted, keyed), keyed);
    wanted["signingKey"] = "****";
    EXPECT_EQ(complete_definition(wanted, keyed), keyed);
    wanted["signingKey"] = nullptr;
    EXPECT_EQ(complete_definition(wanted, keyed), keyed);
}

TEST(DefinitionViews, OrIsReplacedOrRemoved) {
    JsonObject wanted = keyed;
    wanted["signingKey"] = "YW5vdGhlcmFub3RoZXJh";
    EXPECT_EQ(complete_definition(wanted, keyed), wanted);
    wanted["signingKey"] = "";
    EXPECT_FALSE(complete_definition(wanted, keyed)->contains("signingKey"));
    EXPECT_FALSE(complete_definition(wanted, std::nullopt)->contains("signingKey"));
}

TEST(DefinitionViews, NothingIsKeptThatHasNothingToSign) {
    const JsonObject rule{{"rule", "otherwise hub(\"hub-1\")"}};
    EXPECT_EQ(complete_definition(rule, keyed), rule);
    EXPECT_EQ(complete_definition(std::nullopt, keyed), std::nullopt);
}

TEST(DefinitionViews, EverythingElseStaysAsItWasSent) {
    const JsonObject odd{{"b", 1}, {"apiVersion", nullptr}, {"a", JsonObject{{"c", 2.50}}}};
    EXPECT_EQ(to_text(*complete_definition(odd, keyed)), to_text(odd));
    EXPECT_EQ(to_text(*complete_definition(odd, std::nullopt)), to_text(odd));
    const JsonObject masked{{"webhookUrl", "https://h"}, {"signingKey", "****"}};
    EXPECT_EQ(complete_definition(masked, std::nullopt), masked) << "and is refused as no base64";
}

} // namespace
} // namespace muster::provisioning
