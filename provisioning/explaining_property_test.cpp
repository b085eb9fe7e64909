// Explain equals reality: in random worlds, what is predicted for a proof is what then happens to
// the device that shows it.

#include "provisioning/refusals.h"
#include "provisioning/test_world.h"

#include <array>
#include <random>

namespace muster::provisioning {
namespace {

constexpr int worlds = 100;
constexpr int steps = 80;
constexpr int ids = 5;

std::string id_of(int number) {
    return "Dev-" + std::to_string(number);
}

std::string text_of(const DecidedBy& decider) {
    const auto* by_group = std::get_if<DecidedByGroup>(&decider);
    return by_group != nullptr ? "group " + by_group->id.folded()
                               : "enrollment " + std::get<DecidedByIndividual>(decider).id.folded();
}

/// Certificates are slow to make: all worlds share these.
struct Certificates {
    static crypto::Identity short_lived_ca() {
        auto request = certificate_request("short-lived", crypto::Purpose::certificate_authority);
        request.not_after = test_time + 2h;
        return issue(request);
    }

    static crypto::Identity two_names() {
        auto request = certificate_request("Dev-0", crypto::Purpose::client);
        request.dns_names = {"Dev-1"};
        return issue(request);
    }

    static const Certificates& get() {
        static const Certificates pool;
        return pool;
    }

    crypto::Identity root = make_ca("root");
    crypto::Identity middle = make_ca("middle", &root);
    crypto::Identity impostor = make_ca("middle");
    crypto::Identity brief = short_lived_ca();
    crypto::Identity alias = two_names();
    std::array<const crypto::Identity*, 4> authorities{&root, &middle, &impostor, &brief};
    std::vector<crypto::Identity> leaves = make_leaves(); // by id, then by authority

    [[nodiscard]] const crypto::Identity& leaf(std::size_t id, std::size_t authority) const {
        return leaves[id * authorities.size() + authority];
    }

  private:
    [[nodiscard]] std::vector<crypto::Identity> make_leaves() const {
        std::vector<crypto::Identity> made;
        for (int id = 0; id < ids; ++id) {
            for (const crypto::Identity* authority : authorities) {
                made.push_back(make_leaf(id_of(id), authority));
            }
        }
        return made;
    }
};

/// A world that does something at random in each step.
class RandomWorld : public World {
  public:
    explicit RandomWorld(std::uint64_t seed) : engine_(seed) {
        web.answer_by(&RandomWorld::answer);
        change_instance();
        for (int i = 0; i < 6; ++i) {
            change_enrollments();
        }
    }

    void step() {
        switch (below(9)) {
        case 0: change_instance(); break;
        case 8: erase_record(); break;
        case 1:
        case 2: change_enrollments(); break;
        case 3: clock.advance(std::chrono::minutes(10)); break;
        case 4: (void)registration->register_device(random_request()); break; // left under way
        default: compare(random_request()); break;
        }
    }

  private:
    [[nodiscard]] std::size_t below(std::size_t bound) { return engine_() % bound; }

    bool perhaps() { return below(2) == 0; }

    const Secret& random_key() {
        static const std::array<Secret, 3> keys{key_a, key_b, key_c};
        return keys[below(keys.size())];
    }

    const crypto::Identity& random_authority() {
        const auto& all = Certificates::get().authorities;
        return *all[below(all.size())];
    }

    const crypto::Identity& random_leaf(std::size_t id) {
        if (below(8) == 0) {
            return Certificates::get().alias;
        }
        return Certificates::get().leaf(id, below(Certificates::get().authorities.size()));
    }

    // ---- what operators do ----

    void change_instance() {
        change([&](Instance& next) {
            unlink_all(next);
            for (int i = 0; i < 4; ++i) {
                if (below(3) != 0) {
                    next.hubs.push_back({.name = HubName("hub-" + std::to_string(i)),
                                         .weight = static_cast<int>(1 + below(5)),
                                         .apply_allocation_policy = below(4) != 0});
                }
            }
            next.quarantines.clear();
            if (below(4) == 0) {
                next.quarantines.push_back({.group = EnrollmentGroupId("group-0"),
                                            .hub = HubName("hub-" + std::to_string(below(4))),
                                            .reason = {},
                                            .since = test_time});
            }
            next.certificates = {
                {.name = "ca-0",
                 .certificate = random_authority().certificate,
                 .verified = perhaps()},
                {.name = "ca-1", .certificate = random_authority().certificate, .verified = true}};
            next.quotas.registrations.reset();
            if (below(4) == 0) {
                next.quotas.registrations = static_cast<std::int64_t>(below(4));
            }
        });
    }

    /// As the service does. What a lost hub knew is gone for good.
    void unlink_all(Instance& next) {
        for (const LinkedHub& hub : std::exchange(next.hubs, {})) {
            std::erase_if(next.former_hubs,
                          [&](const FormerHub& former) { return former.name == hub.name; });
            next.former_hubs.push_back(
                {.name = hub.name, .connection_string = {}, .lost = below(4) == 0});
        }
        for (const FormerHub& former : next.former_hubs) {
            for (const auto& [key, row] : hubs.table().rows()) {
                if (former.lost && key.first == former.name) {
                    hubs.drop(key.first, key.second);
                }
            }
        }
    }

