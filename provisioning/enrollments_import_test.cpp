#include "base/encoding.h"
#include "provisioning/documents.h"
#include "provisioning/enrollment_audit.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

struct ImportTest : testing::Test, World {
    using Rows = std::vector<IndividualEnrollment>;

    static IndividualEnrollment row(const std::string& id) {
        return individual(id, SymmetricKeyAttestation{test_keys});
    }

    /// "created", "replaced", "unchanged" or a code for each row; a code alone, if the whole
    /// failed.
    std::string import(Rows rows, ImportMode mode = ImportMode::keep) {
        const auto outcomes = enrollments->import(std::move(rows), mode, test_operator);
        if (!outcomes) {
            return "whole: " + std::string(to_string(outcomes.error().code));
        }
        std::string text;
        for (const auto& one : *outcomes) {
            text += (text.empty() ? "" : ", ") +
                    std::string(one ? name_of(*one) : to_string(one.error().code));
        }
        return text;
    }

    static std::string_view name_of(ImportOutcome outcome) {
        switch (outcome) {
        case ImportOutcome::created: return "created";
        case ImportOutcome::replaced: return "replaced";
        case ImportOutcome::unchanged: return "unchanged";
        }
        return "";
    }

    IndividualEnrollment stored(const std::string& id) {
        return enrollments->get(RegistrationId(id))->enrollment;
    }

    static std::string ids_of(const Change& change, std::string_view name) {
        return change.after->contains(name) ? to_text(change.after->at(name)) : "none";
    }
};

TEST_F(ImportTest, WritesABatchWithOneEntry) {
    EXPECT_EQ(import({row("A"), row("b"), row("c")}), "created, created, created");
    ASSERT_EQ(store.changes().size(), 1U);
    const Change entry = store.changes().front();
    EXPECT_EQ(entry.action, "enrollment.import");
    EXPECT_EQ(entry.by.name, "policy:test");
    EXPECT_EQ(entry.at, test_time);
    EXPECT_EQ(ids_of(entry, "created"), R"(["A","b","c"])");
    EXPECT_EQ(ids_of(entry, "replaced"), "[]");
    EXPECT_EQ(ids_of(entry, "refused"), "none");
    EXPECT_EQ(stored("a").stamp.created, test_time);
}

TEST_F(ImportTest, TheDigestIsOfWhatGetShows) {
    ASSERT_EQ(import({row("a"), row("b")}), "created, created");
    const std::string documents = to_text(to_document(stored("a"), View::read)) + '\n' +
                                  to_text(to_document(stored("b"), View::read)) + '\n';
    EXPECT_EQ(store.changes().front().after->at("sha256").as_string(),
              hex_encode_lower(crypto::sha256(documents)));
}

TEST_F(ImportTest, RepeatingItChangesNothing) {
    const auto leaf = make_leaf("x");
    const Rows rows{row("a"), individual("x", client(leaf.certificate)),
                    individual("open", SymmetricKeyAttestation{})};
    ASSERT_EQ(import(rows), "created, created, created");
    clock.advance(1h);
    const ETag etag = stored("a").stamp.etag;
    for (const ImportMode mode : {ImportMode::keep, ImportMode::replace}) {
        EXPECT_EQ(import(rows, mode), "unchanged, unchanged, unchanged");
    }
    EXPECT_EQ(stored("a").stamp.etag, etag);
    EXPECT_EQ(store.changes().size(), 1U) << "nothing changed, nothing to tell";
}

TEST_F(ImportTest, KeepsOrReplacesWhatDiffers) {
    ASSERT_EQ(import({row("Dev-1"), row("b")}), "created, created");
    const ResourceStamp before = stored("dev-1").stamp;
    clock.advance(1h);
    IndividualEnrollment changed = row("DEV-1");
    changed.terms.status = ProvisioningStatus::disabled;
    EXPECT_EQ(import({changed, row("b"), row("c")}), "already_exists, unchanged, created");
    EXPECT_EQ(stored("dev-1").terms.status, ProvisioningStatus::enabled);
    EXPECT_EQ(import({changed, row("b")}, ImportMode::replace), "replaced, unchanged");
    const IndividualEnrollment after = stored("dev-1");
    EXPECT_EQ(after.terms.status, ProvisioningStatus::disabled);
    EXPECT_EQ(after.id.text(), "Dev-1") << "as first spelled";
    EXPECT_EQ(after.stamp.version, before.version + 1);
    EXPECT_EQ(after.stamp.created, before.created);
    EXPECT_EQ(after.stamp.updated, test_time + 1h);
    const Change entry = store.changes().back();
    EXPECT_EQ(ids_of(entry, "created") + ids_of(entry, "replaced"), R"([]["Dev-1"])");
}

