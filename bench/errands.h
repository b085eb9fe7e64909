#pragma once
// The two things a client does in bench_registration: a device registers, a visitor gets a page.

#include "bench/rush.h"
#include "device/provisioning_client.h"

#include <atomic>
#include <memory>

namespace muster::bench {

enum class Protocol { https, mqtt };

/// Registers and asks for the outcome at once, instead of seconds later as the service says, and
/// then soon again: the service's time counts, not the waiting. Counts the questions.
std::unique_ptr<session::Conversation> register_at_once(Protocol protocol,
                                                        device::RegisterOptions options,
                                                        const Clock& clock,
                                                        std::atomic<std::size_t>& polls, Done done);

/// `GET /`, which must be answered with 204.
std::unique_ptr<session::Conversation> get_nothing(const std::string& host, Done done);

} // namespace muster::bench
