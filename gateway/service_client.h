#pragma once
// For tests: an operator at the service API of one instance.

#include "crypto/keys.h"
#include "gateway/http_client.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace muster::gateway {

inline const std::string api = "?api-version=2021-10-01";

class ServiceClient : public testing::Test {
  protected:
    /// A request of the owner; a body is sent as JSON.
    [[nodiscard]] HttpAsk ask(std::string method, const std::string& path,
                              std::string body = {}) const {
        HttpAsk made{.method = std::move(method), .target = path + api};
        made.headers = {{"Authorization", world.service_token("provisioningserviceowner")}};
        if (!body.empty()) {
            made.headers.push_back({"Content-Type", "application/json; charset=utf-8"});
        }
        made.body = std::move(body);
        return made;
    }

    HttpReply run(const HttpAsk& request) { return exchange(world, request); }

    HttpReply run(std::string method, const std::string& path, std::string body = {}) {
        return run(ask(std::move(method), path, std::move(body)));
    }

    HttpReply run_if_match(std::string method, const std::string& path, const std::string& etag,
                           std::string body = {}) {
        auto request = ask(std::move(method), path, std::move(body));
        request.headers.push_back({"If-Match", etag});
        return run(request);
    }

    HttpReply put_symmetric(const std::string& id) {
        return run("PUT", "/enrollments/" + id,
                   R"({"registrationId":")" + id + R"(","attestation":{"type":"symmetricKey"}})");
    }

    HttpReply put_group(const std::string& id) {
        return run("PUT", "/enrollmentGroups/" + id,
                   R"({"enrollmentGroupId":")" + id +
                       R"(","attestation":{"type":"symmetricKey"}})");
    }

    void expect_refused(const HttpAsk& request, unsigned status, int error_code) {
        const auto reply = run(request);
        EXPECT_EQ(reply.status, status) << request.method << ' ' << request.target << '\n'
                                        << reply.body;
        EXPECT_EQ(reply.error_code(), error_code) << reply.body;
        EXPECT_EQ(reply.header("x-ms-error-code"), std::to_string(error_code));
        EXPECT_EQ(reply.member("trackingId"), Json(reply.header("x-ms-request-id")));
    }

    /// Registers the device with the group's key, through the device API.
    void register_with(const std::string& group_key, const std::string& id) {
        const auto key = crypto::derive_device_key(crypto::decode_key(group_key).value(), id);
        const auto token =
            crypto::make_sas("0ne00TEST01/registrations/" + id, key,
                             world.clock.wall() + std::chrono::hours(1), "registration");
        const auto reply = run({.method = "PUT",
                                .target = "/0ne00TEST01/registrations/" + id + "/register" + api,
                                .headers = {{"Authorization", token}}});
        ASSERT_EQ(reply.status, 202U) << reply.body;
    }

    ProvisioningWorld world;
};

inline std::string text_of(const Json& value) {
    return value.is_string() ? std::string(value.as_string()) : to_text(value);
}

} // namespace muster::gateway
