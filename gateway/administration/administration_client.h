#pragma once
// For the tests of this folder: a server of two tenants, and administrators who ask it things.

#include "crypto/issuing.h"
#include "gateway/control_world.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::gateway {

using provisioning::AdminReach;
using provisioning::AdminRole;

class AdministrationTest : public testing::Test {
  protected:
    static HttpAsk ask(std::string method, std::string target, std::string body = {}) {
        HttpAsk made{.method = std::move(method), .target = std::move(target)};
        if (!body.empty()) {
            made.headers.push_back({"Content-Type", "application/json"});
        }
        made.body = std::move(body);
        return made;
    }

    HttpReply run(HttpAsk request, const std::string& authorization) {
        if (!authorization.empty()) {
            request.headers.push_back({"Authorization", authorization});
        }
        auto wire = world.https();
        wire.send(bytes_of(request));
        wire.settle(world.workers);
        auto text = wire.take();
        return take_reply(text);
    }

    /// As the owner of the whole server.
    HttpReply run(std::string method, std::string target, std::string body = {}) {
        return run(ask(std::move(method), std::move(target), std::move(body)), owner);
    }

    void expect_refused(const HttpReply& reply, unsigned status, int error_code) {
        EXPECT_EQ(reply.status, status) << reply.body;
        EXPECT_EQ(reply.error_code(), error_code) << reply.body;
        EXPECT_EQ(reply.header("x-ms-error-code"), std::to_string(error_code));
        EXPECT_EQ(reply.member("trackingId"), Json(reply.header("x-ms-request-id")));
        EXPECT_EQ(reply.member("timestampUtc"), Json(format_time(world.clock.wall())));
        EXPECT_TRUE(reply.member("message").is_string());
    }

    /// Walks a list to its end and gives back all items; `pages` counts its pages.
    JsonArray walk(const std::string& target, const std::string& member,
                   const std::string& cursor = "after", std::size_t* pages = nullptr) {
        JsonArray items;
        std::string next;
        std::size_t walked = 0;
        do {
            EXPECT_LT(++walked, 1000U) << "the list does not end";
            const auto separator = target.find('?') == std::string::npos ? "?" : "&";
            const auto reply =
                run("GET", next.empty() ? target
                                        : target + separator + cursor + '=' + percent_encode(next));
            EXPECT_EQ(reply.status, 200U) << reply.body;
            for (const auto& item : reply.json().at(member).as_array()) {
                items.push_back(item);
            }
            next = text(reply.member("next"));
            if (pages != nullptr) {
                ++*pages;
            }
        } while (!next.empty() && !HasFailure());
        return items;
    }

    /// A string bare, nothing for what is not there.
    static std::string text(const Json& value) {
        return value.is_string() ? std::string(value.as_string())
               : value.is_null() ? std::string()
                                 : to_text(value);
    }

    crypto::Identity make_certificate(std::string name, crypto::Purpose purpose,
                                      const crypto::Identity* issuer = nullptr) {
        const auto now = world.clock.wall();
        auto issued = crypto::issue({.common_name = std::move(name),
                                     .purpose = purpose,
                                     .dns_names = {},
                                     .ip_addresses = {},
                                     .not_before = now - std::chrono::hours(24),
                                     .not_after = now + std::chrono::hours(24),
                                     .path_length = {}},
                                    issuer, world.random);
        return std::move(issued.value());
    }

    crypto::Identity make_ca(std::string name) {
        return make_certificate(std::move(name), crypto::Purpose::certificate_authority);
    }

    static std::string certificate_body(const crypto::Identity& identity, bool is_verified) {
        return to_text(
            JsonObject{{"certificate", identity.certificate.pem()}, {"isVerified", is_verified}});
    }

    /// Through the device API of alpha, with the recorded key unless another token is given.
    HttpReply register_device(const std::string& id, const std::string& token = {}) {
        const std::string scope(TenantsWorld::alpha_scope);
        return run(
            ask("PUT", "/" + scope + "/registrations/" + id + "/register?api-version=2021-06-01"),
            token.empty() ? world.device_token(scope, id) : token);
    }

    TenantsWorld world;
    std::string owner = world.bearer(AdminRole::owner);
    const std::string alpha = "/muster/instances/alpha";
};

} // namespace muster::gateway
