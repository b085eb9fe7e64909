#include "provisioning/documents.h"
#include "provisioning/enrollments.h"
#include "provisioning/test_world.h"

#include <atomic>
#include <thread>

namespace muster::provisioning {
namespace {

using Kind = IfMatch::Kind;

IfMatch exactly(const ETag& etag) {
    return {.kind = Kind::exactly, .etag = etag};
}

const IfMatch absent{};
const IfMatch any{.kind = Kind::any, .etag = {}};

TEST(IfMatchHeader, EverySpellingOfEveryClient) {
    // DPS-SERVICE-22
    EXPECT_EQ(IfMatch::from_header("").kind, Kind::absent);
    EXPECT_EQ(IfMatch::from_header("*").kind, Kind::any);
    EXPECT_EQ(IfMatch::from_header("\"*\"").kind, Kind::any);
    for (const auto* text : {"IjAi", "\"IjAi\"", " IjAi "}) {
        EXPECT_EQ(IfMatch::from_header(text).kind, Kind::exactly);
        EXPECT_EQ(IfMatch::from_header(text).etag, ETag("IjAi")) << text;
    }
    EXPECT_EQ(IfMatch::from_header("\"").etag, ETag("\""));
}

struct EnrollmentsTest : testing::Test, World {
    IndividualEnrollment keyed = individual("Dev-1", SymmetricKeyAttestation{test_keys});
    EnrollmentGroup keyed_group = group("Group-1", SymmetricKeyAttestation{test_keys});

    Result<IndividualEnrollment> put_one(const IndividualEnrollment& wanted,
                                         const IfMatch& if_match = absent) {
        return enrollments->put(wanted, if_match, test_operator);
    }

    Result<EnrollmentGroup> put_one(const EnrollmentGroup& wanted,
                                    const IfMatch& if_match = absent) {
        return enrollments->put(wanted, if_match, test_operator);
    }

    template <class Resource>
    Code refusal(const Resource& wanted, const IfMatch& if_match = absent) {
        const auto stored = put_one(wanted, if_match);
        EXPECT_FALSE(stored);
        return stored ? Code::internal : stored.error().code;
    }

    static const SymmetricKeys& keys_in(const IndividualEnrollment& enrollment) {
        return std::get<SymmetricKeyAttestation>(enrollment.terms.attestation).keys;
    }

