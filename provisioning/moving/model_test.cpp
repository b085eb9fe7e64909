// Every interleaving of two registrations, one operator's action, one crash, and calls to hubs that
// lose their way, their answers, or take effect late: of the real rules and the real steps, over a
// model of two hubs. At every moment the device is enabled at one hub at most and its twin is
// whole; and from every moment, once nothing goes wrong any more, it ends enabled at exactly one
// hub, with the twin that was promised (docs/decisions/0009-moves.md).

#include "provisioning/moving/model_world.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace muster::provisioning::model {

namespace {

/// Writes a state down, with names in the order in which they appear.
class KeyWriter {
  public:
    /// Equal for states that cannot be told apart by what may come.
    std::string key_of(const State& state) {
        for (const Process& process : state.processes) {
            write(state, process);
        }
        number(state.left.registrations);
        number(state.left.operators);
        number(state.left.crashes);
        number(state.left.faults);
        number(state.left.late);
        number(state.left.sleepers);
        number(state.left.reports);
        return key_at_rest(state);
    }

    /// Equal for states that come to the same rest: whoever was at work is gone by then.
    std::string key_at_rest(const State& state) {
        text(state.target.text());
        number((state.enrolled ? 1 : 0) + (state.enabled ? 2 : 0) + (state.renewed ? 4 : 0) +
               (state.let_in ? 8 : 0));
        text(state.unlinked ? state.unlinked->text() : "");
        number(state.reported);
        number(state.key);
        for (const auto& [place, row] : state.table.rows()) {
            text(place.first.text());
            identity(row.device);
            twin(row.twin);
        }
        optional_record(state.record);
        for (const LateCall& call : state.late) {
            number(static_cast<int>(call.kind));
            text(call.hub.text());
            identity(call.device);
            twin(call.twin);
        }
        return std::move(key_);
    }

  private:
    void text(std::string_view value) {
        key_ += value;
        key_ += '|';
    }

    void number(std::int64_t value) { text(std::to_string(value)); }

    void name(const MoveToken& token) {
        const auto [entry, is_new] = names_.try_emplace(token.text(), names_.size());
        number(static_cast<std::int64_t>(entry->second));
    }

    void place(const Place& where) { text(where.hub.text()); }

    void credential(const HubCredential& one) {
        const auto* thumbprints = std::get_if<HubThumbprints>(&one);
        text(thumbprints == nullptr ? "-" : thumbprints->primary);
    }

    void identity(const HubDevice& one) {
        number(one.enabled ? 1 : 0);
        if (const auto mark = read_move_mark(one.status_reason)) {
            number(static_cast<int>(mark->side) + (mark->was_enabled ? 2 : 0));
            name(mark->token);
        }
        if (const auto block = read_block_mark(own_reason(one))) {
            number(block->was_enabled ? 8 : 9);
        }
        credential(one.credential);
    }

    static std::string own_reason(const HubDevice& one) {
        const auto mark = read_move_mark(one.status_reason);
        return mark ? mark->reason : one.status_reason;
    }

    void twin(const HubTwin& one) {
        text(to_text(one.tags));
        text(to_text(one.reported));
    }

    void record(const RegistrationRecord& one) {
        number(static_cast<int>(one.status) + (one.erased ? 16 : 0) + (one.failure ? 32 : 0) +
               (one.block ? 64 : 0));
        text(one.assignment ? one.assignment->hub.text() : "");
        text(one.unconfirmed ? one.unconfirmed->hub.text() : "");
        text(one.held_at ? one.held_at->text() : "");
        for (const Chore& chore : one.chores) {
            number(static_cast<int>(chore.kind));
            place(chore.place);
            name(chore.token);
        }
        if (one.plan) {
            number(static_cast<int>(one.plan->kind) + 8 * static_cast<int>(one.plan->stage) +
                   64 * static_cast<int>(one.plan->origin) +
                   128 * static_cast<int>(one.plan->twin));
            text(one.plan->hub.text());
            text(one.plan->from ? one.plan->from->hub.text() : "");
            name(one.plan->token);
            credential(one.plan->provision.credential.value_or(HubNoCredential()));
        }
    }

