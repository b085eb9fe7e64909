#pragma once
// For tests: the control plane with everything behind it, in memory, on one thread, with a clock
// that is moved by hand, and tokens for whom a test wants.

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "gateway/fake_trails.h"
#include "gateway/http_handler.h"
#include "provisioning/fake_instances.h"
#include "provisioning/fakes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::gateway {

struct ControlReply {
    unsigned status = 0;
    std::vector<session::HttpHeader> headers;
    std::string body;

    [[nodiscard]] std::string header(std::string_view name) const {
        const auto found = std::ranges::find(headers, name, &session::HttpHeader::name);
        return found == headers.end() ? std::string() : found->value;
    }

    /// The value at a JSON pointer, null if there is none.
    [[nodiscard]] Json at(std::string_view pointer) const {
        const auto document = parse_json(body, {.bytes_max = 1024 * 1024});
        boost::system::error_code error;
        const auto* found = document ? document->find_pointer(pointer, error) : nullptr;
        return found == nullptr ? Json() : *found;
    }

    [[nodiscard]] std::string text(std::string_view pointer) const {
        const auto value = at(pointer);
        return value.is_string() ? std::string(value.as_string()) : std::string();
    }

    [[nodiscard]] std::string error() const { return text("/error/code"); }
};

struct ControlAsk {
    std::string method = "GET";
    std::string path; // below the host, with a query or not; an api-version is added if it has none
    std::string body = {};
    std::vector<session::HttpHeader> headers = {};
};

class ControlWorld {
  public:
    ControlWorld() { restart(); }

    /// A new process on the same store.
    void restart() {
        context_.control = nullptr;
        control_.reset();
        instances_.reset();
        workers.forget();
        timers.forget();
        instances_.emplace(provisioning::Instances::Ports{.store = store,
                                                          .hubs = hubs,
                                                          .workers = workers,
                                                          .timers = timers,
                                                          .clock = clock,
                                                          .random = random,
                                                          .domain = "dps.example.net",
                                                          .other_hosts = {}});
        static_cast<void>(instances_->load(observer_).value());
        control_.emplace(Control{
            .instances = *instances_, .tokens = tokens, .audit = audit_, .journal = journal_});
        context_.control = &*control_;
    }

    /// The value of an Authorization header.
    std::string bearer(provisioning::AdminRole role, const provisioning::AdminReach& reach = {}) {
        const provisioning::Administrator root{
            .principal = {"server"}, .role = provisioning::AdminRole::owner, .reach = {}};
        const auto issued = tokens.issue({.name = "token-" + std::to_string(++tokens_issued_),
                                          .role = role,
                                          .reach = reach,
                                          .expires = clock.wall() + std::chrono::hours(1)},
                                         root);
        return "Bearer " + std::string(issued.value().text.reveal());
    }

    /// Whatever `authorization` is, it is sent; empty: none is.
    ControlReply send(const ControlAsk& ask, std::string_view authorization) {
        HttpExchange exchange;
        exchange.request = {.method = ask.method, .target = ask.path, .headers = ask.headers};
        exchange.request.body = ask.body;
        if (ask.path.find("api-version=") == std::string::npos) {
            exchange.request.target += ask.path.find('?') == std::string::npos ? '?' : '&';
            exchange.request.target += "api-version=2026-08-31";
        }
        exchange.request.headers.push_back({"Host", "control.example.net:8443"});
        if (!authorization.empty()) {
            exchange.request.headers.push_back({"Authorization", std::string(authorization)});
        }
        exchange.target = parse_target(exchange.request.target).value();
        exchange.host = "control.example.net";
        exchange.tracking = TrackingId("f40da7ba-8c91-4796-8fc3-89e1dfbdbe05");
        ControlReply reply;
        handle_control(context_, std::move(exchange), [&](session::HttpResponse response) {
            reply = {response.status, std::move(response.headers), std::move(response.body)};
        });
        return reply;
    }

    /// Everything that is under way in the background is finished.
    void finish_background() {
        do {
            workers.run_all();
        } while (timers.run_next());
    }

    [[nodiscard]] provisioning::Instances& instances() { return *instances_; }

    ManualClock clock{from_unix_seconds(1795222000)};
    SeededRandom random{1};
    provisioning::ManualWorkers workers;
    provisioning::ManualTimers timers;
    provisioning::Faults faults;
    provisioning::FakeHubs hubs{faults};
    provisioning::FakeInstanceStore store;
    provisioning::FakeTokenStore token_store;
    provisioning::AdminTokens tokens{token_store, clock, random};

  private:
    /// Serving is not what is tested here.
    struct Nobody final : provisioning::InstanceObserver {
        void serve(std::shared_ptr<provisioning::CurrentInstance> /*instance*/) override {}

        void changed(const provisioning::Instance& /*before*/,
                     const provisioning::Instance& /*after*/) override {}

        void withdraw(const IdScope& /*scope*/) override {}
    };

    Nobody observer_;
    FakeAudit audit_;
    FakeJournal journal_;
    Sites sites_;
    std::optional<provisioning::Instances> instances_;
    std::optional<Control> control_;
    Context context_{sites_, workers, timers, clock, random};
    int tokens_issued_ = 0;
};

} // namespace muster::gateway
