// The transitions of the model, see model_world.h.

#include "provisioning/moving/model_hubs.h"
#include "provisioning/planning.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning::model {

namespace {

const RegistrationId id{"dev-1"};
const std::vector<Place> everywhere = {{.hub = hub_a, .device_id = device},
                                       {.hub = hub_b, .device_id = device}};
const WallTime now = from_unix_seconds(1'893'456'000);
constexpr int steps_max = 64;

std::string next_name(State& state, std::string_view kind) {
    return std::string(kind) + std::to_string(++state.names);
}

Mark next_mark(State& state) {
    return {.now = now, .etag = ETag(next_name(state, "record"))};
}

MoveToken next_token(State& state) {
    std::string digits = std::to_string(++state.names);
    digits.insert(0, 16 - digits.size(), 'f');
    return MoveToken(digits);
}

Instance instance_of(const State& state) {
    Instance instance;
    instance.scope = IdScope("0ne00MODEL1");
    for (const HubName& hub : {hub_a, hub_b}) {
        if (state.unlinked == hub) {
            instance.former_hubs.push_back({.name = hub, .connection_string = {}});
        } else {
            instance.hubs.push_back({.name = hub});
        }
    }
    return instance;
}

std::shared_ptr<const EnrollmentTerms> terms_of(const State& state) {
    EnrollmentTerms terms;
    terms.status = state.enabled ? ProvisioningStatus::enabled : ProvisioningStatus::disabled;
    terms.allocation_policy = AllocationPolicy::fixed;
    terms.hubs = {state.target};
    terms.reprovision_policy =
        ReprovisionPolicy{.update_hub_assignment = true, .migrate_device_data = !state.resets};
    terms.initial_twin = JsonObject{{"tags", initial_twin().tags}};
    return std::make_shared<const EnrollmentTerms>(std::move(terms));
}

// ---- registrations ----

void store_decision(State& state, const RegistrationFacts& facts, const Decision& decision) {
    const Mark mark = next_mark(state);
    if (const auto* amend = std::get_if<Amend>(&decision)) {
        state.record =
            record_plan(facts, amend->plan, {.operation = facts.record->operation, .mark = mark});
        return;
    }
    const Attempt attempt{.operation = OperationId(next_name(state, "operation")), .mark = mark};
    if (const auto* begin = std::get_if<Begin>(&decision)) {
        state.record = record_plan(facts, begin->plan, attempt);
    } else if (const auto* decline = std::get_if<Decline>(&decision)) {
        state.record = record_refusal(facts, *decline, attempt);
    }
}

void register_device(State& state) {
    if (!state.enrolled) {
        return;
    }
    ++state.key;
    const Applicant applicant{.id = id,
                              .decided_by = DecidedByIndividual{id},
                              .terms = terms_of(state),
                              .device_id = {},
                              .credential = credential(state.key),
                              .attestation_note = {}};
    const Instance instance = instance_of(state);
    const AllocationInputs inputs{.api_version = "2021-06-01", .now = now};
    const std::optional<RegistrationRecord> record = state.record;
    const RegistrationFacts facts{.applicant = applicant,
                                  .record = record,
                                  .instance = instance,
                                  .inputs = inputs,
                                  .token = next_token(state)};
    store_decision(state, facts, plan_registration(facts));
}

// ---- the processes ----

bool is_current(const State& state, const RegistrationRecord& record) {
    return state.record && state.record->stamp.version == record.stamp.version;
}

/// Of a record that is read, the enrollment says no.
bool is_objected_to(const State& state, const RegistrationRecord& record) {
    return (!state.enrolled || !state.enabled) && record.plan &&
           record.plan->origin == PlanOrigin::device && may_be_given_up(*record.plan);
}

RegistrationRecord given_up(State& state, const RegistrationRecord& planned) {
    return record_ending(planned,
                         {.status = RegistrationStatus::failed,
                          .failure = {failure_code::internal, "given up"},
                          .knows = HubKnows::perhaps},
                         next_mark(state));
}

/// What a process makes of the record it has read: the next one, or an error.
Result<RegistrationRecord> act(State& state, ModelHubs& hubs, const RegistrationRecord& read) {
    HubSteps steps(hubs, [&]() -> Result<void> {
        return is_current(state, read) ? Result<void>() : fail(Code::conflict, "changed");
    });
    const Chore* chore = chore_before_plan(read);
    if (chore == nullptr && !read.plan) {
        chore = &read.chores.front();
    }
    if (chore != nullptr) {
        const auto done = steps.carry_out(*chore);
        return done ? Result<RegistrationRecord>(after_chore(read, *chore, next_mark(state)))
                    : std::unexpected(done.error());
    }
    if (is_objected_to(state, read)) {
        return given_up(state, read);
    }
    auto advance = take_hub_step(steps, read, next_mark(state));
    return advance ? Result<RegistrationRecord>(std::move(advance->next))
                   : std::unexpected(std::move(advance).error());
}

bool may_pass(Code code) {
    return code == Code::unavailable || code == Code::conflict;
}

struct Acting {
    std::size_t process = 0;
    RegistrationRecord read;
    std::string label;
    std::vector<Transition>& transitions;
};

/// The call that takes effect late may be of before the block.
void note_who_let_in(const State& before, const RegistrationRecord& read,
                     const std::optional<FaultAt>& fault, State& state) {
    const bool by_itself = !fault || fault->fault != Fault::overtaken;
    state.let_in |= by_itself && read.block && !is_served(before) && is_served(state);
}

/// One try, and, where the runner might, giving up after it.
void try_with(const State& before, const Acting& acting, std::optional<FaultAt> fault,
              const std::string& label, std::vector<bool>* calls) {
    State state = before;
    ModelHubs hubs(state, fault);
    auto outcome = act(state, hubs, acting.read);
    note_who_let_in(before, acting.read, fault, state);
    if (calls != nullptr) {
        *calls = hubs.calls();
    }
    Process& process = state.processes.at(acting.process);
    process = {};
    const std::string text = acting.label + label;
    if (outcome) {
        process = {.read = acting.read, .next = *std::move(outcome)};
        acting.transitions.push_back({text, std::move(state)});
        return;
    }
    const bool may_end = acting.read.plan && may_be_given_up(*acting.read.plan);
    if (may_end) {
        State ended = state;
        ended.processes.at(acting.process) = {.read = acting.read,
                                              .next = given_up(ended, acting.read)};
        acting.transitions.push_back({text + ", gives up", std::move(ended)});
    }
    if (!may_end || may_pass(outcome.error().code)) {
        acting.transitions.push_back({text + ", will try again", std::move(state)});
    }
}

void spend(State& state, Fault fault) {
    switch (fault) {
    case Fault::lost:
    case Fault::answer_lost: --state.left.faults; return;
    case Fault::late: --state.left.late; return;
    case Fault::overtaken: return;
    }
}

bool is_possible(const State& state, Fault fault, bool writes) {
    switch (fault) {
    case Fault::lost: return state.left.faults > 0;
    case Fault::answer_lost: return writes && state.left.faults > 0;
    case Fault::late: return writes && state.left.late > 0;
    case Fault::overtaken: return !state.late.empty();
    }
    return false;
}

std::string_view text_of(Fault fault) {
    switch (fault) {
    case Fault::lost: return " is lost";
    case Fault::answer_lost: return " loses its answer";
    case Fault::late: return " will be late";
    case Fault::overtaken: return " is overtaken by a late one";
    }
    return {};
}

/// Without a fault, and with each fault at each of its calls.
void add_tries(const State& state, const Acting& acting) {
    std::vector<bool> calls;
    try_with(state, acting, std::nullopt, {}, &calls);
    for (std::size_t call = 0; call < calls.size(); ++call) {
        for (const Fault fault : {Fault::lost, Fault::answer_lost, Fault::late, Fault::overtaken}) {
            if (!is_possible(state, fault, calls[call])) {
                continue;
            }
            State spent = state;
            spend(spent, fault);
            try_with(spent, acting, FaultAt{.call = static_cast<int>(call), .fault = fault},
                     ", call " + std::to_string(call + 1) + std::string(text_of(fault)), nullptr);
        }
    }
}

void add_process(const State& state, std::size_t index, std::vector<Transition>& transitions) {
    const Process& process = state.processes.at(index);
    const std::string name = "process " + std::to_string(index + 1);
    if (process.next) {
        State stored = state;
        stored.processes.at(index) = {};
        if (is_current(state, *process.read)) {
            stored.record = process.next;
            const auto& plan = process.next->plan;
            stored.renewed |= plan && plan->stage == PlanStage::decided &&
                              (plan->kind == PlanKind::reset || plan->twin == TwinSource::initial);
        }
        transitions.push_back({name + " stores", std::move(stored)});
        if (state.left.crashes > 0) {
            State crashed = state;
            --crashed.left.crashes;
            crashed.processes.at(index) = {};
            transitions.push_back({name + " crashes before it stores", std::move(crashed)});
        }
        return;
    }
    const auto& record = process.read ? process.read : state.record;
    if (!record || !record->unfinished()) {
        return;
    }
    add_tries(state, {.process = index,
                      .read = *record,
                      .label = name + ": " + words_of(*record),
                      .transitions = transitions});
    if (!process.read && state.left.sleepers > 0) {
        State asleep = state;
        --asleep.left.sleepers;
        asleep.processes.at(index).read = record;
        transitions.push_back({name + " reads the record and falls asleep", std::move(asleep)});
    }
}

// ---- the operator and the device ----

void cancel(State& state) {
    if (state.record && state.record->plan && may_be_given_up(*state.record->plan)) {
        state.record = given_up(state, *state.record);
    }
}

void erase_enrollment(State& state) {
    state.enrolled = false;
    if (state.record) {
        state.record = remains_of(*state.record, next_mark(state));
    }
}

/// Held at B, and moved there at once, as fleets do it.
void quarantine(State& state) {
    if (!state.record || state.record->plan || state.record->erased) {
        return;
    }
    const Instance instance = instance_of(state);
    const AllocationInputs inputs{.now = now};
    const auto terms = terms_of(state);
    RegistrationRecord record = *state.record;
    record.held_at = hub_b;
    record.stamp = next_stamp(record.stamp, next_mark(state));
    const Decision decision = plan_relocation({.terms = terms.get(),
                                               .record = record,
                                               .instance = instance,
                                               .inputs = inputs,
                                               .to = hub_b,
                                               .away_from = {},
                                               .token = next_token(state),
                                               .operation = {}});
    if (const auto* begin = std::get_if<Begin>(&decision)) {
        record.plan = begin->plan;
        record.status = RegistrationStatus::assigning;
        record.operation = OperationId(next_name(state, "operation"));
    }
    state.record = record;
}

void block(State& state) {
    state.record = record_block(id, state.record, Block(), everywhere, next_mark(state));
}

void unblock(State& state) {
    if (state.record && state.record->block) {
        state.record = record_unblock(*state.record, everywhere, next_mark(state));
    }
}

struct Action {
    std::string_view label;
    void (*run)(State&);
};

const std::vector<Action>& operator_actions() {
    static const std::vector<Action> actions = {
        {"the policy changes", [](State& s) { s.target = s.target == hub_a ? hub_b : hub_a; }},
        {"the enrollment is disabled", [](State& s) { s.enabled = false; }},
        {"the enrollment is deleted", erase_enrollment},
        {"the plan is cancelled", cancel},
        {"the device is quarantined", quarantine},
        {"the device is blocked", block},
        {"the device is unblocked", unblock},
        {"hub a is unlinked", [](State& s) { s.unlinked = hub_a; }},
        {"hub b is unlinked", [](State& s) { s.unlinked = hub_b; }},
    };
    return actions;
}

template <class Change>
void add(const State& state, std::string label, std::vector<Transition>& transitions,
         Change change) {
    State next = state;
    change(next);
    transitions.push_back({std::move(label), std::move(next)});
}

void add_people(const State& state, std::vector<Transition>& transitions) {
    if (state.left.registrations > 0 && state.enrolled) {
        add(state, "the device registers", transitions, [](State& next) {
            --next.left.registrations;
            register_device(next);
        });
    }
    if (state.left.operators > 0) {
        for (const Action& action : operator_actions()) {
            add(state, std::string(action.label), transitions, [&](State& next) {
                --next.left.operators;
                action.run(next);
            });
        }
    }
    if (state.left.reports > 0) {
        for (const HubName& hub : {hub_a, hub_b}) {
            const FakeHubRow* row = state.table.find(hub, device);
            if (row != nullptr && row->device.enabled) {
                add(state, "the device reports at " + hub.text(), transitions, [&](State& next) {
                    --next.left.reports;
                    ++next.reported;
                    next.table.edit_twin(
                        hub, device, [&](HubTwin& twin) { twin.reported["n"] = next.reported; });
                });
            }
        }
    }
}

} // namespace

State initial_state(const Budget& budget) {
    State state;
    state.left = budget;
    (void)state.table.create(hub_a, {.id = device, .credential = credential(1)}, lived_twin(1));
    RegistrationRecord record{.id = id};
    record.status = RegistrationStatus::assigned;
    record.assignment = Assignment{.hub = hub_a, .device_id = device};
    record.decided_by = DecidedByIndividual{id};
    record.operation = OperationId("operation0");
    record.stamp = first_stamp({.now = now, .etag = ETag("record0")});
    state.record = record;
    return state;
}

std::vector<Transition> transitions_of(const State& state) {
    std::vector<Transition> transitions;
    add_people(state, transitions);
    for (std::size_t i = 0; i < state.left.processes; ++i) {
        add_process(state, i, transitions);
    }
    for (std::size_t i = 0; i < state.late.size(); ++i) {
        add(state, "late call " + std::to_string(i + 1) + " takes effect", transitions,
            [&](State& next) { ModelHubs::apply_late(next, i); });
    }
    return transitions;
}

State come_to_rest(State state) {
    for (int i = 0; i < steps_max; ++i) {
        state.processes = {};
        if (!state.record || !state.record->unfinished()) {
            break;
        }
        const RegistrationRecord read = *state.record;
        const State before = state;
        ModelHubs hubs(state, std::nullopt);
        auto next = act(state, hubs, read);
        note_who_let_in(before, read, std::nullopt, state);
        if (next) {
            const auto& plan = next->plan;
            state.renewed |= plan && plan->stage == PlanStage::decided &&
                             (plan->kind == PlanKind::reset || plan->twin == TwinSource::initial);
            state.record = *std::move(next);
        } else if (read.plan && may_be_given_up(*read.plan)) {
            state.record = given_up(state, read);
        }
    }
    while (!state.late.empty()) {
        ModelHubs::apply_late(state, 0);
    }
    return state;
}

State register_at_last(State state) {
    state.enrolled = true;
    state.enabled = true;
    state.unlinked.reset();
    unblock(state);
    register_device(state);
    state = come_to_rest(std::move(state));
    return state;
}

} // namespace muster::provisioning::model
