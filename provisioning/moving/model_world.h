#pragma once
// A small world of one device, two hubs and two processes, as a value: every moment of the protocol
// of moves is one. For the exhaustive test (model_test.cpp).
//
// What a transition does at the hubs is done by the real HubSteps, and every record comes from the
// real rules. A call may lose its way, its answer, or take effect at any later moment.

#include "provisioning/fake_hub_table.h"
#include "provisioning/moving/taking.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning::model {

inline const HubName hub_a{"a"};
inline const HubName hub_b{"b"};
inline const DeviceId device{"dev-1"};

// How the device proves itself, and its twins: what it made of it, and what it begins with.
HubCredential credential(int key);
HubTwin lived_twin(int reported);
InitialTwin initial_twin();

/// What is to be done next, in words.
std::string words_of(const RegistrationRecord& record);

/// A write that was given up and has not taken effect yet.
struct LateCall {
    enum class Kind : std::uint8_t { create, update, erase };
    Kind kind = Kind::create;
    HubName hub;
    HubDevice device;
    HubTwin twin;
};

/// A process between reading the record and storing what came of it.
struct Process {
    std::optional<RegistrationRecord> read;
    std::optional<RegistrationRecord> next;
};

/// How often each of these may still happen.
struct Budget {
    std::size_t processes = 1; // that work at once
    int registrations = 2;
    int operators = 1;
    int crashes = 1;
    int faults = 1; // lost calls and answers
    int late = 1;   // calls that take effect later
    int sleepers = 1;
    int reports = 1; // the device changes its twin
};

struct State {
    FakeHubTable table;
    std::optional<RegistrationRecord> record;
    std::array<Process, 2> processes;
    std::vector<LateCall> late;
    Budget left;
    HubName target = hub_b; // of the allocation
    bool resets = false;    // the reprovisioning policy
    bool enrolled = true;
    bool enabled = true;
    std::optional<HubName> unlinked;
    int reported = 1;        // what the device has reported last
    bool renewed = false;    // a reset has been decided since
    bool let_in = false;     // by somebody who knew that the device was blocked
    int key = 1;             // of the device, newer with each registration
    std::uint64_t names = 0; // given out: tokens, etags, operations
};

struct Transition {
    std::string label;
    State next;
};

/// The device at hub A with a twin of its own, and the policy says B.
State initial_state(const Budget& budget);

/// Everything that may happen next.
std::vector<Transition> transitions_of(const State& state);

/// No faults any more: what is stored is carried out, and late calls take effect.
State come_to_rest(State state);
/// The operator makes good what is in the way, and the device registers again.
State register_at_last(State state);

bool is_served(const State& state);

/// What is wrong; empty if nothing is.
std::string violation_of(const State& state);
std::string violation_at_rest(const State& state);
std::string violation_at_last(const State& state);

} // namespace muster::provisioning::model
