// The rules themselves, and then the rules against the whole tree.

#include "tests/tidy/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace muster::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string listing(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) {
        text += finding.path + ":" + std::to_string(finding.line) + ": " + finding.what + "\n";
    }
    return text;
}

TEST(Layers, an_include_upwards_is_found) {
    const Source source = make_source("codec/x.cpp", "#include \"base/text.h\"\n"
                                                     "#include \"gateway/front.h\"\n");
    EXPECT_THAT(check_layers(source),
                ElementsAre(Finding{"codec/x.cpp", 2, "codec/ may not include gateway/front.h"}));
}

TEST(Layers, services_do_not_see_each_other) {
    EXPECT_THAT(check_layers(make_source("hub/x.h", "#include \"provisioning/ports.h\"\n")),
                SizeIs(1));
}

TEST(OutsideWorld, clocks_and_sockets_stay_where_they_belong) {
    EXPECT_THAT(check_outside_world(
                    make_source("hub/x.cpp", "auto t = std::chrono::steady_clock::now();\n")),
                SizeIs(1));
    EXPECT_THAT(check_outside_world(
                    make_source("base/x.cpp", "auto t = std::chrono::steady_clock::now();\n")),
                IsEmpty());
    EXPECT_THAT(check_outside_world(make_source("hub/x.cpp", "#include <openssl/evp.h>\n")),
                SizeIs(1));
}

TEST(Shape, long_files_long_lines_and_untyped_todos_are_found) {
    EXPECT_THAT(check_shape(make_source("hub/x.cpp", std::string(101, 'x'))), SizeIs(1));
    EXPECT_THAT(check_shape(make_source("hub/x.cpp", std::string(501, '\n'))), SizeIs(1));
    EXPECT_THAT(check_shape(make_source("hub/x.cpp", "// TODO: later\n")), SizeIs(1));
    EXPECT_THAT(check_shape(make_source("hub/x.cpp", "// TODO(perf): later\n")), IsEmpty());
    EXPECT_THAT(check_shape(make_source("hub/x.h", "int x;\n")), SizeIs(1));
    EXPECT_THAT(check_shape(make_source("hub/x.cpp", "class DeviceManager {};\n")), SizeIs(1));
}

TEST(Conformance, a_claim_without_a_test_is_found) {
    const std::string page = "| DPS-DEVICE-1 | yes |\n| DPS-DEVICE-2 | no |\n";
    EXPECT_THAT(check_conformance(page, {make_source("a_test.cpp", "// DPS-DEVICE-1\n")}),
                IsEmpty());
    EXPECT_THAT(check_conformance(page, {make_source("a_test.cpp", "// DPS-DEVICE-2\n")}),
                SizeIs(1));
    EXPECT_THAT(check_conformance(page, {make_source("a_test.cpp", "// DPS-DEVICE-1, IOTHUB-9\n")}),
                SizeIs(1));
}

class Tree : public ::testing::Test {
  protected:
    std::vector<Source> sources_ = read_sources(MUSTER_SOURCE_DIR);
};

TEST_F(Tree, is_there) {
    EXPECT_GT(sources_.size(), 100U);
}

TEST_F(Tree, keeps_its_layers) {
    for (const Source& source : sources_) {
        EXPECT_EQ(listing(check_layers(source)), "");
    }
}

TEST_F(Tree, touches_the_outside_world_only_where_it_may) {
    for (const Source& source : sources_) {
        EXPECT_EQ(listing(check_outside_world(source)), "");
    }
}

TEST_F(Tree, keeps_its_shape) {
    for (const Source& source : sources_) {
        EXPECT_EQ(listing(check_shape(source)), "");
    }
}

TEST_F(Tree, tests_every_conformance_number_it_claims) {
    std::ifstream file(std::string(MUSTER_SOURCE_DIR) + "/docs/conformance.md");
    ASSERT_TRUE(file.is_open());
    const std::string page((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    std::vector<Source> tests;
    std::copy_if(sources_.begin(), sources_.end(), std::back_inserter(tests),
                 [](const Source& source) {
                     return (source.path.find("_test.cpp") != std::string::npos ||
                             source.folder == "tests") &&
                            !source.path.starts_with("tests/tidy/");
                 });
    EXPECT_EQ(listing(check_conformance(page, tests)), "");
}

} // namespace
} // namespace muster::tidy
