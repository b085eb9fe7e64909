// What is in the files of a database, byte by byte.

#include "base/encoding.h"
#include "base/file.h"
#include "base/random.h"
#include "store/operator_suite.h"
#include "store/sqlite/connection.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace muster::store::sqlite {

namespace {

using provisioning::Expected;

// Long enough not to appear by chance.
constexpr std::string_view secret = "the-very-secret-key-of-32-bytes!";

provisioning::SymmetricKeys secret_keys() {
    return {Secret(std::string(secret)), Secret(std::string(secret))};
}

/// In every table that holds secrets.
void store_secrets(Stores& stores, std::string_view id) {
    auto enrollment = individual(id);
    enrollment.terms.attestation = provisioning::SymmetricKeyAttestation{secret_keys()};
    ASSERT_TRUE(stores.enrollments().save(scope, enrollment, Expected{0}));
    auto with_key = group(id);
    with_key.terms.attestation = provisioning::SymmetricKeyAttestation{secret_keys()};
    ASSERT_TRUE(stores.enrollments().save(scope, with_key, Expected{0}));

    auto planned = record(id);
    planned.status = provisioning::RegistrationStatus::assigning;
    provisioning::DeviceProvision provision;
    provision.device_id = DeviceId(std::string(id));
    provision.credential = provisioning::HubKeys{secret_keys()};
    planned.plan = provisioning::Plan{.kind = {}, .hub = hub_1, .provision = provision};
    ASSERT_TRUE(stores.registrations().save(scope, planned, Expected{0}));

    auto with_twin = device_with_twin(id);
    with_twin.device.authentication.primary_key = Secret(std::string(secret));
    ASSERT_TRUE(stores.devices().create(hub_1, with_twin));
}

provisioning::Instance instance_with_secrets() {
    provisioning::Instance made = instance(scope, "plant");
    made.policies.front().keys = secret_keys();
    made.hubs.front().connection_string = Secret(std::string(secret));
    return made;
}

class SealDatabaseTest : public testing::Test {
  protected:
    std::unique_ptr<Stores> open(std::shared_ptr<const crypto::KeyRing> keys) {
        auto opened = open_sqlite_stores({.file = file_, .readers = 2, .keys = std::move(keys)});
        EXPECT_TRUE(opened);
        return std::move(*opened);
    }

    void fill(std::shared_ptr<const crypto::KeyRing> keys, int count = 3) {
        const auto stores = open(std::move(keys));
        ASSERT_TRUE(stores->instances().save(instance_with_secrets(), Expected{0}));
        for (int number = 0; number < count; ++number) {
            store_secrets(*stores, fmt::format("dev-{}", number));
        }
    }

    /// Everything SQLite has on the disk.
    std::string bytes() {
        std::string all;
        for (const char* suffix : {"", "-wal", "-journal"}) {
            const auto part = read_file(file_.string() + suffix, std::size_t{1} << 30U);
            all += part.value_or("");
        }
        return all;
    }

    /// Raw, and in every textual form at every alignment.
    bool is_secret_visible() {
        const std::string all = bytes();
        std::vector<std::string> forms{std::string(secret), hex_encode_lower(secret),
                                       hex_encode_upper(secret)};
        for (std::size_t skipped = 0; skipped < 3; ++skipped) {
            // Without the characters that depend on what stands before and after.
            const std::string encoded = base64_encode(secret.substr(skipped));
            forms.push_back(encoded.substr(0, 24));
        }
        return std::ranges::any_of(
            forms, [&](const std::string& form) { return all.find(form) != std::string::npos; });
    }

    /// Every secret is read back as it was stored.
    void expect_secrets(std::shared_ptr<const crypto::KeyRing> keys, int count = 3) {
        const auto stores = open(std::move(keys));
        for (int number = 0; number < count; ++number) {
            const std::string id = fmt::format("dev-{}", number);
            const auto enrollment =
                stores->enrollments().find_individual(scope, RegistrationId(id));
            ASSERT_TRUE(enrollment && *enrollment) << id;
            const auto& attestation =
                std::get<provisioning::SymmetricKeyAttestation>((*enrollment)->terms.attestation);
            EXPECT_EQ(attestation.keys.primary.reveal(), secret);
            const auto device = stores->devices().find(hub_1, DeviceId(id));
            ASSERT_TRUE(device && *device) << id;
            EXPECT_EQ((*device)->device.authentication.primary_key.reveal(), secret);
            const auto record = stores->registrations().find(scope, RegistrationId(id));
            ASSERT_TRUE(record && *record && (*record)->plan) << id;
        }
        EXPECT_EQ(stores->enrollments().groups(scope)->size(), static_cast<std::size_t>(count));
        const auto instances = stores->instances().all();
        ASSERT_TRUE(instances);
        ASSERT_EQ(instances->size(), 1U);
        EXPECT_EQ(instances->front().policies.front().keys.primary.reveal(), secret);
    }

