// A hub under kill -9 while devices send telemetry, report properties and answer methods, and back
// ends set desired properties and send messages to devices: after every restart everything
// acknowledged is there, in order, and no device needs to subscribe again.
//
//   MUSTER_CRASH_HUB_KILLS   how often (default 40)
//   MUSTER_CRASH_SEED        of the moments of death; printed, so that a failure can be tried again

#include "base/file.h"
#include "base/json.h"
#include "crypto/keys.h"
#include "tests/crash/hub/devices.h"
#include "tests/crash/world.h"
#include "tests/support/server_process.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <random>
#include <thread>

namespace muster::crash {
namespace {

constexpr std::size_t ca_bytes_max = 1024 * 1024;

std::size_t setting_of(const char* name, std::size_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? static_cast<std::size_t>(std::strtoull(text, nullptr, 10)) : otherwise;
}

class HubCrash : public ::testing::Test {
  protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        begin_life();
        const std::string key = crypto::encode_key(key_);
        for (const std::string& device : devices_) {
            const JsonObject document{
                {"deviceId", device},
                {"authentication",
                 {{"type", "sas"},
                  {"symmetricKey", {{"primaryKey", key}, {"secondaryKey", key}}}}}};
            const auto made = hub().send({.method = "PUT",
                                          .path = "/devices/" + device,
                                          .headers = {},
                                          .body = to_text(document)});
            ASSERT_TRUE(made) << made.error().detail;
        }
    }

    void TearDown() override {
        server_.kill();
        if (HasFailure()) {
            fmt::print("the data folder is kept: {}\n", folder_.string());
        } else {
            std::filesystem::remove_all(folder_);
        }
    }

    void begin_life() {
        auto ready = server_.start();
        ASSERT_TRUE(ready) << ready.error().detail;
        ready_ = *ready;
        ca_pem_ = read_file(ready_.ca_file, ca_bytes_max).value();
    }

    [[nodiscard]] app::ApiClient hub() const {
        auto hubs = app::connect_hubs(
            {.connection_string = std::string(ready_.hubs.front().connection_string.reveal()),
             .hub = {},
             .address = {},
             .ca_file = ready_.ca_file,
             .port = ready_.https_port,
             .data = {}},
            clock_);
        return std::move(hubs.value().front());
    }

    void live_and_die(std::chrono::milliseconds life) {
        TalkingDevices talking(ready_, ca_pem_, key_, ledger_, clock_);
        talking.start(devices_);
        {
            std::vector<std::jthread> back_ends;
            for (const std::string& device : devices_) {
                back_ends.emplace_back([this, device](const std::stop_token& stop) {
                    auto client = hub();
                    Result<void> driven;
                    while (driven && !stop.stop_requested()) {
                        driven = drive_device(client, device, ledger_);
                    }
                    if (!driven && !is_the_crash(driven.error())) {
                        ADD_FAILURE() << device << ": " << driven.error().detail;
                    }
                });
            }
            std::this_thread::sleep_for(life);
            server_.kill();
        }
        talking.stop();
    }

    // ---- what must be there ----

    void read_new_telemetry() {
        auto client = hub();
        for (std::size_t found = 1; found > 0;) {
            const auto page =
                client.send_json({.method = "GET",
                                  .path = "/messages/events",
                                  .query = {{"after", std::to_string(read_to_)}, {"max", "1000"}},
                                  .headers = {},
                                  .body = {}});
            ASSERT_TRUE(page) << page.error().detail;
            found = page->get_array().size();
            for (const Json& event : page->get_array()) {
                read_to_ = event.at("sequence").to_number<std::int64_t>();
                const std::string device(event.at("deviceId").get_string());
                if (const auto* body = event.get_object().if_contains("body");
                    body != nullptr && std::ranges::count(devices_, device) > 0) {
                    take(device, std::string(body->get_string()));
                }
            }
        }
    }

    /// Numbers of a device only grow: nothing is stored twice or out of order.
    void take(const std::string& device, const std::string& body) {
        const std::int64_t number = std::strtoll(body.c_str(), nullptr, 10);
        auto& stored = stored_[device];
        EXPECT_TRUE(stored.empty() || number > stored.back())
            << device << ": " << number << " after " << (stored.empty() ? 0 : stored.back());
        stored.push_back(number);
    }

    void check_telemetry(const std::string& device) {
        const auto& stored = stored_[device];
        const HubRecord record = ledger_.record(device);
        std::size_t missing = 0;
        for (const std::int64_t number : record.promises.telemetry) {
            missing += std::ranges::binary_search(stored, number) ? 0 : 1;
        }
        EXPECT_EQ(missing, 0U) << device << ": acknowledged messages are gone";
    }

