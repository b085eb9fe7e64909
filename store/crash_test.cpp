// A process that writes is killed without warning, over and over on the same file; whatever it was
// told is stored must be there afterwards.

#include "store/stores.h"
#include "store/suite.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <set>
#include <thread>

namespace muster::store {

namespace {

using provisioning::Expected;

constexpr int writers = 4;

/// What the child tells of a write, after it has been acknowledged. Small enough that the pipe
/// takes it whole or not at all.
struct Acknowledged {
    int life = 0;
    int writer = 0;
    int round = 0;
    std::int64_t sequence = 0; // of the telemetry
    std::int64_t told = 0;     // of the event that came with the twin
};

std::string name_of(const Acknowledged& written) {
    return fmt::format("dev-{}-{}-{}", written.life, written.writer, written.round);
}

/// A registration, its device and a message; then the word to the parent.
void write_one(Stores& stores, Acknowledged written, int pipe) {
    const std::string name = name_of(written);
    hub::EventBatch batch{.events = {hub_event(name)}, .retention = {}};
    hub::EventBatch note{.events = {hub_event(name)}, .retention = {}};
    note.events.front().source = hub::EventSource::twin_change;
    const bool stored = stores.registrations().save(scope, record(name), Expected{0}) &&
                        stores.devices().create(hub_1, device_with_twin(name)) &&
                        stores.devices().update_twin(hub_1, DeviceId(name), twin(2), 1, note) &&
                        stores.events().append(hub_1, batch);
    written.sequence = batch.last_sequence();
    written.told = note.last_sequence();
    if (!stored || ::write(pipe, &written, sizeof written) != sizeof written) {
        std::_Exit(1);
    }
}

/// The life of the child: writes until it is killed.
[[noreturn]] void write_for_ever(const std::filesystem::path& file, int life, int pipe) {
    const auto stores = open_sqlite_stores({.file = file, .readers = 1, .group_rows_max = 3});
    if (!stores) {
        std::_Exit(1);
    }
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&, writer] {
            for (int round = 0;; ++round) {
                write_one(**stores, {.life = life, .writer = writer, .round = round}, pipe);
            }
        });
    }
    threads.front().join();
    std::_Exit(1); // not reached: the threads do not end
}

class CrashTest : public testing::Test {
  protected:
    /// Starts a child, kills it after so many acknowledgements, and returns all it had sent.
    std::vector<Acknowledged> live_and_die(int life, std::size_t count) {
        int pipe_ends[2];
        EXPECT_EQ(::pipe(pipe_ends), 0);
        // No other thread runs here: between two lives the stores are closed.
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(pipe_ends[0]);
            write_for_ever(file_, life, pipe_ends[1]);
        }
        ::close(pipe_ends[1]);
        std::vector<Acknowledged> all;
        for (Acknowledged one; ::read(pipe_ends[0], &one, sizeof one) == sizeof one;) {
            all.push_back(one);
            if (all.size() == count) {
                ::kill(child, SIGKILL); // what is in the pipe already is still read
            }
        }
        ::close(pipe_ends[0]);
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        return all;
    }

    /// Everything is there, and telemetry numbers were never given out twice.
    void verify(const std::vector<Acknowledged>& all) {
        const auto stores = open_sqlite_stores({.file = file_});
        ASSERT_TRUE(stores) << stores.error().cause;
        std::set<std::int64_t> sequences;
        for (const Acknowledged& one : all) {
            const std::string name = name_of(one);
            EXPECT_EQ(describe((*stores)->registrations().find(scope, RegistrationId(name))),
                      describe(record(name)));
            EXPECT_EQ(describe((*stores)->devices().find(hub_1, DeviceId(name))),
                      describe(device(name)) + describe(twin(2)));
            verify_event(**stores, one.sequence, name);
            verify_event(**stores, one.told, name);
            EXPECT_TRUE(sequences.insert(one.sequence).second);
            EXPECT_TRUE(sequences.insert(one.told).second);
        }
        verify_counts(**stores);
        verify_told(**stores);
    }

    static void verify_event(Stores& stores, std::int64_t sequence, const std::string& device) {
        const auto stored = stores.events().read(hub_1, {.after = sequence - 1, .count_max = 1});
        ASSERT_TRUE(stored && stored->size() == 1);
        EXPECT_EQ(stored->front().sequence, sequence);
        EXPECT_EQ(stored->front().identity.text(), device);
    }

    /// The devices whose twins the log says were changed.
    static std::set<std::string> told_of(Stores& stores) {
        std::set<std::string> told;
        std::int64_t after = 0;
        for (bool more = true; more;) {
            const auto page = stores.events().read(hub_1, {.after = after});
            more = page && !page->empty();
            for (std::size_t at = 0; more && at < page->size(); ++at) {
                const hub::Event& event = (*page)[at];
                EXPECT_EQ(event.sequence, ++after) << "no gap";
                if (event.source == hub::EventSource::twin_change) {
                    told.insert(event.identity.text());
                }
            }
        }
        return told;
    }

    /// Every twin that was changed is told of, and every event of one tells the truth: whichever
    /// writes were under way when the process died.
    void verify_told(Stores& stores) {
        const std::set<std::string> told = told_of(stores);
        const auto devices = stores.devices().list(hub_1, "", 1'000'000);
        ASSERT_TRUE(devices);
        for (const hub::Device& device : *devices) {
            const auto found = stores.devices().find(hub_1, device.id);
            ASSERT_TRUE(found && *found);
            EXPECT_EQ(told.contains(device.id.text()), (*found)->twin.version == 2)
                << device.id.text();
        }
    }

    /// Units are whole: no device without twin, and the count is the number of devices.
    void verify_counts(Stores& stores) {
        const auto devices = stores.devices().list(hub_1, "", 1'000'000);
        ASSERT_TRUE(devices);
        EXPECT_EQ(stores.devices().counts(hub_1)->devices,
                  static_cast<std::int64_t>(devices->size()));
        for (const hub::Device& found : *devices) {
            EXPECT_TRUE(stores.devices().find(hub_1, found.id)->has_value());
        }
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "muster.db";
};

} // namespace

TEST_F(CrashTest, WhatWasAcknowledgedSurvivesKill) {
    constexpr int lives = 12;
    std::vector<Acknowledged> all;
    for (int life = 0; life < lives; ++life) {
        const auto acknowledged = live_and_die(life, static_cast<std::size_t>(1 + life * 3));
        ASSERT_FALSE(acknowledged.empty());
        all.insert(all.end(), acknowledged.begin(), acknowledged.end());
        verify(all);
    }
}

} // namespace muster::store
