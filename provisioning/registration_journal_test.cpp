// What the journal and the audit trail hold after a registration, and what they never hold.

#include "provisioning/planning.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

struct RegistrationJournal : testing::Test, World {
    RegistrationJournal() { put(individual("dev-1", SymmetricKeyAttestation{test_keys})); }

    DeviceEvent refusal_of(const DeviceRequest& asked) {
        EXPECT_FALSE(registration->register_device(asked));
        return last_refusal();
    }

    /// Events that were stored with a record, the last one.
    DeviceEvent last_event() {
        const auto events = store.events();
        EXPECT_FALSE(events.empty());
        return events.empty() ? DeviceEvent() : events.back();
    }

    std::vector<Change> assignment_changes() {
        std::vector<Change> changes = store.changes();
        std::erase_if(changes, [](const Change& change) {
            return !change.action.starts_with("registration.");
        });
        return changes;
    }

    const DeviceRequest request = with_key("dev-1", key_a);
};

/// The names of all findings, those of the enrollments first.
std::vector<std::string> codes_in(const DeviceEvent& event) {
    std::vector<std::string> codes;
    const auto add_all = [&](const Json& findings) {
        for (const Json& finding : findings.as_array()) {
            codes.emplace_back(finding.at("code").as_string());
        }
    };
    for (const Json& considered : event.detail.at("considered").as_array()) {
        add_all(considered.at("findings"));
    }
    add_all(event.detail.at("findings"));
    return codes;
}

TEST_F(RegistrationJournal, ARefusalIsKeptWithItsReasons) {
    const DeviceEvent event = refusal_of(with_key("dev-1", key_c));
    EXPECT_EQ(event.kind, DeviceEventKind::refused);
    EXPECT_EQ(event.at, test_time);
    EXPECT_EQ(event.registration_id, "dev-1");
    EXPECT_EQ(event.tracking_id, request.tracking.text());
    EXPECT_EQ(event.group, "");
    EXPECT_EQ(event.detail.at("call"), Json("register"));
    EXPECT_EQ(event.detail.at("errorCode"), Json(401000));
    EXPECT_EQ(event.detail.at("peer"), Json("192.0.2.7:40000"));
    EXPECT_EQ(event.detail.at("considered").at(0).at("id"), Json("dev-1"));
    EXPECT_EQ(codes_in(event), std::vector<std::string>{"key_mismatch"});
}

TEST_F(RegistrationJournal, EveryKindOfRefusalIsKept) {
    struct Row {
        DeviceRequest asked;
        int error_code;
        std::string finding;
    };

    put(individual("tpm", TpmAttestation{.endorsement_key = "AToAAQ=="}));
    put(individual("x509", client(make_leaf("x509").certificate)));
    DeviceRequest stolen = with_key("dev-1", key_a);
    stolen.proof.sas = token_for("dev-2", key_a);
    DeviceRequest late = with_key("dev-1", key_a);
    late.proof.sas = token_for("dev-1", key_a, test_time - 1h);
    DeviceRequest junk = with_key("dev-1", key_a);
    junk.proof.sas = "junk";
    for (const Row& row :
         {Row{with_key("nobody", key_a), 404201, "no_enrollment"},
          Row{request_of("nobody", {}), 401000, "no_proof"},
          Row{with_key("tpm", key_a), 501000, "attestation_unsupported"},
          Row{with_key("x509", key_a), 401002, "certificate_missing"},
          Row{with_chain("x509", {"junk"}), 401002, "chain_unreadable"},
          Row{with_chain("x509", std::vector<std::string>(99, "junk")), 401002, "chain_too_long"},
          Row{stolen, 401000, "token_for_another_resource"}, Row{late, 401000, "token_expired"},
          Row{junk, 401000, "token_unreadable"}}) {
        const DeviceEvent event = refusal_of(row.asked);
        EXPECT_EQ(codes_in(event), std::vector{row.finding});
        EXPECT_EQ(event.detail.at("errorCode"), Json(row.error_code)) << row.finding;
    }
}

TEST_F(RegistrationJournal, TheGroupConsideredLastIsNamed) {
    put(group("a", SymmetricKeyAttestation{{key_b, key_b}}));
    put(group("b", SymmetricKeyAttestation{{key_c, key_c}}));
    const DeviceEvent event = refusal_of(with_group_key("member", key_a));
    EXPECT_EQ(event.group, "b");
    EXPECT_EQ(codes_in(event), (std::vector<std::string>{"key_mismatch", "key_mismatch"}));
}