    void check_twin(app::ApiClient& client, const std::string& device) {
        const auto twin = client.send_json(
            {.method = "GET", .path = "/twins/" + device, .headers = {}, .body = {}});
        ASSERT_TRUE(twin) << twin.error().detail;
        const HubRecord record = ledger_.record(device);
        const auto number_in = [&](std::string_view half) -> std::int64_t {
            const auto& section = twin->at("properties").at(half).get_object();
            const auto* number = section.if_contains("number");
            return number != nullptr ? number->to_number<std::int64_t>() : 0;
        };
        EXPECT_GE(number_in("reported"), record.promises.reported) << device;
        EXPECT_LE(number_in("reported"), record.asked.reported) << device;
        EXPECT_GE(number_in("desired"), record.promises.desired) << device;
        EXPECT_LE(number_in("desired"), record.asked.desired) << device;
    }

    /// Takes everything out of the device's queue, with a policy's token on its behalf.
    void check_messages(app::ApiClient& client, const std::string& device) {
        const std::string path = "/devices/" + device + "/messages/devicebound";
        std::vector<std::int64_t> found;
        for (;;) {
            const auto message =
                client.send({.method = "GET", .path = path, .headers = {}, .body = {}});
            ASSERT_TRUE(message) << message.error().detail;
            if (message->status == 204) {
                break;
            }
            found.push_back(std::strtoll(message->body.c_str(), nullptr, 10));
            std::string lock(message->header("etag"));
            std::erase(lock, '"');
            const auto completed = client.send(
                {.method = "DELETE", .path = path + "/" + lock, .headers = {}, .body = {}});
            ASSERT_TRUE(completed) << completed.error().detail;
        }
        EXPECT_TRUE(std::ranges::is_sorted(found)) << device << ": out of order";
        ledger_.with(device, [&](HubRecord& record) {
            for (const std::int64_t number : record.promises.sent) {
                EXPECT_TRUE(std::ranges::count(found, number) > 0)
                    << device << ": message " << number << " is gone";
            }
            delivered_ += found.size();
            record.promises.sent.clear();
        });
    }

    SystemClock clock_;
    const Secret key_{std::string(32, 'k')};
    const std::vector<std::string> devices_{"talks-1", "talks-2", "talks-3", "talks-4"};
    HubLedger ledger_;
    std::map<std::string, std::vector<std::int64_t>> stored_;
    std::int64_t read_to_ = 0;
    std::size_t delivered_ = 0;
    app::ReadyFile ready_;
    std::string ca_pem_;
    std::filesystem::path folder_ = test::new_temporary_folder("crash-hub");
    test::ServerProcess server_{{.program = MUSTER_PROGRAM,
                                 .data = folder_,
                                 .address = test::own_loopback_address(41),
                                 .life_max = std::chrono::seconds(120)}};
};

TEST_F(HubCrash, keeps_everything_it_acknowledged) {
    const std::size_t kills = setting_of("MUSTER_CRASH_HUB_KILLS", 40);
    const std::size_t seed = setting_of("MUSTER_CRASH_SEED", static_cast<std::size_t>(::getpid()));
    fmt::print("{} kills, MUSTER_CRASH_SEED={}\n", kills, seed);
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<int> life_milliseconds(50, 600);
    for (std::size_t round = 1; round <= kills && !HasFailure(); ++round) {
        live_and_die(std::chrono::milliseconds(life_milliseconds(random)));
        begin_life();
        read_new_telemetry();
        auto client = hub();
        for (const std::string& device : devices_) {
            check_telemetry(device);
            check_twin(client, device);
            check_messages(client, device);
        }
    }
    std::size_t messages = 0;
    HubArrivals arrived;
    for (const auto& [device, numbers] : stored_) {
        messages += numbers.size();
        const HubArrivals one = ledger_.record(device).arrived;
        arrived.desired += one.desired;
        arrived.methods += one.methods;
        arrived.lost_sessions += one.lost_sessions;
    }
    fmt::print("{} messages of devices and {} to them survived {} kills; {} methods were answered "
               "and {} changes heard of, with one subscription of each device\n",
               messages, delivered_, kills, arrived.methods, arrived.desired);
    EXPECT_EQ(arrived.lost_sessions, 0);
    EXPECT_GT(messages, kills * 10) << "too little load to show anything";
    EXPECT_GT(delivered_, kills) << "too little load to show anything";
    EXPECT_GT(arrived.methods, static_cast<std::int64_t>(kills)) << "of which one is of each life";
    EXPECT_GT(arrived.desired, static_cast<std::int64_t>(kills));
    EXPECT_EQ(server_.stop(), 0);
}

} // namespace
} // namespace muster::crash