    void erase_record() {
        (void)enrollments->erase_registration(RegistrationId(id_of(static_cast<int>(below(ids)))),
                                              {}, test_operator);
    }

    /// Of those who are asked the same, everybody hears the same: no, a hub, or nobody's hub.
    static Result<WebReply> answer(const WebCall& call) {
        const std::size_t lot = std::hash<std::string>{}(call.body);
        const JsonObject body = parse_json_object(call.body, {.bytes_max = 1 << 20}).value();
        const JsonArray& linked = body.at("linkedHubs").as_array();
        if (lot % 8 == 0) {
            return WebReply{.status = 403, .content_type = {}, .body = {}};
        }
        JsonObject reply{{"payload", JsonObject{{"lot", lot % 100}}}};
        reply["iotHubHostName"] =
            lot % 8 == 1 || linked.empty() ? Json("nobody's") : linked[lot % linked.size()];
        if (lot % 8 == 2) {
            reply["initialTwin"] = JsonObject{{"tags", JsonObject{{"lot", 1}}}};
        }
        return WebReply{.status = 200, .content_type = "application/json", .body = to_text(reply)};
    }

    void choose_reprovisioning(EnrollmentTerms& terms) {
        if (perhaps()) {
            terms.reprovision_policy = ReprovisionPolicy{.update_hub_assignment = below(3) != 0,
                                                         .migrate_device_data = perhaps()};
        }
    }

    EnrollmentTerms random_terms(Attestation attestation) {
        EnrollmentTerms terms;
        terms.attestation = std::move(attestation);
        terms.status = below(4) == 0 ? ProvisioningStatus::disabled : ProvisioningStatus::enabled;
        if (perhaps()) {
            static constexpr std::array policies{AllocationPolicy::hashed, AllocationPolicy::fixed,
                                                 AllocationPolicy::geo_latency,
                                                 AllocationPolicy::custom};
            terms.allocation_policy = policies[below(policies.size())];
        }
        if (terms.allocation_policy == AllocationPolicy::custom) {
            terms.custom_allocation =
                JsonObject{{"webhookUrl", "https://f.example/a"}, {"apiVersion", "2021-10-01"}};
        }
        choose_reprovisioning(terms);
        for (std::size_t i = terms.allocation_policy ? below(3) : 0; i > 0; --i) {
            terms.hubs.emplace_back("hub-" + std::to_string(below(4)));
        }
        return terms;
    }

    Attestation random_individual_attestation(std::size_t id) {
        switch (below(5)) {
        case 0: return client(random_leaf(id).certificate);
        case 1: return references("ca-" + std::to_string(below(2)));
        case 2: return TpmAttestation{.endorsement_key = "AToAAQ=="};
        default: return SymmetricKeyAttestation{{random_key(), random_key()}};
        }
    }

    Attestation random_group_attestation() {
        switch (below(4)) {
        case 0: return references("ca-0", "ca-1");
        case 1:
        case 2: return signing(random_authority().certificate);
        default: return SymmetricKeyAttestation{{random_key(), random_key()}};
        }
    }

    /// What is not allowed is refused, which is no matter here.
    void change_enrollments() {
        const IfMatch any{.kind = IfMatch::Kind::any, .etag = {}};
        const std::size_t number = below(ids);
        IndividualEnrollment one = individual(id_of(static_cast<int>(number)), {});
        EnrollmentGroup all = group("group-" + std::to_string(below(4)), {});
        switch (below(5)) {
        case 0: (void)enrollments->erase(one.id, any, test_operator); break;
        case 1: (void)enrollments->erase(all.id, any, test_operator); break;
        case 2:
            one.terms = random_terms(random_individual_attestation(number));
            if (perhaps()) {
                one.device_id = DeviceId("named-" + std::to_string(number));
            }
            (void)enrollments->put(one, {}, test_operator);
            (void)enrollments->put(one, any, test_operator);
            break;
        default:
            all.terms = random_terms(random_group_attestation());
            (void)enrollments->put(all, {}, test_operator);
            (void)enrollments->put(all, any, test_operator);
            break;
        }
    }

    // ---- what devices do ----

    std::string random_token(const std::string& id) {
        const Secret& key = random_key();
        const WallTime expiry = clock.wall() + (below(8) == 0 ? -1h : 1h);
        const std::string spelled = below(8) == 0 ? to_lower(id) : id;
        const Secret signing_key = perhaps() ? crypto::derive_device_key(key, spelled) : key;
        return token_for(below(10) == 0 ? "somebody-else" : id, signing_key, expiry);
    }

