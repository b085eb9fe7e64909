// Every failed request leaves one line in the log, and the line carries the tracking id that the
// caller was told. No secret comes with it.

#include "base/file.h"
#include "base/log.h"
#include "gateway/http_client.h"
#include "gateway/mqtt_lines.h"
#include "gateway/pattern.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace muster::gateway {
namespace {

class RefusalLog : public testing::Test {
  protected:
    RefusalLog() {
        world.enroll("dev-1");
        std::filesystem::remove(path_);
        log::start(log::Level::info, path_.string());
    }

    ~RefusalLog() override {
        log::start(log::Level::warning);
        std::filesystem::remove(path_);
    }

    /// The only line that has the text.
    std::string line_with(const std::string& text) {
        const auto content = read_file(path_, 1024 * 1024).value();
        std::string found;
        for (const auto line : split(content, '\n')) {
            if (line.find(text) != std::string_view::npos) {
                EXPECT_EQ(found, "") << "more than one line with " << text;
                found = line;
            }
        }
        return found;
    }

    void expect_line(const HttpReply& reply, const std::string& level, const std::string& cause) {
        const auto line = line_with("tracking=" + reply.header("x-ms-request-id"));
        EXPECT_NE(line.find(level), std::string::npos) << line;
        EXPECT_NE(line.find("error_code=" + std::to_string(reply.error_code())), std::string::npos)
            << line;
        EXPECT_NE(line.find(cause), std::string::npos) << line;
        EXPECT_EQ(line.find("sig="), std::string::npos) << line;
    }

    ProvisioningWorld world;

  private:
    std::filesystem::path path_ =
        std::filesystem::path(testing::TempDir()) / "muster_refusal_log_test.log";
};

TEST_F(RefusalLog, HasTheClientsMistakesAsInfo) {
    const auto reply =
        exchange(world, {.method = "PUT",
                         .target = "/0ne00TEST01/registrations/dev-1/register?api-version="
                                   "2021-06-01",
                         .headers = {{"Authorization", world.device_token("dev-2")}}});
    EXPECT_EQ(reply.status, 401U);
    expect_line(reply, " info ", "register 0ne00TEST01/dev-1");

    const auto service = exchange(world, {.target = "/enrollments/dev-1?api-version=2021-10-01"});
    EXPECT_EQ(service.status, 401U);
    expect_line(service, " info ", "no authorization header");

    expect_line(exchange(world, {.target = "/enrollments/%zz"}), " info ", "GET /enrollments/%zz");
}

TEST_F(RefusalLog, HasOverloadAsWarningAndOurFaultsAsError) {
    const HttpAsk ask{.target = "/enrollments/dev-1?api-version=2021-10-01",
                      .headers = {{"Authorization", world.service_token("reader")}}};
    world.workers.full = true;
    expect_line(exchange(world, ask), " warning ", "the server is busy");
    world.workers.full = false;
    world.faults.crash_at(1, provisioning::Faults::When::before_effect);
    expect_line(exchange(world, ask), " error ", "dropped");
}

TEST_F(RefusalLog, HasMqttRefusalsToo) {
    mqtt::Connect connect;
    connect.client_id = "dev-1";
    connect.user_name = "0ne00TEST01/registrations/dev-1/api-version=2019-03-31";
    auto wire = world.mqtt();
    wire.send(mqtt::encode(connect) +
              mqtt::encode(mqtt::Publish{.topic = "$dps/registrations/PUT/iotdps-register/?$rid=1",
                                         .payload = {}}));
    wire.settle(world.workers);
    Pattern known;
    ASSERT_TRUE(known.matches("<*>\"trackingId\":\"<id>\"<*>", mqtt_lines(wire.take())));
    EXPECT_NE(line_with("tracking=" + known["id"]).find("error_code=401000"), std::string::npos);
}

TEST_F(RefusalLog, HasNoLineForWhatWentWell) {
    const auto reply =
        exchange(world, {.target = "/enrollments/dev-1?api-version=2021-10-01",
                         .headers = {{"Authorization", world.service_token("reader")}}});
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(line_with(reply.header("x-ms-request-id")), "");
}

} // namespace
} // namespace muster::gateway