    static const CertificateSlots& slots_in(const IndividualEnrollment& enrollment) {
        return std::get<ClientCertificates>(enrollment.terms.attestation).certificates;
    }
};

TEST_F(EnrollmentsTest, PutCreatesAndReplacesByTheTable) {
    // DPS-SERVICE-21, DPS-SERVICE-42; dps-service 2.5
    EXPECT_EQ(refusal(keyed, any), Code::not_found);
    EXPECT_EQ(refusal(keyed, exactly(ETag("IjAi"))), Code::precondition);
    const auto created = put_one(keyed);
    ASSERT_TRUE(created);
    EXPECT_GT(created->stamp.version, 0);
    EXPECT_EQ(refusal(keyed), Code::already_exists);
    EXPECT_EQ(refusal(keyed, exactly(ETag("IjAi"))), Code::precondition);
    clock.advance(1h);
    const auto replaced = put_one(keyed, exactly(created->stamp.etag));
    ASSERT_TRUE(replaced);
    EXPECT_NE(replaced->stamp.etag, created->stamp.etag) << "DPS-SERVICE-23";
    EXPECT_EQ(replaced->stamp.created, test_time);
    EXPECT_EQ(replaced->stamp.updated, test_time + 1h);
    EXPECT_EQ(refusal(keyed, exactly(created->stamp.etag)), Code::precondition);
    EXPECT_TRUE(put_one(keyed, any));
}

TEST_F(EnrollmentsTest, GroupsFollowTheSameTable) {
    EXPECT_EQ(refusal(keyed_group, any), Code::not_found);
    const auto created = put_one(keyed_group);
    ASSERT_TRUE(created);
    EXPECT_EQ(refusal(keyed_group), Code::already_exists);
    EXPECT_TRUE(put_one(keyed_group, exactly(created->stamp.etag)));
    EXPECT_EQ(refusal(keyed_group, exactly(created->stamp.etag)), Code::precondition);
}

TEST_F(EnrollmentsTest, IdsAreFoundInAnyCaseAndKeptAsFirstSpelled) {
    // dps-service 14, 21
    ASSERT_TRUE(put_one(keyed));
    keyed.id = RegistrationId("DEV-1");
    EXPECT_EQ(refusal(keyed), Code::already_exists);
    EXPECT_EQ(put_one(keyed, any)->id.text(), "Dev-1");
    EXPECT_EQ(enrollments->get(RegistrationId("dev-1"))->enrollment.id.text(), "Dev-1");
}

TEST_F(EnrollmentsTest, ARefusedPutChangesNothing) {
    const auto created = put_one(keyed);
    keyed.terms.hubs = {HubName("unknown")};
    EXPECT_EQ(refusal(keyed, any), Code::malformed);
    const auto stored = enrollments->get(keyed.id);
    EXPECT_EQ(stored->enrollment.stamp.etag, created->stamp.etag);
    EXPECT_TRUE(stored->enrollment.terms.hubs.empty());
}

TEST_F(EnrollmentsTest, OpenKeysAreGenerated) {
    // DPS-SERVICE-18, DPS-SERVICE-19; 64 bytes, dps-service 14, 5
    keyed.terms.attestation = SymmetricKeyAttestation{};
    const SymmetricKeys keys = keys_in(put_one(keyed).value());
    EXPECT_EQ(keys.primary.reveal().size(), 64U);
    EXPECT_EQ(keys.secondary.reveal().size(), 64U);
    EXPECT_NE(keys.primary, keys.secondary);
    auto half = individual("dev-2", SymmetricKeyAttestation{{key_a, Secret()}});
    const SymmetricKeys completed = keys_in(put_one(half).value());
    EXPECT_EQ(completed.primary, key_a);
    EXPECT_EQ(completed.secondary.reveal().size(), 64U);
}

TEST_F(EnrollmentsTest, OpenKeysAreKeptOnUpdate) {
    // DPS-SERVICE-20
    ASSERT_TRUE(put_one(keyed));
    auto again =
        individual_from_document(to_document(enrollments->get(keyed.id)->enrollment, View::read));
    ASSERT_TRUE(again);
    EXPECT_EQ(keys_in(put_one(*again, any).value()), test_keys);
    again->terms.attestation = SymmetricKeyAttestation{{key_c, Secret()}};
    EXPECT_EQ(keys_in(put_one(*again, any).value()),
              (SymmetricKeys{.primary = key_c, .secondary = key_b}));
}

TEST_F(EnrollmentsTest, TheAttestationTypeMayChange) {
    ASSERT_TRUE(put_one(keyed));
    keyed.terms.attestation = TpmAttestation{.endorsement_key = "AA=="};
    EXPECT_TRUE(put_one(keyed, any));
    keyed.terms.attestation = SymmetricKeyAttestation{};
    EXPECT_NE(keys_in(put_one(keyed, any).value()), test_keys) << "nothing left to keep";
}

TEST_F(EnrollmentsTest, PutClearsWhatIsLeftOut) {
    keyed.device_id = DeviceId("d");
    keyed.terms.trust_bundle_id = "t";
    ASSERT_TRUE(put_one(keyed));
    ASSERT_TRUE(put_one(individual("dev-1", SymmetricKeyAttestation{}), any));
    const auto stored = enrollments->get(keyed.id)->enrollment;
    EXPECT_FALSE(stored.device_id);
    EXPECT_FALSE(stored.terms.trust_bundle_id);
}

struct CertificateSlotsTest : EnrollmentsTest {
    CertificateSlotsTest() { EXPECT_TRUE(put_one(two)); }

    /// The stored enrollment as a caller reads it, with its slots changed.
    Result<IndividualEnrollment> put_read(void (*change)(JsonObject& slots)) {
        JsonObject document = to_document(enrollments->get(two.id)->enrollment, View::read);
        change(document["attestation"].at("x509").at("clientCertificates").as_object());
        return put_one(individual_from_document(document).value(), any);
    }