TEST_F(RegistrationJournal, ALeafThatIsEnrolledElsewhereIsNamed) {
    const auto ca = make_ca("factory");
    auto two_names = certificate_request("blocked", crypto::Purpose::client);
    two_names.dns_names = {"alias"};
    const auto leaf = issue(two_names, &ca);
    put(group("factory", signing(ca.certificate)));
    put(individual("blocked", client(leaf.certificate)));
    const DeviceEvent event = refusal_of(with_chain("alias", chain_of(leaf)));
    EXPECT_EQ(codes_in(event), std::vector<std::string>{"leaf_enrolled_elsewhere"});
    EXPECT_EQ(event.detail.at("considered").at(0).at("id"), Json("blocked"));
}

TEST_F(RegistrationJournal, StatusAndLookupAreKeptToo) {
    provision(request);
    EXPECT_FALSE(registration->operation_status(request, OperationId("5.0.nonsense")));
    DeviceEvent event = last_refusal();
    EXPECT_EQ(event.detail.at("call"), Json("operation status"));
    EXPECT_EQ(event.detail.at("errorCode"), Json(404202));
    EXPECT_EQ(codes_in(event), std::vector<std::string>{"registration_unknown"});
    EXPECT_FALSE(registration->operation_status(with_key("dev-1", key_c), OperationId("x")));
    EXPECT_EQ(last_refusal().detail.at("errorCode"), Json(401000));

    put(individual("dev-2", SymmetricKeyAttestation{test_keys}));
    EXPECT_FALSE(registration->lookup(with_key("dev-2", key_a)));
    event = last_refusal();
    EXPECT_EQ(event.detail.at("call"), Json("lookup"));
    EXPECT_EQ(event.registration_id, "dev-2");
    EXPECT_EQ(codes_in(event), std::vector<std::string>{"registration_unknown"});
}

TEST_F(RegistrationJournal, FaultsAndOverloadAreKeptAsSuch) {
    store.fail_saves(1, Code::internal);
    EXPECT_EQ(codes_in(refusal_of(request)), std::vector<std::string>{"internal_fault"});
    store.fail_saves(100, Code::conflict);
    EXPECT_EQ(codes_in(refusal_of(request)), std::vector<std::string>{"overloaded"});
}

TEST_F(RegistrationJournal, ASecretIsInNone) {
    for (const Secret& key : {key_c, Secret(crypto::encode_key(key_a))}) {
        const std::string text = to_text(refusal_of(with_key("dev-1", key)).detail);
        EXPECT_EQ(text.find(key_a.reveal()), std::string::npos);
        EXPECT_EQ(text.find(crypto::encode_key(key_a)), std::string::npos);
        EXPECT_EQ(text.find("sig="), std::string::npos);
    }
}

TEST_F(RegistrationJournal, ADeclineIsStoredWithItsRecord) {
    put(group("off", SymmetricKeyAttestation{test_keys}));
    EnrollmentGroup off = group("off", SymmetricKeyAttestation{test_keys});
    off.terms.status = ProvisioningStatus::disabled;
    put(off, IfMatch::Kind::any);
    const OperationStatus ended = provision(with_group_key("member", key_a));
    const DeviceEvent event = last_event();
    EXPECT_EQ(event.kind, DeviceEventKind::declined);
    EXPECT_EQ(event.registration_id, "member");
    EXPECT_EQ(event.tracking_id, request.tracking.text());
    EXPECT_EQ(event.group, "off");
    EXPECT_EQ(event.detail.at("operationId"), Json(ended.operation.text()));
    EXPECT_EQ(event.detail.at("errorCode"), Json(403000));
    EXPECT_EQ(event.detail.at("peer"), Json("192.0.2.7:40000"));
    EXPECT_EQ(codes_in(event), std::vector<std::string>{"enrollment_disabled"});
}

