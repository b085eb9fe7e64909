#include "provisioning/error_catalogue_page.h"
#include "provisioning/findings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace muster::provisioning {
namespace {

std::filesystem::path page_path() {
    return std::filesystem::path(MUSTER_SOURCE_DIR) / "docs" / "errors.md";
}

std::string text_of(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(ErrorCatalogue, TheCheckedInPageIsTheTable) {
    if (std::getenv("MUSTER_WRITE_DOCS") != nullptr) {
        std::ofstream(page_path()) << error_catalogue_markdown();
    }
    EXPECT_EQ(text_of(page_path()), error_catalogue_markdown())
        << "the table has changed. To write docs/errors.md again:\n"
           "    MUSTER_WRITE_DOCS=1 provisioning_test --gtest_filter='ErrorCatalogue.*'";
}

TEST(ErrorCatalogue, EveryFindingIsUnderACodeThatDevicesSee) {
    const std::string page = error_catalogue_markdown();
    const std::string codes = page.substr(page.find("## Codes that devices see"));
    for (const CatalogueEntry& entry : finding_catalogue()) {
        EXPECT_NE(page.find("### " + std::string(entry.name) + "\n"), std::string::npos);
        EXPECT_NE(codes.find("`" + std::string(entry.name) + "`"), std::string::npos) << entry.name;
    }
}

} // namespace
} // namespace muster::provisioning