    void optional_record(const std::optional<RegistrationRecord>& one) {
        number(one ? 1 : 0);
        if (one) {
            record(*one);
        }
    }

    /// What was read from a record that has changed since can only be thrown away.
    void write(const State& state, const Process& process) {
        const bool is_current = process.read && state.record &&
                                state.record->stamp.version == process.read->stamp.version;
        number((process.read ? 1 : 0) + (process.next ? 2 : 0) + (is_current ? 4 : 0));
        if (process.next && is_current) {
            record(*process.next);
        }
        if (process.read && !process.next && !is_current) {
            record(*process.read);
        }
    }

    std::string key_;
    std::map<std::string, std::size_t> names_;
};

/// Calls that cannot take effect any more, whatever happens.
void forget_the_dead(State& state) {
    std::erase_if(state.late, [&](const LateCall& call) {
        if (call.kind == LateCall::Kind::create) {
            return false;
        }
        const FakeHubRow* row = state.table.find(call.hub, call.device.id);
        return row == nullptr || row->device.etag != call.device.etag;
    });
}

/// Breadth first, so that what it finds is the shortest story.
class Exploration {
  public:
    explicit Exploration(State first) { visit(std::move(first), nowhere, "at first"); }

    void run(std::size_t states_max) {
        while (!waiting_.empty() && violation_.empty() && seen_.size() < states_max) {
            auto [state, index] = std::move(waiting_.front());
            waiting_.pop_front();
            for (Transition& transition : transitions_of(state)) {
                ++transitions_;
                visit(std::move(transition.next), index, std::move(transition.label));
            }
        }
    }

    [[nodiscard]] std::size_t states() const { return seen_.size(); }

    [[nodiscard]] std::size_t transitions() const { return transitions_; }

    [[nodiscard]] bool complete() const { return waiting_.empty(); }

    /// With the way that leads to it; empty if there is none.
    [[nodiscard]] const std::string& violation() const { return violation_; }

  private:
    static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

    struct Step {
        std::size_t before;
        std::string label;
    };

    void visit(State state, std::size_t before, std::string label) {
        forget_the_dead(state);
        if (!violation_.empty() || !seen_.insert(KeyWriter().key_of(state)).second) {
            return;
        }
        const std::size_t index = steps_.size();
        steps_.push_back({before, std::move(label)});
        if (std::string wrong = judge(state); !wrong.empty()) {
            violation_ = std::move(wrong) + story_of(index);
        }
        waiting_.emplace_back(std::move(state), index);
    }

    /// Now, once it has come to rest, and once the device has registered then.
    std::string judge(const State& state) {
        if (!judged_.insert(KeyWriter().key_at_rest(state)).second) {
            return {};
        }
        if (std::string wrong = violation_of(state); !wrong.empty()) {
            return wrong;
        }
        const State rest = come_to_rest(state);
        if (const std::string wrong = violation_at_rest(rest); !wrong.empty()) {
            return "at rest: " + wrong;
        }
        const std::string wrong = violation_at_last(register_at_last(rest));
        return wrong.empty() ? wrong : "registered at last: " + wrong;
    }

    [[nodiscard]] std::string story_of(std::size_t index) const {
        std::string story;
        for (std::size_t at = index; at != nowhere; at = steps_[at].before) {
            story = "\n  " + steps_[at].label + story;
        }
        return story;
    }