TEST_F(RegistrationJournal, AnAssignmentIsNotedAndAudited) {
    const OperationStatus ended = provision(request);
    ASSERT_EQ(store.events().size(), 1U) << "none for the plan";
    const DeviceEvent event = last_event();
    EXPECT_EQ(event.kind, DeviceEventKind::assigned);
    EXPECT_EQ(event.tracking_id, request.tracking.text());
    EXPECT_EQ(event.detail.at("operationId"), Json(ended.operation.text()));
    EXPECT_EQ(event.detail.at("assignedHub"), Json(ended.record->assignment->hub.text()));

    const auto changes = assignment_changes();
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].by.name, "device:dev-1");
    EXPECT_EQ(changes[0].action, "registration.assign");
    EXPECT_EQ(changes[0].resource, "registration/dev-1");
    EXPECT_FALSE(changes[0].before);
    EXPECT_EQ(changes[0].after->at("assignedHub"), Json(ended.record->assignment->hub.text()));
    EXPECT_EQ(changes[0].after->at("status"), Json("assigned"));
}

TEST_F(RegistrationJournal, OnlyAChangedAssignmentIsAudited) {
    const HubName first = provision(request).record->assignment->hub;
    provision(request);
    EXPECT_EQ(store.events().size(), 2U);
    EXPECT_EQ(assignment_changes().size(), 1U) << "it stayed";
    change([&](Instance& next) {
        std::erase_if(next.hubs, [&](const LinkedHub& hub) { return hub.name == first; });
    });
    const HubName second = provision(request).record->assignment->hub;
    const auto changes = assignment_changes();
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[1].action, "registration.reassign");
    EXPECT_EQ(changes[1].before->at("assignedHub"), Json(first.text()));
    EXPECT_EQ(changes[1].after->at("assignedHub"), Json(second.text()));
}

TEST_F(RegistrationJournal, AFailureSaysWhatTheHubSaid) {
    struct Row {
        Code code;
        int error_code;
        std::string finding;
    };

    for (const Row& row :
         {Row{Code::forbidden, 400209, "hub_refused"},
          Row{Code::unavailable, 500001, "hub_unreachable"}, Row{Code::not_found, 400208, "no_hub"},
          Row{Code::internal, 500001, "internal_fault"}}) {
        hubs.answer_next(row.code == Code::unavailable ? 10 : 1, {.code = row.code});
        provision(request);
        const DeviceEvent event = last_event();
        EXPECT_EQ(event.kind, DeviceEventKind::failed);
        EXPECT_EQ(codes_in(event), std::vector{row.finding});
        EXPECT_EQ(event.detail.at("errorCode"), Json(row.error_code));
    }
    EXPECT_TRUE(assignment_changes().empty());
}

TEST_F(RegistrationJournal, WithoutAHubTheReasonIsKept) {
    change([](Instance& next) { next.hubs.clear(); });
    provision(request);
    EXPECT_EQ(codes_in(last_event()), std::vector<std::string>{"no_hub"});
    IndividualEnrollment custom = individual("dev-1", SymmetricKeyAttestation{test_keys});
    custom.terms.allocation_policy = AllocationPolicy::custom;
    custom.terms.custom_allocation =
        parse_json_object(R"({"webhookUrl":"https://web.hook","apiVersion":"2019-03-31"})").value();
    put(custom, IfMatch::Kind::any);
    provision(request);
    EXPECT_EQ(codes_in(last_event()), std::vector<std::string>{"custom_allocation_failed"});
}

TEST_F(RegistrationJournal, AFullQuotaRefusesNewDevicesOnly) {
    put(individual("dev-2", SymmetricKeyAttestation{test_keys}));
    provision(request);
    change([](Instance& next) { next.quotas.registrations = 1; });
    const auto begun = registration->register_device(with_key("dev-2", key_a));
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().code, Code::quota_exceeded);
    EXPECT_EQ(begun.error().detail, "the quota of registrations is reached");
    const DeviceEvent event = last_refusal();
    EXPECT_EQ(event.detail.at("errorCode"), Json(403203));
    EXPECT_EQ(codes_in(event), std::vector<std::string>{"quota_reached"});
    EXPECT_FALSE(record("dev-2"));
    EXPECT_EQ(provision(request).status, RegistrationStatus::assigned) << "it is there already";
    change([](Instance& next) { next.quotas.registrations = 2; });
    EXPECT_EQ(provision(with_key("dev-2", key_a)).status, RegistrationStatus::assigned);
}

} // namespace
} // namespace muster::provisioning
