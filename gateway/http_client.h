#pragma once
// For tests: one request over a Wire, and its response taken apart.

#include "base/json.h"
#include "base/text.h"
#include "gateway/provisioning_world.h"
#include "session/http_session.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::gateway {

struct HttpReply {
    unsigned status = 0;
    std::vector<session::HttpHeader> headers;
    std::string body;

    /// Exact case: one client looks names up as it knows them.
    [[nodiscard]] std::string header(std::string_view name) const {
        const auto found = std::ranges::find(headers, name, &session::HttpHeader::name);
        return found == headers.end() ? std::string() : found->value;
    }

    [[nodiscard]] bool has_header(std::string_view name) const {
        return std::ranges::find(headers, name, &session::HttpHeader::name) != headers.end();
    }

    [[nodiscard]] Json json() const { return parse_json(body).value_or(Json("not JSON: " + body)); }

    /// A member of the object that the body is; null if there is none.
    [[nodiscard]] Json member(std::string_view name) const {
        const auto document = json();
        const auto* object = document.if_object();
        const auto* found = object == nullptr ? nullptr : object->if_contains(name);
        return found == nullptr ? Json() : *found;
    }

    [[nodiscard]] int error_code() const {
        const auto code = member("errorCode");
        return code.is_int64() ? static_cast<int>(code.as_int64()) : 0;
    }
};

/// Takes the first response off the text; status 0 if there is none.
inline HttpReply take_reply(std::string& text) {
    HttpReply reply;
    const auto end = text.find("\r\n\r\n");
    if (end == std::string::npos) {
        return reply;
    }
    const auto head = text.substr(0, end);
    std::from_chars(head.data() + 9, head.data() + 12, reply.status);
    std::size_t body_bytes = 0;
    for (const auto line : split(std::string_view(head).substr(head.find('\n') + 1), '\n')) {
        const auto parts = split_once(trim(line), ':');
        reply.headers.push_back({std::string(parts->first), std::string(trim(parts->second))});
        if (parts->first == "Content-Length") {
            body_bytes = static_cast<std::size_t>(*parse_decimal(trim(parts->second)));
        }
    }
    reply.body = text.substr(end + 4, body_bytes);
    text.erase(0, end + 4 + body_bytes);
    return reply;
}

struct HttpAsk {
    std::string method = "GET";
    std::string target = "/";
    std::vector<session::HttpHeader> headers = {};
    std::string body = {};
    std::string host = "dps.example.net";
};

inline std::string bytes_of(const HttpAsk& ask) {
    std::string bytes = ask.method + ' ' + ask.target + " HTTP/1.1\r\nHost: " + ask.host + "\r\n";
    for (const auto& [name, value] : ask.headers) {
        bytes += name + ": " + value + "\r\n";
    }
    return bytes + "Content-Length: " + std::to_string(ask.body.size()) + "\r\n\r\n" + ask.body;
}

template <class World>
HttpReply exchange(World& world, Wire& wire, const HttpAsk& ask) {
    wire.send(bytes_of(ask));
    wire.settle(world.workers);
    auto text = wire.take();
    return take_reply(text);
}

/// On a connection of its own.
template <class World>
HttpReply exchange(World& world, const HttpAsk& ask) {
    auto wire = world.https();
    return exchange(world, wire, ask);
}

} // namespace muster::gateway
