#pragma once
// For tests: a remote hub that answers by a script, and answers to change for the worse.

#include "app/hubs/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::app {

using provisioning::HubDevice;
using provisioning::HubModule;
using provisioning::HubTwin;

inline constexpr std::string_view device_text =
    R"({"deviceId":"dev-01","etag":"AAAA","status":"enabled","statusReason":null,
        "authentication":{"type":"sas","symmetricKey":{
            "primaryKey":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=","secondaryKey":null}}})";
inline constexpr std::string_view twin_text =
    R"({"deviceId":"dev-01","etag":"BBBB","tags":{"a":1},
        "properties":{"desired":{"$metadata":{},"$version":3,"b":2},"reported":{"c":3}}})";
inline constexpr std::string_view modules_text = R"([
    {"deviceId":"dev-01","moduleId":"camera","managedBy":"me","authentication":{"type":"none"}},
    {"deviceId":"dev-01","moduleId":"$edgeAgent","authentication":{"type":"sas"}}])";

inline std::string module_twin_text(std::string_view module) {
    return fmt::format(R"({{"deviceId":"dev-01","moduleId":"{}","etag":"CCCC",
        "properties":{{"desired":{{"for":"{}"}}}}}})",
                       module, module);
}

/// The text with one part in the place of another.
inline std::string with(std::string_view text, std::string_view part, std::string_view instead) {
    const auto at = text.find(part);
    EXPECT_NE(at, std::string_view::npos) << part;
    std::string changed(text);
    return changed.replace(at, part.size(), instead);
}

inline std::string error_text(std::string_view name) {
    return fmt::format(R"({{"Message":"ErrorCode:{};words","ExceptionMessage":"Tracking"}})", name);
}

class FarHub : public testing::Test {
  protected:
    const DeviceId id_{"dev-01"};
    ManualClock clock_{from_unix_seconds(1'893'456'000)};
    Script script_;
    RemoteHub hub_{
        {.host = "hub2.example.org", .policy = "iothubowner", .key = Secret(std::string(32, 'k'))},
        script_.sender(),
        clock_};

    static HubDevice device() {
        HubDevice made;
        made.id = DeviceId("dev-01");
        made.etag = ETag("AAAA");
        made.credential = provisioning::HubNoCredential{};
        return made;
    }

    static HubModule module(std::string id = "camera") {
        HubModule made;
        made.id = std::move(id);
        made.credential = provisioning::HubNoCredential{};
        made.twin.reported = {{"seen", 1}};
        return made;
    }

    /// Every method, told of by its error if it has one.
    std::vector<std::pair<std::string, std::function<std::optional<Error>()>>> methods() {
        const auto error_of = [](const auto& result) {
            return result ? std::nullopt : std::optional(result.error());
        };
        return {{"find_device", [=, this] { return error_of(hub_.find_device(id_)); }},
                {"create_device", [=, this] { return error_of(hub_.create_device(device(), {})); }},
                {"update_device", [=, this] { return error_of(hub_.update_device(device())); }},
                {"delete_device",
                 [=, this] { return error_of(hub_.delete_device(id_, ETag("AAAA"))); }},
                {"find_twin", [=, this] { return error_of(hub_.find_twin(id_)); }},
                {"modules", [=, this] { return error_of(hub_.modules(id_)); }},
                {"put_module", [=, this] { return error_of(hub_.put_module(id_, module())); }},
                {"system module",
                 [=, this] { return error_of(hub_.put_module(id_, module("$edgeHub"))); }}};
    }
};

} // namespace muster::app
