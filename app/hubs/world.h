#pragma once
// For tests: remote hubs that are not remote. Requests go into the HTTPS front door of a hub in
// memory, or to a script.

#include "app/hubs/instance_hubs.h"
#include "app/ready_file.h"
#include "base/text.h"
#include "gateway/hub_world.h"
#include "provisioning/current_instance.h"

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::app {

inline Secret connection_to(std::string_view host, std::string_view policy = "iothubowner",
                            const Secret& key = gateway::recorded_key) {
    return connection_string(std::string(host), std::string(policy), key);
}

/// What there is between "https://" and the path, and from the path on.
inline std::pair<std::string, std::string> take_url_apart(const std::string& url) {
    constexpr std::string_view scheme = "https://";
    const auto path = url.find('/', scheme.size());
    return {url.substr(scheme.size(), path - scheme.size()), url.substr(path)};
}

/// Whatever the address: that it is the hub's, its own front door says.
inline SendRequest send_into(gateway::HubWorld& world) {
    return [&world](const net::Outgoing::Request& request) -> Result<net::HttpReply> {
        auto [host, target] = take_url_apart(request.url);
        gateway::HttpAsk ask{.method = request.method,
                             .target = std::move(target),
                             .body = request.body,
                             .host = std::move(host)};
        for (const auto& [name, value] : request.headers) {
            ask.headers.push_back({name, value});
        }
        auto answered = gateway::exchange(world, ask);
        net::HttpReply reply{.status = answered.status, .body = std::move(answered.body)};
        for (const auto& [name, value] : answered.headers) {
            reply.headers.emplace_back(to_lower(name), value);
        }
        return reply;
    };
}

/// Answers as it was told to, and remembers what it was asked.
class Script {
  public:
    Script& then(unsigned status, std::string body,
                 std::vector<std::pair<std::string, std::string>> headers = {}) {
        answers_.emplace_back(net::HttpReply{
            .status = status, .headers = std::move(headers), .body = std::move(body)});
        return *this;
    }

    Script& then(Error error) {
        answers_.emplace_back(std::unexpected(std::move(error)));
        return *this;
    }

    SendRequest sender() {
        return [this](const net::Outgoing::Request& request) -> Result<net::HttpReply> {
            asked.push_back(request);
            if (answers_.empty()) {
                return net::HttpReply{.status = 200, .headers = {}, .body = "{}"};
            }
            auto answer = std::move(answers_.front());
            answers_.pop_front();
            return answer;
        };
    }

    /// "GET /devices/dev-01" of every request, without the api-version.
    [[nodiscard]] std::vector<std::string> calls() const {
        std::vector<std::string> lines;
        for (const auto& request : asked) {
            const auto target = take_url_apart(request.url).second;
            lines.push_back(request.method + ' ' + target.substr(0, target.find('?')));
        }
        return lines;
    }

    [[nodiscard]] std::string header(std::size_t request, std::string_view name) const {
        for (const auto& [key, value] : asked.at(request).headers) {
            if (key == name) {
                return value;
            }
        }
        return {};
    }

    std::vector<net::Outgoing::Request> asked;

  private:
    std::deque<Result<net::HttpReply>> answers_;
};

inline provisioning::Instance instance_with(std::vector<provisioning::LinkedHub> hubs) {
    provisioning::Instance instance;
    instance.scope = IdScope("0ne00000001");
    instance.name = "dps-1";
    instance.hubs = std::move(hubs);
    return instance;
}

inline provisioning::LinkedHub linked(std::string_view hub, Secret connection_string) {
    provisioning::LinkedHub link;
    link.name = HubName(hub);
    link.connection_string = std::move(connection_string);
    return link;
}

} // namespace muster::app
