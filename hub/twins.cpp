// Twin use cases: load, decide, save, tell the device (iothub A.10, B.7).

#include "base/move_mark.h"
#include "hub/configurations/rule.h"
#include "hub/retry.h"
#include "hub/service.h"
#include "hub/twin.h"

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::size_t model_id_bytes_max = 2048;
constexpr std::chrono::seconds frozen_retry_after{1};

/// What is copied to another hub must not change behind the copy (base/move_mark.h).
bool is_frozen(const Device& device) {
    return device.status == DeviceStatus::disabled && freezes_twin(device.status_reason);
}

/// The modules of a copy on its way in are put one by one, and their twins with them.
bool freezes_modules(const Device& device) {
    return device.status == DeviceStatus::disabled && device.status_reason.starts_with(moving_out);
}

std::unexpected<Error> frozen() {
    return std::unexpected(Error{.code = Code::unavailable,
                                 .detail = "the device is moving to another hub",
                                 .cause = {},
                                 .retry_after = frozen_retry_after});
}

} // namespace

Result<void> Service::check_not_moving(const Device& identity) {
    if (!identity.identity().is_module()) {
        return is_frozen(identity) ? frozen() : Result<void>();
    }
    const auto device = load_device(identity.id);
    if (!device) {
        return std::unexpected(device.error());
    }
    return freezes_modules(*device) ? frozen() : Result<void>();
}

Result<void> Service::save_twin(const IdentityId& id, const Twin& next,
                                std::int64_t expected_version, const TwinStep& step) {
    EventBatch note = step.note(next);
    auto saved = devices_.update_twin(settings_.name, id, next, expected_version, note);
    if (saved) {
        events_.stored(note);
        step.tell(next);
    }
    return saved;
}

Result<TwinView> Service::change_twin(const IdentityId& id, const IfMatch& if_match,
                                      const TwinStep& step) {
    const std::lock_guard lock(stripes_.of(id));
    return retry_on_conflict([&]() -> Result<TwinView> {
        auto current = load(id);
        if (!current) {
            return std::unexpected(std::move(current.error()));
        }
        if (auto fine = check_not_moving(current->device); !fine) {
            return std::unexpected(std::move(fine.error()));
        }
        if (!if_match.permits(etag_of(current->twin))) {
            return fail(Code::precondition, "the etag is not the current one");
        }
        auto next = step.rule(current->twin, clock_.wall());
        if (!next) {
            return std::unexpected(std::move(next.error()));
        }
        if (next->version != current->twin.version) {
            const auto saved = save_twin(id, *next, current->twin.version, step);
            if (!saved) {
                return std::unexpected(saved.error());
            }
        }
        return view_of(std::move(current->device), std::move(*next));
    });
}

/// Outside the device's stripe: what is noted is looked at later.
Result<TwinView> Service::noted(Result<TwinView> changed) {
    if (changed) {
        note_change(changed->device.identity());
    }
    return changed;
}

Result<TwinView>
Service::reconfigure_twin(const IdentityId& id,
                          const std::function<Reconfigured(const TwinView&, WallTime)>& decide) {
    auto identity = load_device(id);
    if (!identity) {
        return std::unexpected(std::move(identity.error()));
    }
    JsonObject patch;
    const auto rule = [&](const Twin& twin, WallTime now) -> Result<Twin> {
        Reconfigured next = decide(view_of(*identity, twin), now);
        patch = std::move(next.patch);
        return std::move(next.twin);
    };
    const auto tell = [&](const Twin& next) {
        if (!patch.empty()) {
            const std::int64_t version = next.desired.version;
            live_.send_desired(id, to_desired_notification(patch, version), version);
        }
    };
    // States of configurations are no change of a property.
    const auto note = [&](const Twin& next) {
        return patch.empty() ? EventBatch() : changes_.twin_updated(id, {.desired = patch}, next);
    };
    return change_twin(id, {}, {rule, note, tell});
}

Result<TwinView> Service::get_twin(const IdentityId& id) {
    auto found = load(id);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    return with_count(view_of(std::move(found->device), std::move(found->twin)));
}

Result<TwinView> Service::patch_twin(const IdentityId& id, const TwinUpdate& update,
                                     const IfMatch& if_match) {
    const auto rule = [&](const Twin& twin, WallTime now) {
        return apply_patch(twin, update, now, settings_.twin_limits);
    };
    const auto tell = [&](const Twin& next) {
        if (update.desired) {
            const std::int64_t version = next.desired.version;
            live_.send_desired(id, to_desired_notification(*update.desired, version), version);
        }
    };
    const auto note = [&](const Twin& next) {
        return changes_.twin_updated(id, {.tags = update.tags, .desired = update.desired}, next);
    };
    return with_count(noted(change_twin(id, if_match, {rule, note, tell})));
}

Result<TwinView> Service::replace_twin(const IdentityId& id, const TwinUpdate& update,
                                       const IfMatch& if_match) {
    std::int64_t version_before = 0;
    const auto rule = [&](const Twin& twin, WallTime now) {
        version_before = twin.desired.version;
        return apply_replace(twin, update, now, settings_.twin_limits);
    };
    const auto tell = [&](const Twin& next) {
        const std::int64_t version = next.desired.version;
        if (version != version_before) {
            live_.send_desired(id, to_desired_notification(next.desired.values, version), version);
        }
    };
    const auto note = [&](const Twin& next) { return changes_.twin_replaced(id, next); };
    return with_count(noted(change_twin(id, if_match, {rule, note, tell})));
}

Result<TwinView> Service::put_twin(const IdentityId& id, const TwinContent& content) {
    const auto rule = [&](const Twin& twin, WallTime now) {
        return apply_content(twin, content, now, settings_.twin_limits);
    };
    const auto tell = [&](const Twin& next) {
        const std::int64_t version = next.desired.version;
        live_.send_desired(id, to_desired_notification(next.desired.values, version), version);
    };
    const auto note = [&](const Twin& next) { return changes_.twin_replaced(id, next); };
    return change_twin(id, {}, {rule, note, tell});
}

Result<Twin> Service::read_twin(const IdentityId& id) {
    auto found = load(id);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    return std::move(found->twin);
}

Result<std::int64_t> Service::report(const IdentityId& id, const JsonObject& patch) {
    const auto rule = [&](const Twin& twin, WallTime now) {
        return apply_reported(twin, patch, now, settings_.twin_limits);
    };
    const auto note = [&](const Twin& next) {
        JsonObject applied = patch;
        applied.stable_erase("$version"); // what the device expected, not a property
        return changes_.twin_updated(id, {.reported = std::move(applied)}, next);
    };
    const auto changed = noted(change_twin(id, {}, {rule, note, [](const Twin&) {}}));
    if (!changed) {
        return std::unexpected(changed.error());
    }
    return changed->twin.reported.version;
}

Result<void> Service::set_model_id(const IdentityId& id, const std::string& model_id) {
    if (model_id.size() > model_id_bytes_max) {
        return fail(Code::malformed,
                    fmt::format("the model id is over {} bytes", model_id_bytes_max));
    }
    const auto rule = [&](const Twin& twin, WallTime) -> Result<Twin> {
        return with_model_id(twin, model_id);
    };
    const auto note = [&](const Twin& next) {
        return changes_.twin_updated(id, {.model_id = true}, next);
    };
    const auto changed = noted(change_twin(id, {}, {rule, note, [](const Twin&) {}}));
    return changed ? Result<void>{} : std::unexpected(changed.error());
}

} // namespace muster::hub