    crypto::Identity first = make_leaf("dev-1");
    crypto::Identity second = make_leaf("dev-1");
    IndividualEnrollment two = individual("dev-1", client(first.certificate, second.certificate));
};

TEST_F(CertificateSlotsTest, InfoKeepsTheCertificate) {
    // DPS-SERVICE-20; dps-service 6.4
    const auto stored = put_read([](JsonObject&) {});
    ASSERT_TRUE(stored) << stored.error().detail;
    EXPECT_EQ(slots_in(*stored).primary, first.certificate);
    EXPECT_EQ(slots_in(*stored).secondary, second.certificate);
    EXPECT_FALSE(slots_in(*stored).kept.primary) << "resolved, not stored";
}

TEST_F(CertificateSlotsTest, ASlotLeftOutIsRemoved) {
    const auto stored = put_read([](JsonObject& slots) { slots.erase("primary"); });
    ASSERT_TRUE(stored);
    EXPECT_FALSE(slots_in(*stored).primary);
    EXPECT_EQ(slots_in(*stored).secondary, second.certificate);
}

TEST_F(CertificateSlotsTest, InfoFollowsItsThumbprintIntoTheOtherSlot) {
    const auto stored = put_read([](JsonObject& slots) {
        slots["primary"] = slots["secondary"];
        slots.erase("secondary");
    });
    ASSERT_TRUE(stored);
    EXPECT_EQ(slots_in(*stored).primary, second.certificate);
    EXPECT_FALSE(slots_in(*stored).secondary);
}

TEST_F(CertificateSlotsTest, InfoWithoutThumbprintMeansTheSameSlot) {
    const auto stored =
        put_read([](JsonObject& slots) { slots["secondary"].as_object()["info"] = JsonObject(); });
    ASSERT_TRUE(stored);
    EXPECT_EQ(slots_in(*stored).secondary, second.certificate);
}

TEST_F(CertificateSlotsTest, InfoOfACertificateThatIsNotHereIsRefused) {
    const auto stored = put_read([](JsonObject& slots) {
        slots["primary"].at("info").as_object()["sha256Thumbprint"] = std::string(64, 'A');
    });
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().code, Code::malformed);
    ClientCertificates kept;
    kept.certificates.kept.primary = "";
    EXPECT_EQ(refusal(individual("dev-9", kept)), Code::malformed) << "nothing stored at all";
}

TEST_F(CertificateSlotsTest, ACertificateStandsForOneEnrollmentOnly) {
    // dps-service 14, 15
    EXPECT_EQ(refusal(individual("dev-9", client({}, first.certificate))), Code::already_exists);
    EXPECT_TRUE(put_one(individual("dev-1", client(first.certificate, first.certificate)), any))
        << "both slots of one enrollment may hold it";
    const auto ca = make_ca("ca");
    ASSERT_TRUE(put_one(group("a", signing(ca.certificate))));
    EXPECT_EQ(refusal(group("b", signing({}, ca.certificate))), Code::already_exists);
    EXPECT_TRUE(put_one(group("A", signing(ca.certificate)), any));
}

TEST_F(EnrollmentsTest, GroupsSwitchFromCertificatesToReferences) {
    const auto ca = make_ca("ca");
    change([&](Instance& one) {
        one.certificates.push_back({.name = "ca", .certificate = ca.certificate});
    });
    ASSERT_TRUE(put_one(group("g", signing(ca.certificate))));
    const auto stored = put_one(group("g", references("ca")), any);
    ASSERT_TRUE(stored) << "an unverified CA may be referred to";
    EXPECT_TRUE(std::holds_alternative<CaReferences>(stored->terms.attestation));
    EXPECT_EQ(refusal(group("h", references("gone"))), Code::malformed);
}

TEST_F(EnrollmentsTest, EraseFollowsIfMatch) {
    // DPS-SERVICE-42
    EXPECT_EQ(enrollments->erase(keyed.id, absent, test_operator).error().code, Code::not_found);
    const auto created = put_one(keyed);
    EXPECT_EQ(enrollments->erase(keyed.id, exactly(ETag("IjAi")), test_operator).error().code,
              Code::precondition);
    EXPECT_TRUE(enrollments->erase(keyed.id, exactly(created->stamp.etag), test_operator));
    ASSERT_TRUE(put_one(keyed));
    EXPECT_TRUE(enrollments->erase(keyed.id, absent, test_operator));
    ASSERT_TRUE(put_one(keyed_group));
    EXPECT_TRUE(enrollments->erase(keyed_group.id, any, test_operator));
    EXPECT_EQ(enrollments->get(keyed_group.id).error().code, Code::not_found);
}

TEST_F(EnrollmentsTest, DeletingAnIndividualTakesItsRecordAlongAndAGroupLeavesThem) {
    // dps-service 9.5; 14, 3
    ASSERT_TRUE(put_one(keyed));
    ASSERT_TRUE(put_one(keyed_group));
    provision(with_key("Dev-1", key_a));
    provision(with_group_key("member", key_a));
    ASSERT_TRUE(enrollments->get(keyed.id)->registration);
    ASSERT_TRUE(enrollments->erase(keyed.id, absent, test_operator));
    EXPECT_EQ(enrollments->registration(keyed.id).error().code, Code::not_found);
    EXPECT_TRUE(record("dev-1")->erased) << "what is left knows where the device is";
    ASSERT_TRUE(enrollments->erase(keyed_group.id, absent, test_operator));
    EXPECT_TRUE(record("member"));
    EXPECT_EQ(enrollments->registrations_of(keyed_group.id, "", 10)->size(), 1U);
}

TEST_F(EnrollmentsTest, RecordsAreShownAndDeleted) {
    // DPS-SERVICE-27, DPS-SERVICE-38, DPS-SERVICE-39, DPS-SERVICE-42
    ASSERT_TRUE(put_one(keyed));
    EXPECT_FALSE(enrollments->get(keyed.id)->registration);
    EXPECT_EQ(enrollments->registration(keyed.id).error().code, Code::not_found);
    const OperationStatus ended = provision(with_key("Dev-1", key_a));
    const auto record = enrollments->registration(keyed.id);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->stamp.etag, ended.record->stamp.etag) << "device and operator see the same";
    EXPECT_EQ(enrollments->get(keyed.id)->registration->stamp.etag, record->stamp.etag);
    EXPECT_EQ(enrollments->erase_registration(keyed.id, exactly(ETag("IjAi")), test_operator)
                  .error()
                  .code,
              Code::precondition);
    EXPECT_TRUE(
        enrollments->erase_registration(keyed.id, exactly(record->stamp.etag), test_operator));
    EXPECT_EQ(enrollments->erase_registration(keyed.id, absent, test_operator).error().code,
              Code::not_found);
}