    std::int64_t integer(std::string_view query) {
        auto connection = Connection::open(file_, Access::reading);
        EXPECT_TRUE(connection);
        return (*connection)->query_integer(query).value_or(-1);
    }

    void spoil(std::string_view statement) {
        auto connection = Connection::open(file_, Access::writing);
        ASSERT_TRUE(connection);
        ASSERT_TRUE((*connection)->execute(statement));
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "muster.db";
    SeededRandom random_{11};
    std::shared_ptr<crypto::KeyRing> keys_ = std::make_shared<crypto::KeyRing>(random_);
};

} // namespace

TEST_F(SealDatabaseTest,
       WithoutKeysTheSecretsAreThereToBeSeen) { // or the other tests prove nothing
    fill(nullptr);
    EXPECT_TRUE(is_secret_visible());
}

TEST_F(SealDatabaseTest, NoSecretIsInTheFilesOfASealedDatabase) {
    fill(keys_);
    EXPECT_FALSE(is_secret_visible());
    expect_secrets(keys_);
    // While it is in use as well: the log holds the latest writes.
    const auto stores = open(keys_);
    store_secrets(*stores, "dev-in-the-log");
    EXPECT_GT(std::filesystem::file_size(file_.string() + "-wal"), 0U);
    EXPECT_FALSE(is_secret_visible());
}

TEST_F(SealDatabaseTest, ADatabaseOfBeforeIsReadAndSealedAsItIsWritten) {
    fill(nullptr);
    expect_secrets(keys_);
    const auto stores = open(keys_);
    auto changed = individual("dev-0", 2);
    ASSERT_TRUE(stores->enrollments().save(scope, changed, Expected{1}));
    EXPECT_EQ(integer("SELECT COUNT(*) FROM enrollment WHERE document LIKE 's1:%'"), 1);
}

TEST_F(SealDatabaseTest, SealingLeavesNoTraceOfTheSecrets) {
    fill(nullptr, 50);
    {
        // Pages that were let go keep what was in them.
        const auto stores = open(nullptr);
        for (int number = 30; number < 50; ++number) {
            const std::string id = fmt::format("dev-{}", number);
            ASSERT_TRUE(stores->enrollments().erase_individual(scope, RegistrationId(id),
                                                               Expected{1}, nothing_remains));
            ASSERT_TRUE(
                stores->enrollments().erase_group(scope, EnrollmentGroupId(id), Expected{1}));
            ASSERT_TRUE(stores->devices().erase(hub_1, DeviceId(id), 1));
        }
    }
    ASSERT_TRUE(is_secret_visible());
    const auto sealed = seal_database(file_, *keys_);
    ASSERT_TRUE(sealed) << sealed.error().cause;
    EXPECT_EQ(sealed->documents, 4 * 30 + 1);
    EXPECT_EQ(sealed->sealed, 4 * 30 + 1);
    EXPECT_FALSE(is_secret_visible());
    expect_secrets(keys_, 30);
}

TEST_F(SealDatabaseTest, SealingAgainFindsNothingToDo) {
    fill(nullptr);
    ASSERT_TRUE(seal_database(file_, *keys_));
    const std::string before = bytes();
    const auto again = seal_database(file_, *keys_);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->documents, 13);
    EXPECT_EQ(again->sealed, 0);
    EXPECT_EQ(bytes(), before);
}

TEST_F(SealDatabaseTest, ANewKeyTakesOverAndTheOldOneCanGo) {
    fill(keys_);
    auto rotated = std::make_shared<crypto::KeyRing>(*keys_);
    rotated->add_key(random_);
    expect_secrets(rotated);
    const auto sealed = seal_database(file_, *rotated);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->sealed, 13);
    rotated->drop_old_keys();
    expect_secrets(rotated);
    const auto old = open(keys_);
    EXPECT_EQ(code_of(old->instances().all()), Code::internal);
}

