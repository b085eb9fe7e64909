#include "provisioning/findings.h"
#include "provisioning/refusals.h"

#include <gtest/gtest.h>

#include <set>

namespace muster::provisioning {
namespace {

TEST(FindingCatalogue, HasEveryCodeOnceAndInOrder) {
    std::set<std::string_view> names;
    std::size_t index = 0;
    for (const CatalogueEntry& entry : finding_catalogue()) {
        EXPECT_EQ(static_cast<std::size_t>(entry.code), index++) << entry.name;
        EXPECT_EQ(&catalogue_entry(entry.code), &entry);
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    }
    EXPECT_EQ(index, static_cast<std::size_t>(FindingCode::internal_fault) + 1)
        << "internal_fault is the last one";
}

TEST(FindingCatalogue, SaysCauseAndRemedyInWholeSentences) {
    for (const CatalogueEntry& entry : finding_catalogue()) {
        EXPECT_TRUE(entry.cause.ends_with('.')) << entry.name;
        EXPECT_TRUE(entry.remedy.ends_with('.')) << entry.name;
        EXPECT_GE(entry.cause.size(), 40U) << entry.name;
        EXPECT_GE(entry.remedy.size(), 25U) << entry.name;
        EXPECT_GE(entry.device_error_code, 400000) << entry.name;
        EXPECT_LT(entry.device_error_code, 600000) << entry.name;
    }
}

TEST(FindingCatalogue, RefusesAsItSaysTheDeviceSees) {
    EXPECT_EQ(refusal_code(FindingCode::token_expired), Code::unauthenticated);
    EXPECT_EQ(refusal_code(FindingCode::certificate_expired), Code::attestation_failed);
    EXPECT_EQ(refusal_code(FindingCode::no_enrollment), Code::not_found);
    EXPECT_EQ(refusal_code(FindingCode::quota_reached), Code::quota_exceeded);
    EXPECT_EQ(refusal_code(FindingCode::attestation_unsupported), Code::unsupported);
    EXPECT_EQ(refusal_code(FindingCode::overloaded), Code::unavailable);
    EXPECT_EQ(refusal_code(FindingCode::internal_fault), Code::internal);
}

Considered considered_one(const std::string& id) {
    return {.kind = "enrollmentGroup",
            .id = id,
            .findings = {{.code = FindingCode::key_mismatch, .detail = "not this one"}}};
}

TEST(Explanations, AreBounded) {
    Explanation explanation;
    for (std::size_t i = 0; i < explanation_considered_max + 5; ++i) {
        add(explanation, considered_one("g" + std::to_string(i)));
    }
    EXPECT_EQ(explanation.considered.size(), explanation_considered_max);
    EXPECT_EQ(explanation.left_out, 5U);
    const JsonObject document = to_document(explanation);
    EXPECT_EQ(document.at("considered").as_array().size(), explanation_considered_max);
    EXPECT_EQ(document.at("leftOut"), Json(5U));
    EXPECT_TRUE(summary_of(explanation).ends_with("; 5 more enrollments"));
}

TEST(Explanations, AsADocumentCarryTheRemedy) {
    Explanation explanation;
    add(explanation, considered_one("g"));
    add(explanation, {.kind = "enrollment", .id = "dev-1", .findings = {}});
    explanation.findings.push_back({.code = FindingCode::no_hub, .detail = "gone: not linked"});
    const std::string_view mismatch = catalogue_entry(FindingCode::key_mismatch).remedy;
    const std::string_view no_hub = catalogue_entry(FindingCode::no_hub).remedy;
    const JsonObject expected{
        {"considered",
         JsonArray{JsonObject{{"kind", "enrollmentGroup"},
                              {"id", "g"},
                              {"findings", JsonArray{JsonObject{{"code", "key_mismatch"},
                                                                {"detail", "not this one"},
                                                                {"remedy", mismatch}}}}},
                   JsonObject{{"kind", "enrollment"}, {"id", "dev-1"}, {"findings", JsonArray()}}}},
        {"findings", JsonArray{JsonObject{
                         {"code", "no_hub"}, {"detail", "gone: not linked"}, {"remedy", no_hub}}}}};
    EXPECT_EQ(to_document(explanation), expected);
    EXPECT_EQ(summary_of(explanation), "group 'g': key_mismatch: not this one; "
                                       "enrollment 'dev-1': accepts the proof; "
                                       "no_hub: gone: not linked");
}

TEST(Explanations, AreCutInTheLog) {
    Explanation explanation;
    for (int i = 0; i < 40; ++i) {
        explanation.findings.push_back(
            {.code = FindingCode::no_hub, .detail = std::string(200, 'x')});
    }
    const std::string summary = summary_of(explanation);
    EXPECT_LT(summary.size(), 4200U);
    EXPECT_TRUE(summary.ends_with("; and more"));
}

TEST(InQuotes, IsPrintableAndBounded) {
    EXPECT_EQ(in_quotes("dev-1"), "'dev-1'");
    EXPECT_EQ(in_quotes("a\nb\x7F"), "'a?b?'");
    EXPECT_EQ(in_quotes("gr\xC3\xBC\xC3\x9F"), "'gr\xC3\xBC\xC3\x9F'");
    EXPECT_EQ(in_quotes("\xFF\xFE"), "'?"
                                     "?'");
    EXPECT_EQ(in_quotes(std::string(10'000, 'x')).size(), 256U + 5U);
}

} // namespace
} // namespace muster::provisioning
