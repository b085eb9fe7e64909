#include "tests/simulation/bystanders.h"

#include "base/move_mark.h"
#include "crypto/sas.h"

#include <fmt/format.h>

namespace muster::simulation {

std::optional<Bystanders::Found> Bystanders::find(const std::string& device) {
    std::vector<Found> found;
    for (const auto& [name, hub] : world_.hubs) {
        if (!hub->is_up()) {
            continue;
        }
        for (const hub::Device& identity : hub->everybody()) {
            if (Rules::owner_of(identity.id) == device) {
                found.push_back({.hub = hub.get(), .id = identity.id});
            }
        }
    }
    return found.empty() ? std::nullopt : std::optional(world_.stage.dice.pick(found));
}

void Bystanders::patch_twin() {
    const std::string& device = world_.stage.dice.pick(devices_)->name();
    const auto found = find(device);
    if (!found) {
        return;
    }
    ++patches_;
    const auto key = fmt::format("b{}", patches_ % 4);
    const bool tags = world_.stage.dice.one_in(2);
    hub::TwinUpdate update;
    (tags ? update.tags : update.desired) = JsonObject{{key, patches_}};
    const auto patched = found->hub->service().patch_twin(found->id, update, {});
    world_.stage.tell("back end",
                      fmt::format("{} at {}: {} {} {}: {}", found->id.text(),
                                  found->hub->name().text(), tags ? "tag" : "wish", key, patches_,
                                  patched ? "ok" : to_string(patched.error().code)));
}

void Bystanders::change_identity() {
    const std::string& device = world_.stage.dice.pick(devices_)->name();
    const auto found = find(device);
    if (!found) {
        return;
    }
    auto view = found->hub->service().get_device(found->id);
    if (!view || freezes_twin(view->device.status_reason)) {
        return;
    }
    const hub::IfMatch as_read{.kind = hub::IfMatch::Kind::exactly, .etag = view->device.etag};
    rules_.acts(Hand::operator_of_hub);
    const bool was_enabled = view->device.status == hub::DeviceStatus::enabled;
    std::string what = was_enabled ? "disabled" : "enabled";
    if (world_.stage.dice.one_in(4)) {
        what = "deleted";
        static_cast<void>(found->hub->service().delete_device(found->id, as_read));
    } else {
        view->device.status =
            was_enabled ? hub::DeviceStatus::disabled : hub::DeviceStatus::enabled;
        view->device.status_reason = was_enabled ? "switched off by hand" : "";
        static_cast<void>(found->hub->service().put_device(view->device, as_read));
    }
    rules_.acts(Hand::provisioning);
    found->hub->check_connections();
    world_.stage.tell("hub operator", fmt::format("{} at {}: {}", found->id.text(),
                                                  found->hub->name().text(), what));
}

void Bystanders::intrude() {
    const std::string name = world_.stage.dice.pick(devices_)->name();
    const Secret wrong(std::string("a-key-that-nobody-has-enrolled.."));
    const StageClock clock(world_.stage.engine);
    const Question asked{.id = RegistrationId(name),
                         .sas =
                             crypto::make_sas(world_.scope.text() + "/registrations/" + name, wrong,
                                              clock.wall() + std::chrono::hours(1), "registration"),
                         .operation = {},
                         .api_version = "2021-06-01"};
    world_.stage.dice.pick(world_.servers)->call([this, asked](Services& services) {
        const device::ServiceAnswer answer = answer_device(services, asked);
        world_.stage.tell("intruder", fmt::format("as {}: {}", asked.id.text(), answer.status));
        if (answer.status < 400) {
            world_.stage.violated("5: nobody without a proof",
                                  "an intruder registers as " + asked.id.text());
        }
    });
}

} // namespace muster::simulation