TEST_F(SealDatabaseTest, AnInterruptedSealingIsFinishedByTheNext) {
    fill(nullptr);
    // The last table cannot be sealed: what came before it is, but the file was not rewritten.
    spoil("UPDATE device SET document = 's1:00000000:AAAA' WHERE id = 'dev-1'");
    const auto failed = seal_database(file_, *keys_);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::internal);
    EXPECT_EQ(integer("SELECT COUNT(*) FROM enrollment WHERE document LIKE 's1:%'"), 3);
    EXPECT_EQ(integer("SELECT COUNT(*) FROM device WHERE document LIKE 's1:%'"), 1);
    spoil("DELETE FROM device");
    const auto finished = seal_database(file_, *keys_);
    ASSERT_TRUE(finished);
    EXPECT_EQ(finished->sealed, 0);
    EXPECT_FALSE(is_secret_visible());
    EXPECT_EQ(integer("SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'sealing%'"), 0);
}

TEST_F(SealDatabaseTest, ADatabaseOfBeforeIsSealedWhenItIsFirstOpenedWithKeys) {
    fill(nullptr); // under the new schema, whose migration is what remembers
    const auto stores = open(keys_);
    const auto sealed = finish_sealing(file_, *keys_); // stores may be open
    ASSERT_TRUE(sealed) << sealed.error().cause;
    EXPECT_EQ(sealed->sealed, 13);
    EXPECT_FALSE(is_secret_visible());
    EXPECT_EQ(stores->enrollments().groups(scope)->size(), 3U) << "and go on";
    expect_secrets(keys_);
}

TEST_F(SealDatabaseTest, WhereNothingIsLeftToSealNothingIsLookedAt) {
    fill(nullptr);
    ASSERT_TRUE(finish_sealing(file_, *keys_));
    const auto again = finish_sealing(file_, *keys_);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->documents, 0);
    spoil("CREATE TABLE sealing_under_way (since BIGINT)"); // as an interrupted one leaves it
    EXPECT_EQ(finish_sealing(file_, *keys_)->documents, 13);
}

TEST_F(SealDatabaseTest, ManyRowsAreSealedInManySteps) {
    {
        const auto stores = open(nullptr);
        std::vector<provisioning::IndividualWrite> rows;
        for (int number = 0; number < 2500; ++number) {
            rows.push_back({individual(fmt::format("dev-{}", number)), Expected{0}});
        }
        ASSERT_TRUE(stores->enrollments().save_all(scope, rows, Expected{}));
        ASSERT_TRUE(stores->enrollments().save_all(other_scope, rows, Expected{}));
    }
    const auto sealed = seal_database(file_, *keys_);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->documents, 5000);
    EXPECT_EQ(sealed->sealed, 5000);
    EXPECT_EQ(open(keys_)->enrollments().individuals(other_scope, "", 5000)->size(), 2500U);
}

TEST_F(SealDatabaseTest, ADocumentInAnotherRowDoesNotOpen) {
    fill(keys_);
    spoil("UPDATE enrollment SET document ="
          " (SELECT document FROM enrollment WHERE folded_id = 'dev-1') WHERE folded_id = 'dev-0'");
    const auto stores = open(keys_);
    const auto moved = stores->enrollments().find_individual(scope, RegistrationId("dev-0"));
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code, Code::internal);
    EXPECT_EQ(moved.error().detail, "stored data cannot be read");
    EXPECT_TRUE(stores->enrollments().find_individual(scope, RegistrationId("dev-1")));
}

TEST_F(SealDatabaseTest, WithoutTheKeyNothingIsReadAndNothingSaid) {
    fill(keys_);
    SeededRandom other(12);
    const auto stores = open(std::make_shared<crypto::KeyRing>(other));
    const auto found = stores->enrollments().find_individual(scope, RegistrationId("dev-0"));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Code::internal);
    EXPECT_EQ(found.error().detail, "stored data cannot be read");
    EXPECT_EQ(code_of(open(nullptr)->devices().find_device(hub_1, DeviceId("dev-0"))),
              Code::internal);
}

} // namespace muster::store::sqlite
