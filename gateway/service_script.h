#pragma once
// For tests: what the scripts of the service API's clients are made of (dps-service 1.5, 1.8, 2
// to 5): their tokens, their requests, and what every one of them is answered.

#include "base/encoding.h"
#include "crypto/keys.h"
#include "gateway/session_script.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace muster::gateway::service {

// ---- tokens (dps-service 1.5) ----

struct TokenHabit {
    std::string resource; // `sr` as the client transmits it, and therefore signs it
    std::string order;    // of the fields: "sr sig skn se"
    bool lower_hex = false;
};

inline std::string lower_hex_escapes(std::string text) {
    for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at + 1)) {
        const auto digits = to_lower(text.substr(at + 1, 2));
        text.replace(at + 1, 2, digits);
    }
    return text;
}

inline std::string token(const TokenHabit& habit) {
    const auto expiry = std::to_string(recorded_hour + 600);
    auto signature = percent_encode(
        base64_encode(crypto::hmac_sha256(recorded_key.reveal(), habit.resource + '\n' + expiry)));
    const std::map<std::string_view, std::string> fields = {
        {"sr", habit.resource},
        {"sig", habit.lower_hex ? lower_hex_escapes(signature) : signature},
        {"se", expiry},
        {"skn", "provisioningserviceowner"}};
    std::string text;
    for (const auto name : split(habit.order, ' ')) {
        text += (text.empty() ? "SharedAccessSignature " : "&") + std::string(name) + '=' +
                fields.at(name);
    }
    return text;
}

// ---- requests ----

/// What a client says with every request.
struct Client {
    std::string api_version;
    std::string headers; // lines, Host and Authorization among them
    std::string length = "Content-Length";
    bool length_without_body = false; // `content-length: 0`
};

struct Request {
    std::string line;    // "PUT /enrollments/dev-1", names known from earlier answers filled in
    std::string headers; // lines, likewise
    std::string body;    // likewise
};

inline Step ask(const Client& client, const Request& request, std::string response) {
    const auto send = [client, request](const Pattern& known) {
        const auto body = known.fill(request.body);
        auto text = known.fill(request.line) + "?api-version=" + client.api_version +
                    " HTTP/1.1\n" + client.headers + known.fill(request.headers);
        if (!body.empty() || client.length_without_body) {
            text += client.length + ": " + std::to_string(body.size()) + '\n';
        }
        return crlf(text + '\n' + body);
    };
    return {.name = request.line, .send = send, .expect = crlf(response)};
}

// ---- answers ----

/// DPS-SERVICE-2, DPS-SERVICE-3, DPS-SERVICE-4, DPS-SERVICE-6
inline std::string ok(std::string_view body) {
    return "HTTP/1.1 200 OK\nDate: <*>\nContent-Type: application/json; charset=utf-8\n"
           "x-ms-request-id: <*>\nContent-Length: <*>\nConnection: keep-alive\n\n" +
           std::string(body);
}

/// DPS-SERVICE-12
inline const std::string deleted =
    "HTTP/1.1 204 No Content\nDate: <*>\nx-ms-request-id: <*>\nConnection: keep-alive\n\n";

/// DPS-SERVICE-40: the document that every client reads its error from.
inline std::string refused(std::string_view status_line, std::string_view error_code) {
    return "HTTP/1.1 " + std::string(status_line) +
           "\nDate: <*>\nContent-Type: application/json; charset=utf-8\nx-ms-error-code: " +
           std::string(error_code) +
           "\nx-ms-request-id: <*>\nContent-Length: <*>\nConnection: keep-alive\n\n"
           R"({"errorCode":)" +
           std::string(error_code) +
           R"(,"trackingId":"<*>","message":"<*>","timestampUtc":"<*>Z"})";
}

struct Page {
    std::string item_type;
    std::string body;
    std::string verdict = "everything";
    std::string continuation = {}; // "x-ms-continuation: <next>\n" if more remain
};

/// DPS-SERVICE-7, DPS-SERVICE-33, DPS-SERVICE-35
inline std::string page(const Page& page) {
    return "HTTP/1.1 200 OK\nDate: <*>\nContent-Type: application/json; charset=utf-8\n"
           "x-ms-item-type: " +
           page.item_type + "\nX-Content-Type-Options: nosniff\nx-muster-query: " + page.verdict +
           '\n' + page.continuation +
           "x-ms-request-id: <*>\nContent-Length: <*>\nConnection: keep-alive\n\n" + page.body;
}

/// DPS-SERVICE-30
inline const std::string all_done = ok(R"({"errors":[],"isSuccessful":true})");

/// Names of what the stamp of an enrollment stands for; the dates of one that is new are the same.
struct Stamp {
    std::string etag = "*";
    std::string updated = "*";
    std::string made = "made";
};

/// Of an enrollment whose stamp does not matter.
inline const Stamp any_stamp{.made = "*"};

/// What ends the document of every enrollment.
inline std::string stamped(const Stamp& stamp, std::string_view between = {}) {
    return R"("etag":"<)" + stamp.etag + R"(>","provisioningStatus":"enabled",)" +
           std::string(between) + R"("createdDateTimeUtc":"<)" + stamp.made +
           R"(>Z","lastUpdatedDateTimeUtc":"<)" + stamp.updated + R"(>Z")";
}

} // namespace muster::gateway::service