    std::vector<std::string> random_chain(std::size_t id) {
        const Certificates& pool = Certificates::get();
        std::vector<std::string> chain{random_leaf(id).certificate.der()};
        for (const crypto::Identity* authority : {&pool.middle, &pool.root}) {
            if (perhaps()) {
                chain.push_back(authority->certificate.der());
            }
        }
        if (below(12) == 0) {
            chain.emplace_back("junk");
        }
        return chain;
    }

    DeviceRequest random_request() {
        const std::size_t number = below(ids);
        const std::string id = id_of(static_cast<int>(number));
        DeviceRequest request = request_of(below(4) == 0 ? to_lower(id) : id, {});
        request.api_version = perhaps() ? "2018-04-01" : "2021-06-01";
        if (perhaps()) {
            request.payload = Json{{"model", "pump"}};
        }
        const std::size_t kind = below(10);
        if (kind < 5 || kind == 9) {
            request.proof.sas = random_token(request.id.text());
        }
        if (kind >= 5 && kind < 10 && kind != 8) {
            request.proof.certificates = random_chain(number);
        }
        return request;
    }

    // ---- what must agree ----

    void compare(const DeviceRequest& request) {
        const int written = store.records_written();
        const auto prediction = explaining->explain({.id = request.id,
                                                     .proof = request.proof,
                                                     .group = {},
                                                     .payload = request.payload,
                                                     .peer_address = "192.0.2.7",
                                                     .api_version = request.api_version,
                                                     .ask_function = true});
        ASSERT_TRUE(prediction) << prediction.error().detail;
        ASSERT_EQ(store.records_written(), written) << "explaining stores nothing";
        const auto begun = registration->register_device(request);
        if (begun) {
            compare_plan(*prediction, record(request.id.text()).value());
            settle();
            compare_record(*prediction, record(request.id.text()).value());
        } else {
            compare_refusal(*prediction, begun.error());
        }
    }

    void compare_refusal(const Prediction& prediction, const Error& error) {
        ++refused;
        EXPECT_EQ(prediction.outcome, Outcome::refused) << error.cause;
        EXPECT_EQ(prediction.error_code, device_error_code(error.code)) << error.cause;
        EXPECT_EQ(prediction.message, error.detail);
        const JsonObject foreseen = to_document(prediction.explanation);
        const DeviceEvent event = last_refusal();
        EXPECT_EQ(event.detail.at("considered"), foreseen.at("considered"));
        EXPECT_EQ(event.detail.at("findings"), foreseen.at("findings"));
        const auto codes = codes_of(prediction.explanation);
        EXPECT_TRUE(std::ranges::any_of(codes,
                                        [&](FindingCode code) {
                                            return catalogue_entry(code).device_error_code ==
                                                   prediction.error_code;
                                        }))
            << "a finding stands for the code that the device sees: " << error.cause;
    }

    void compare_plan(const Prediction& prediction, const RegistrationRecord& planned) {
        if (prediction.function_asked) {
            ++asked;
            ASSERT_TRUE(planned.plan);
            EXPECT_EQ(planned.plan->kind, PlanKind::ask);
        } else if (planned.plan) {
            EXPECT_EQ(prediction.plan, to_string(planned.plan->kind));
            moved += planned.plan->kind == PlanKind::move ? 1 : 0;
        } else {
            EXPECT_TRUE(prediction.plan.empty());
        }
    }

    void compare_record(const Prediction& prediction, const RegistrationRecord& ended) {
        ASSERT_TRUE(prediction.decided_by);
        EXPECT_EQ(text_of(*prediction.decided_by), text_of(*ended.decided_by));
        if (ended.status == RegistrationStatus::assigned) {
            ++assigned;
            EXPECT_EQ(prediction.outcome, Outcome::assigned);
            EXPECT_EQ(prediction.hub, ended.assignment->hub);
            EXPECT_EQ(prediction.device_id, ended.assignment->device_id);
            EXPECT_EQ(prediction.error_code, 0);
            return;
        }
        ++declined;
        EXPECT_EQ(prediction.outcome, Outcome::declined);
        EXPECT_EQ(prediction.error_code, ended.failure->error_code);
        EXPECT_EQ(prediction.message, ended.failure->message);
    }

    std::mt19937_64 engine_;

  public:
    int assigned = 0;
    int declined = 0;
    int refused = 0;
    int asked = 0;
    int moved = 0;
};

TEST(ExplainProperty, ForeseesWhatHappens) {
    int assigned = 0;
    int declined = 0;
    int refused = 0;
    int asked = 0;
    int moved = 0;
    const std::uint64_t first_seed = 20'300'101;
    for (std::uint64_t seed = first_seed; seed < first_seed + worlds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomWorld world(seed);
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            world.step();
        }
        assigned += world.assigned;
        declined += world.declined;
        refused += world.refused;
        asked += world.asked;
        moved += world.moved;
    }
    EXPECT_GT(assigned, 100) << "the worlds are not too hard,";
    EXPECT_GT(declined, 50);
    EXPECT_GT(refused, 100) << "nor too easy";
    EXPECT_GT(asked, 15);
    EXPECT_GT(moved, 10);
}

} // namespace
} // namespace muster::provisioning