TEST_F(EnrollmentsTest, ListsInOrderFromWhereOneLeftOff) {
    for (const auto* id : {"c", "A", "b"}) {
        ASSERT_TRUE(put_one(individual(id, SymmetricKeyAttestation{})));
        ASSERT_TRUE(put_one(group(id, SymmetricKeyAttestation{})));
    }
    const auto page = enrollments->individuals("a", 1);
    ASSERT_EQ(page->size(), 1U);
    EXPECT_EQ(page->front().id.text(), "b");
    EXPECT_EQ(enrollments->groups()->size(), 3U);
}

TEST_F(EnrollmentsTest, ConcurrentPutsOfOneNewIdEndInOneCreation) {
    std::atomic<int> created = 0;
    std::atomic<int> refused = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                const auto stored = enrollments->put(keyed, absent, test_operator);
                ++(stored ? created : refused);
            });
        }
    }
    EXPECT_EQ(created, 1);
    EXPECT_EQ(refused, 3);
}

} // namespace

/// Each may look at every enrollment and holds a worker: they must not take all of them.
TEST(EnrollmentsQuery, FewFilteredQueriesRunAtOnce) {
    World world;
    world.put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
    const auto filter = parse_enrollment_query("SELECT * WHERE registrationId = 'dev-1'");
    ASSERT_TRUE(filter);
    int under_way = 0;
    std::optional<Code> refused;
    const auto ask = [&] { return world.enrollments->individuals("", 10, &*filter); };
    world.store.before_filtering([&] {
        ++under_way;
        if (const auto nested = ask(); !nested) {
            refused = nested.error().code;
            EXPECT_TRUE(nested.error().retry_after);
        }
    });
    EXPECT_TRUE(ask());
    EXPECT_EQ(under_way, filtered_queries_max);
    EXPECT_EQ(refused, Code::rate_limited);
    EXPECT_TRUE(world.enrollments->individuals("", 10)) << "the others are not held up";

    world.store.before_filtering({});
    const auto after_all = ask();
    ASSERT_TRUE(after_all) << "places are given back";
    EXPECT_EQ(after_all->size(), 1U);
}

} // namespace muster::provisioning
