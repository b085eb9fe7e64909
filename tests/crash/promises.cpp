// Every promise against the registration store and the device stores of both hubs.

#include "app/output.h"
#include "base/encoding.h"
#include "crypto/keys.h"
#include "tests/crash/world.h"

#include <fmt/format.h>

#include <array>
#include <thread>

namespace muster::crash {

namespace {

constexpr std::size_t checkers = 4;

using Complaints = std::vector<std::string>;

/// The clients of one checker.
struct Apis {
    app::ApiClient service;
    std::map<std::string, app::ApiClient> hubs; // by host name
};

Result<Apis> connect(const Fleet& fleet, const Clock& clock) {
    const app::ConnectOptions options{
        .connection_string = std::string(fleet.ready.service_connection_string.reveal()),
        .hub = {},
        .address = fleet.ready.provisioning_address,
        .ca_file = fleet.ready.ca_file,
        .port = fleet.ready.https_port,
        .data = {}};
    auto service = app::connect_provisioning(options, clock);
    if (!service) {
        return std::unexpected(service.error());
    }
    Apis apis{std::move(*service), {}};
    for (const app::ReadyHub& hub : fleet.ready.hubs) {
        auto clients =
            app::connect_hubs({.connection_string = std::string(hub.connection_string.reveal()),
                               .hub = {},
                               .address = {},
                               .ca_file = fleet.ready.ca_file,
                               .port = fleet.ready.https_port,
                               .data = {}},
                              clock);
        if (!clients) {
            return std::unexpected(clients.error());
        }
        apis.hubs.emplace(hub.host_name, std::move(clients->front()));
    }
    return apis;
}

class Checker {
  public:
    Checker(const Fleet& fleet, Apis apis) : fleet_(fleet), apis_(std::move(apis)) {}

    void check_assigned(const std::string& id, const std::string& hub) {
        auto record = apis_.service.send_json({.method = "GET", .path = "/registrations/" + id});
        if (!record) {
            complain(id, "has no registration: " + record.error().detail);
            return;
        }
        if (app::cell(*record, "status") != "assigned" ||
            app::cell(*record, "assignedHub") != hub) {
            complain(id, fmt::format("was told {}, and its record says {}", hub, to_text(*record)));
        }
        check_hubs(id, hub);
    }

    void check_enrollment(const std::string& id, const std::string& key) {
        auto mechanism = apis_.service.send_json(
            {.method = "POST", .path = "/enrollments/" + id + "/attestationmechanism"});
        if (!mechanism || app::cell(*mechanism, "symmetricKey.primaryKey") != key) {
            complain(id, "lost its enrollment or its key");
        }
    }

    Complaints complaints;

  private:
    /// Enabled on exactly the one hub, with its own key and the initial twin.
    void check_hubs(const std::string& id, const std::string& assigned) {
        for (auto& [name, hub] : apis_.hubs) {
            auto device = hub.send_json({.method = "GET", .path = "/devices/" + id});
            if (name != assigned) {
                if (device || device.error().code != Code::not_found) {
                    complain(id, "is on a second hub, " + name);
                }
                continue;
            }
            const std::string key =
                crypto::encode_key(crypto::derive_device_key(fleet_.group_key, id));
            if (!device || app::cell(*device, "status") != "enabled" ||
                app::cell(*device, "authentication.symmetricKey.primaryKey") != key) {
                complain(id, "is not enabled with its key on " + name);
            }
            auto twin = hub.send_json({.method = "GET", .path = "/twins/" + id});
            if (!twin || app::cell(*twin, "tags.fleet") != "crash" ||
                app::cell(*twin, "properties.desired.n") != "1") {
                complain(id, "lacks its initial twin on " + name);
            }
        }
    }

    void complain(const std::string& id, const std::string& what) {
        complaints.push_back(id + " " + what);
    }

    const Fleet& fleet_;
    Apis apis_;
};

} // namespace

std::vector<std::string> broken_promises(const Fleet& fleet, const Promises& promises,
                                         const Clock& clock) {
    const std::vector<std::pair<std::string, std::string>> assigned(promises.assigned.begin(),
                                                                    promises.assigned.end());
    const std::vector<std::pair<std::string, std::string>> enrolled(promises.enrollments.begin(),
                                                                    promises.enrollments.end());
    std::array<Complaints, checkers> complaints;
    std::vector<std::jthread> threads;
    for (std::size_t part = 0; part < checkers; ++part) {
        threads.emplace_back([&, part] {
            auto apis = connect(fleet, clock);
            if (!apis) {
                complaints[part].push_back(apis.error().detail);
                return;
            }
            Checker checker(fleet, std::move(*apis));
            for (std::size_t i = part; i < assigned.size(); i += checkers) {
                checker.check_assigned(assigned[i].first, assigned[i].second);
            }
            for (std::size_t i = part; i < enrolled.size(); i += checkers) {
                checker.check_enrollment(enrolled[i].first, enrolled[i].second);
            }
            complaints[part] = std::move(checker.complaints);
        });
    }
    threads.clear(); // joins
    Complaints all;
    for (Complaints& part : complaints) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

} // namespace muster::crash
