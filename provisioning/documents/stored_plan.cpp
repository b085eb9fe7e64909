#include "provisioning/documents/stored_plan.h"

#include "provisioning/documents.h"
#include "provisioning/documents/attestation_document.h"
#include "provisioning/documents/names.h"

#include <utility>

namespace muster::provisioning {

namespace {

// ---- writing ----

/// Each kind is one member, so that a document without any is a damaged one.
struct CredentialDocument {
    JsonObject operator()(const HubKeys& keys) const {
        return {{"keys", keys_document(keys.keys)}};
    }

    JsonObject operator()(const HubThumbprints& thumbprints) const {
        return {{"thumbprints", JsonObject{{"primary", thumbprints.primary},
                                           {"secondary", thumbprints.secondary}}}};
    }

    JsonObject operator()(const HubCertificateAuthority& /*credential*/) const {
        return {{"certificateAuthority", JsonObject()}};
    }

    JsonObject operator()(const HubNoCredential& /*credential*/) const {
        return {{"none", JsonObject()}};
    }
};

JsonObject credential_document(const std::optional<HubCredential>& credential) {
    if (!credential) {
        return {{"carried", JsonObject()}};
    }
    return std::visit(CredentialDocument(), *credential);
}

JsonObject question_document(const Question& question) {
    JsonObject document{{"attestation", question.attestation},
                        {"apiVersion", question.api_version},
                        {"peerAddress", question.peer_address}};
    if (question.payload) { // in an object of its own: null is a payload, too
        document["request"] = JsonObject{{"payload", *question.payload}};
    }
    return document;
}

void write_move(JsonObject& document, const Plan& plan) {
    if (plan.from) {
        document["from"] = place_document(*plan.from);
    }
    if (!plan.token.empty()) {
        document["token"] = plan.token.text();
    }
    if (plan.twin == TwinSource::initial) {
        document["twin"] = "initial";
    }
}

// ---- reading ----

HubThumbprints read_thumbprints(MemberReader& credential) {
    MemberReader thumbprints(credential.required_object("thumbprints"),
                             credential.path_of("thumbprints."));
    HubThumbprints read{.primary = thumbprints.required_text("primary"),
                        .secondary = thumbprints.required_text("secondary")};
    credential.adopt(thumbprints.verdict());
    return read;
}

std::optional<HubCredential> read_credential_in(MemberReader& credential) {
    if (const JsonObject* keys = credential.object("keys"); keys != nullptr) {
        Result<SymmetricKeys> read = read_keys(*keys, credential.path_of("keys."));
        if (!read) {
            credential.adopt(std::unexpected(std::move(read).error()));
            return std::nullopt;
        }
        return HubKeys{*std::move(read)};
    }
    if (credential.object("carried") != nullptr) {
        return std::nullopt;
    }
    if (credential.object("certificateAuthority") != nullptr) {
        return HubCertificateAuthority();
    }
    if (credential.object("none") != nullptr) {
        return HubNoCredential();
    }
    return read_thumbprints(credential);
}

std::optional<HubCredential> read_credential(MemberReader& plan) {
    MemberReader credential(plan.required_object("credential"), plan.path_of("credential."));
    auto read = read_credential_in(credential);
    plan.adopt(credential.verdict());
    return read;
}

std::optional<Question> read_question(MemberReader& plan) {
    const JsonObject* document = plan.object("question");
    if (document == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*document, plan.path_of("question."));
    Question question{.payload = {},
                      .attestation = inner.required_object("attestation"),
                      .api_version = inner.required_text("apiVersion"),
                      .peer_address = inner.required_text("peerAddress")};
    if (const JsonObject* request = inner.object("request"); request != nullptr) {
        const Json* payload = request->if_contains("payload");
        question.payload = payload == nullptr ? std::nullopt : std::optional(*payload);
    }
    plan.adopt(inner.verdict());
    return question;
}

/// Documents of before there were moves have neither stage nor origin.
PlanStage read_stage(MemberReader& plan) {
    return known(plan, "stage", plan_stage(plan.text("stage").value_or("begun")));
}

std::optional<PlanOrigin> plan_origin(std::string_view text) {
    return text == "device"      ? std::optional(PlanOrigin::device)
           : text == "operation" ? std::optional(PlanOrigin::operation)
                                 : std::nullopt;
}

std::optional<TwinSource> twin_source(std::string_view text) {
    return text == "carried"   ? std::optional(TwinSource::carried)
           : text == "initial" ? std::optional(TwinSource::initial)
                               : std::nullopt;
}

Chore read_chore(MemberReader& members) {
    Chore chore{
        .kind = known(members, "kind", chore_kind(members.required_text("kind"))),
        .place = {.hub = HubName(members.required_text("hub")),
                  .device_id = DeviceId(members.required_text("deviceId"))},
        .token = MoveToken(members.required_text("token")),
        .tries = static_cast<int>(members.number("tries").value_or(0)),
        .problem = members.text("problem").value_or(""),
        .since = {},
    };
    const auto since = members.take("since", parse_time(members.required_text("since")));
    chore.since = since.value_or(WallTime());
    return chore;
}

} // namespace

JsonObject place_document(const Place& place) {
    return {{"hub", place.hub.text()}, {"deviceId", place.device_id.text()}};
}

JsonObject plan_document(const Plan& plan) {
    JsonObject document = place_document(plan.place());
    document["kind"] = to_string(plan.kind);
    document["stage"] = to_string(plan.stage);
    document["origin"] = plan.origin == PlanOrigin::device ? "device" : "operation";
    document["credential"] = credential_document(plan.provision.credential);
    document["iotEdge"] = plan.provision.iot_edge;
    document["tags"] = plan.provision.initial_twin.tags;
    document["desired"] = plan.provision.initial_twin.desired;
    write_move(document, plan);
    if (plan.question) {
        document["question"] = question_document(*plan.question);
    }
    if (plan.payload) {
        document["payload"] = *plan.payload;
    }
    if (!plan.operation.empty()) {
        document["operation"] = plan.operation;
    }
    return document;
}

JsonArray chores_document(const std::vector<Chore>& chores) {
    JsonArray list;
    for (const Chore& chore : chores) {
        JsonObject document = place_document(chore.place);
        document["kind"] = to_string(chore.kind);
        document["token"] = chore.token.text();
        document["tries"] = chore.tries;
        document["problem"] = chore.problem;
        document["since"] = format_time(chore.since);
        list.emplace_back(std::move(document));
    }
    return list;
}

std::optional<Place> read_place(MemberReader& members, std::string_view key) {
    const JsonObject* document = members.object(key);
    if (document == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*document, members.path_of(key) + '.');
    Place place{.hub = HubName(inner.required_text("hub")),
                .device_id = DeviceId(inner.required_text("deviceId"))};
    members.adopt(inner.verdict());
    return place;
}

std::optional<Plan> read_plan(MemberReader& members) {
    const JsonObject* document = members.object("plan");
    if (document == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*document, "plan.");
    Plan plan{
        .kind = known(inner, "kind", plan_kind(inner.required_text("kind"))),
        .hub = HubName(inner.required_text("hub")),
        .provision = {.device_id = DeviceId(inner.required_text("deviceId")),
                      .credential = read_credential(inner),
                      .iot_edge = inner.flag("iotEdge").value_or(false),
                      .initial_twin = {.tags = inner.required_object("tags"),
                                       .desired = inner.required_object("desired")}},
        .stage = read_stage(inner),
        .origin = known(inner, "origin", plan_origin(inner.text("origin").value_or("device"))),
        .twin = known(inner, "twin", twin_source(inner.text("twin").value_or("carried"))),
        .from = read_place(inner, "from"),
        .token = MoveToken(inner.text("token").value_or("")),
        .question = read_question(inner),
        .payload = inner.copy("payload"),
        .operation = inner.text("operation").value_or(""),
    };
    members.adopt(inner.verdict());
    return plan;
}

std::vector<Chore> read_chores(MemberReader& members) {
    std::vector<Chore> chores;
    const JsonArray* list = members.array("chores");
    for (const Json& one : list == nullptr ? JsonArray() : *list) {
        if (!one.is_object()) {
            members.refuse("chores", "must hold objects");
            break;
        }
        MemberReader inner(one.as_object(), "chores.");
        chores.push_back(read_chore(inner));
        members.adopt(inner.verdict());
    }
    return chores;
}

} // namespace muster::provisioning
