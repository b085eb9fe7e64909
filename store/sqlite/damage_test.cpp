// Rows that cannot be read any more.

#include "store/sqlite/connection.h"
#include "store/suite.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::store::sqlite {
namespace {

class DamageTest : public testing::Test {
  protected:
    DamageTest() {
        for (const auto* id : {"a", "b", "c", "d"}) {
            auto made = record(id);
            made.chores.push_back({.place = {.hub = hub_2, .device_id = DeviceId(id)}});
            EXPECT_TRUE(stores_->registrations().save(scope, made, provisioning::Expected{0}));
        }
    }

    void damage(std::string_view id) {
        const auto raw = Connection::open(file_, Access::writing);
        ASSERT_TRUE(raw);
        ASSERT_TRUE((*raw)->execute(
            fmt::format("UPDATE registration SET document = 'x' WHERE folded_id = '{}'", id)));
    }

    std::string unfinished(const std::string& after, std::size_t count_max) {
        return ids_of(stores_->registrations().unfinished(scope, after, count_max));
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "damaged.db";
    std::unique_ptr<Stores> stores_ =
        open_sqlite_stores({.file = file_, .readers = 2, .keys = sample_keys()}).value();
};

TEST_F(DamageTest, UnreadableRecordsDoNotHideTheOtherUnfinishedOnes) {
    damage("b");
    EXPECT_EQ(unfinished("", 10), "a c d");
    EXPECT_EQ(unfinished("", 2), "a c") << "a short page would be taken for the last one";
    EXPECT_EQ(unfinished("c", 2), "d");
    damage("a");
    EXPECT_EQ(unfinished("", 1), "c");
    damage("d");
    EXPECT_EQ(unfinished("c", 1), "");
    EXPECT_EQ(unfinished("", 4), "c");
}

TEST_F(DamageTest, UnreadableRecordsAreShownByNobody) {
    damage("b");
    const auto found = stores_->registrations().find(scope, RegistrationId("b"));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Code::internal);
    EXPECT_FALSE(stores_->registrations().all(scope, "", 10));
}

} // namespace
} // namespace muster::store::sqlite