    std::deque<std::pair<State, std::size_t>> waiting_;
    std::unordered_set<std::string> seen_;
    std::unordered_set<std::string> judged_;
    std::vector<Step> steps_;
    std::size_t transitions_ = 0;
    std::string violation_;
};

struct Scope {
    std::string_view name;
    Budget budget;
    bool resets = false;
    std::size_t states_min = 0; // so that it cannot become empty
};

void PrintTo(const Scope& scope, std::ostream* out) {
    *out << scope.name;
}

constexpr Budget calm{.registrations = 2,
                      .operators = 1,
                      .crashes = 0,
                      .faults = 0,
                      .late = 0,
                      .sleepers = 0,
                      .reports = 0};

constexpr Budget with(Budget budget, int Budget::* what, int count = 1) {
    budget.*what = count;
    return budget;
}

constexpr Budget with_two_processes(Budget budget) {
    budget.processes = 2;
    return budget;
}

constexpr Budget lossy =
    with(with(with(calm, &Budget::crashes), &Budget::faults), &Budget::reports);
constexpr Budget late = with(calm, &Budget::late);
constexpr Budget sleepy = with_two_processes(with(calm, &Budget::sleepers));

/// Blocked, unblocked, and blocked again.
constexpr Budget repeated = with(late, &Budget::operators, 3);

/// Seconds, even with a sanitizer.
const std::vector<Scope> always = {
    {.name = "calls_that_are_lost", .budget = lossy, .states_min = 8000},
    {.name = "calls_that_are_late", .budget = late, .states_min = 3000},
    {.name = "calls_that_are_late_for_a_reset", .budget = late, .resets = true, .states_min = 3000},
    {.name = "two_processes", .budget = with_two_processes(calm), .states_min = 1000},
    {.name = "a_process_that_sleeps", .budget = sleepy, .states_min = 8000},
    {.name = "a_block_that_is_repeated",
     .budget = with(repeated, &Budget::registrations, 0),
     .states_min = 1000},
};

/// Minutes: with MUSTER_MODEL=full in the environment.
const std::vector<Scope> now_and_then = {
    {.name = "a_reset_that_is_lost", .budget = lossy, .resets = true, .states_min = 8000},
    {.name = "two_late_calls", .budget = with(late, &Budget::late, 2), .states_min = 8000},
    {.name = "blocks_and_unblocks",
     .budget = with(with(sleepy, &Budget::late), &Budget::operators, 2),
     .states_min = 50000},
    {.name = "blocks_that_are_repeated",
     .budget = with(repeated, &Budget::registrations, 1),
     .states_min = 50000},
    {.name = "two_sleepers", .budget = with(sleepy, &Budget::sleepers, 2), .states_min = 8000},
    {.name = "late_calls_and_sleepers", .budget = with(sleepy, &Budget::late), .states_min = 50000},
    {.name = "late_calls_and_sleepers_in_a_reset",
     .budget = with(sleepy, &Budget::late),
     .resets = true,
     .states_min = 50000},
    {.name = "late_and_lost", .budget = with(lossy, &Budget::late), .states_min = 50000},
};

std::vector<Scope> scopes() {
    const char* wanted = std::getenv("MUSTER_MODEL");
    std::vector<Scope> all = always;
    if (wanted != nullptr && std::string_view(wanted) == "full") {
        all.insert(all.end(), now_and_then.begin(), now_and_then.end());
    }
    return all;
}

constexpr std::size_t states_max = 2'000'000;

struct Model : testing::TestWithParam<Scope> {};

TEST_P(Model, NeverTwiceNeverNowhereNeverMixedUp) {
    State first = initial_state(GetParam().budget);
    first.resets = GetParam().resets;
    Exploration exploration(std::move(first));
    exploration.run(states_max);
    RecordProperty("states", static_cast<int>(exploration.states()));
    std::cout << GetParam().name << ": " << exploration.states() << " states, "
              << exploration.transitions() << " transitions\n";
    EXPECT_TRUE(exploration.violation().empty()) << exploration.violation();
    EXPECT_TRUE(exploration.complete());
    EXPECT_GE(exploration.states(), GetParam().states_min);
}

INSTANTIATE_TEST_SUITE_P(Protocol, Model, testing::ValuesIn(scopes()),
                         [](const auto& info) { return std::string(info.param.name); });

} // namespace
} // namespace muster::provisioning::model