TEST_F(ImportTest, OpenKeysAreGeneratedOnceAndThenKept) {
    ASSERT_EQ(import({individual("a", SymmetricKeyAttestation{})}), "created");
    const auto keys = std::get<SymmetricKeyAttestation>(stored("a").terms.attestation).keys;
    EXPECT_EQ(keys.primary.reveal().size(), 64U);
    IndividualEnrollment moved = individual("a", SymmetricKeyAttestation{});
    moved.device_id = DeviceId("d");
    EXPECT_EQ(import({moved}, ImportMode::replace), "replaced");
    EXPECT_EQ(std::get<SymmetricKeyAttestation>(stored("a").terms.attestation).keys, keys);
}

TEST_F(ImportTest, BadRowsAreRefusedOneByOne) {
    IndividualEnrollment unlinked = row("b");
    unlinked.terms.legacy_hub = HubName("unknown");
    const auto ca = make_ca("ca");
    EXPECT_EQ(import({row("a"), unlinked, individual("s", signing(ca.certificate)), row("c")}),
              "created, malformed, malformed, created");
    EXPECT_EQ(ids_of(store.changes().front(), "created"), R"(["a","c"])");
}

TEST_F(ImportTest, ACertificateInUseIsRefusedByTheStoreAndNamedInTheEntry) {
    const auto used = make_leaf("x");
    const auto fresh = make_leaf("y");
    put(individual("x", client(used.certificate)));
    EXPECT_EQ(import({row("a"), individual("b", client(used.certificate)),
                      individual("c", client(fresh.certificate)),
                      individual("d", client({}, fresh.certificate))}),
              "created, already_exists, created, already_exists");
    const Change entry = store.changes().back();
    EXPECT_EQ(ids_of(entry, "created"), R"(["a","c"])");
    EXPECT_EQ(ids_of(entry, "refused"), R"(["b","d"])");
}

TEST_F(ImportTest, ABatchOfRefusedRowsLeavesNoEntry) {
    change([](Instance& one) { one.quotas.enrollments = 0; });
    const std::string refused(to_string(Code::quota_exceeded));
    EXPECT_EQ(import({row("a"), row("b")}), refused + ", " + refused);
    EXPECT_TRUE(store.changes().empty());
}

TEST_F(ImportTest, AQuotaCountsWhatIsNew) {
    put(row("a"));
    change([](Instance& one) { one.quotas.enrollments = 2; });
    IndividualEnrollment changed = row("a");
    changed.device_id = DeviceId("d");
    EXPECT_EQ(import({row("b"), row("c"), changed}, ImportMode::replace),
              "created, " + std::string(to_string(Code::quota_exceeded)) + ", replaced");
    EXPECT_EQ(ids_of(store.changes().back(), "refused"), R"(["c"])");
}

TEST_F(ImportTest, IsRefusedAsAWholeIfTooLongOrAnIdIsThereTwice) {
    EXPECT_EQ(import({row("a"), row("b"), row("A")}), "whole: malformed");
    Rows rows;
    for (std::size_t i = 0; i <= import_rows_max; ++i) {
        rows.push_back(individual("dev-" + std::to_string(i), NoAttestation{}));
    }
    EXPECT_EQ(import(rows), "whole: malformed");
    EXPECT_EQ(enrollments->counts()->enrollments, 0);
    rows.pop_back();
    EXPECT_TRUE(import(rows).starts_with("created"));
    EXPECT_EQ(enrollments->counts()->enrollments, static_cast<std::int64_t>(import_rows_max));
    EXPECT_EQ(store.individuals_read(), 0) << "no row is read by itself";
    EXPECT_EQ(import({}), "");
}

TEST_F(ImportTest, WhoWasOvertakenDecidesAgainOnce) {
    store.before_next_save([this] { put(row("a")); });
    EXPECT_EQ(import({row("a"), row("b")}), "unchanged, created");
    store.before_next_save([this] {
        IndividualEnrollment other = row("c");
        other.device_id = DeviceId("other");
        put(other);
    });
    EXPECT_EQ(import({row("c")}, ImportMode::replace), "replaced");
    EXPECT_FALSE(stored("c").device_id);
}

TEST_F(ImportTest, WhoIsOvertakenAgainIsToldToTryAgain) {
    put(row("a"));
    IndividualEnrollment mine = row("a");
    mine.terms.trust_bundle_id = "mine";
    const auto overtake = [this] { put(row("a"), IfMatch::Kind::any); };
    store.before_next_save([&] {
        overtake();
        store.before_next_save(overtake);
    });
    EXPECT_EQ(import({mine, row("b")}, ImportMode::replace), "unavailable, created");
}

TEST_F(ImportTest, OneEntryOfTheAuditTrailIsOfBoundedSize) {
    Rows rows;
    for (std::size_t i = 0; i < import_rows_max; ++i) {
        rows.push_back(row(std::string(120, 'x') + std::to_string(i)));
        rows.back().terms.trust_bundle_id = std::string(5'000, 'y');
    }
    ASSERT_TRUE(import(rows).starts_with("created"));
    EXPECT_LT(to_text(*store.changes().front().after).size(), 130U * import_rows_max);
}

} // namespace
} // namespace muster::provisioning
