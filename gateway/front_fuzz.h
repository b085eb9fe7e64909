#pragma once
// For fuzzing: a whole session through a front door, services included. The input is what the peer
// sends; the byte FF and one of the four values below stand for something else that happens.

#include "base/check.h"
#include "base/log.h"
#include "gateway/provisioning_world.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::gateway {

enum class Happening : std::uint8_t { work_is_done, time_passes, server_stops, work_is_lost };

class FuzzedSession {
  public:
    FuzzedSession() {
        log::start(log::Level::off);
        world.enroll("dev-1"); // its key made the tokens of the corpus
        world.enroll("dev-2", hidden_key);
    }

    /// Runs the session to its end and returns everything that the server said.
    std::string run(Wire& wire, std::string_view input) {
        while (!input.empty() && !wire.wants_close()) {
            const auto mark = input.find('\xff');
            if (mark == 0 && input.size() >= 2 && static_cast<std::uint8_t>(input[1]) < 4) {
                happen(wire, static_cast<Happening>(input[1]));
                input.remove_prefix(2);
                continue;
            }
            const auto end = mark == 0 ? std::size_t{1} : std::min(mark, input.size());
            feed(wire, input.substr(0, end));
            input.remove_prefix(end);
        }
        end(wire);
        // Rule 5 of the product: nobody is assigned whose proof did not verify.
        CHECK(!world.is_at_hub("dev-2"));
        CHECK(!world.has_record("dev-2"));
        return wire.take();
    }

    ProvisioningWorld world;

  private:
    static constexpr std::string_view hidden_key = "bm9ib2R5IGtub3dzIHRoaXMga2V5IGF0IGFsbCE=";

    void feed(Wire& wire, std::string_view bytes) {
        if (!wire.wants_input()) {
            wire.settle(world.workers); // net/ would wait
        }
        if (wire.wants_input()) {
            wire.send(bytes);
        }
    }

    void happen(Wire& wire, Happening what) {
        switch (what) {
        case Happening::work_is_done: wire.settle(world.workers); break;
        case Happening::time_passes: pass_time(wire); break;
        case Happening::server_stops: wire.stop(); break;
        case Happening::work_is_lost: world.workers.forget(); break;
        }
    }

    void pass_time(Wire& wire) {
        const auto due = wire.next_deadline();
        if (!due) {
            return;
        }
        if (*due > world.clock.steady()) {
            world.clock.advance(
                std::chrono::ceil<std::chrono::microseconds>(*due - world.clock.steady()));
        }
        wire.deadline();
    }

    /// Once the server is told to stop, every connection must end, in bounded steps.
    void end(Wire& wire) {
        wire.settle(world.workers);
        wire.stop();
        for (int step = 0; step < 16 && !wire.wants_close(); ++step) {
            wire.settle(world.workers);
            pass_time(wire);
        }
        CHECK(wire.wants_close());
    }
};

} // namespace muster::gateway
