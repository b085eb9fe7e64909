#include "provisioning/plan_runner.h"

#include "base/log.h"
#include "provisioning/registration_events.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_delay{125};
constexpr milliseconds longest_delay{10'000};
constexpr milliseconds full_queue_delay{500};

bool may_pass(Code code) {
    return code == Code::unavailable || code == Code::deadline_exceeded ||
           code == Code::rate_limited || code == Code::conflict;
}

Failure failure_of(const Error& error) {
    if (error.code == Code::not_found) {
        return {failure_code::no_hub, "The assigned IoT hub does not exist."};
    }
    if (may_pass(error.code)) {
        return {failure_code::internal, "The IoT hub could not be reached."};
    }
    if (error.code == Code::internal) {
        return {failure_code::internal, "An internal error occurred at the IoT hub."};
    }
    return {failure_code::hub_refused, "The IoT hub refused the device: " + error.detail};
}

Finding finding_of(const Error& error, const HubName& hub) {
    const std::string detail = hub.text() + ": " + error.detail;
    if (error.code == Code::not_found) {
        return {.code = FindingCode::no_hub, .detail = detail};
    }
    if (may_pass(error.code)) {
        return {.code = FindingCode::hub_unreachable, .detail = detail};
    }
    if (error.code == Code::internal) {
        return {.code = FindingCode::internal_fault, .detail = hub.text() + ": internal error"};
    }
    return {.code = FindingCode::hub_refused, .detail = detail};
}

Explanation because(std::vector<Finding> findings) {
    return {.considered = {}, .findings = std::move(findings), .left_out = 0};
}

} // namespace

milliseconds delay_after(int tries) {
    const int doublings = std::clamp(tries - 1, 0, 16);
    return std::min(first_delay * (1 << doublings), longest_delay);
}

void PlanRunner::start(const RegistrationId& id, const TrackingId& tracking) {
    {
        const std::scoped_lock lock(mutex_);
        const auto [run, is_new] = runs_.try_emplace(id);
        if (!tracking.empty()) {
            run->second.tracking = tracking;
        }
        if (!is_new) {
            run->second.again = true;
            return;
        }
    }
    enqueue(id);
}

void PlanRunner::enqueue(const RegistrationId& id) {
    const bool accepted = ports_.workers.submit([weak = weak_from_this(), id] {
        if (const auto self = weak.lock()) {
            self->advance(id);
        }
    });
    if (!accepted) { // overload: the plan is stored and can wait
        wait(id, full_queue_delay);
    }
}

void PlanRunner::wait(const RegistrationId& id, milliseconds delay) {
    ports_.timers.after(delay, [weak = weak_from_this(), id] {
        if (const auto self = weak.lock()) {
            self->enqueue(id);
        }
    });
}

void PlanRunner::advance(const RegistrationId& id) {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    try {
        take_step(id);
    } catch (...) { // out of memory: the plan is stored, the next request takes it up again
        const std::scoped_lock lock(mutex_);
        runs_.erase(id);
        throw;
    }
}

void PlanRunner::take_step(const RegistrationId& id) {
    switch (attempt(id)) {
    case Step::repeat: enqueue(id); return;
    case Step::wait: wait(id, delay_after(tries_of(id))); return;
    case Step::ended: break;
    }
    if (!end(id)) {
        enqueue(id);
    }
}

PlanRunner::Step PlanRunner::attempt(const RegistrationId& id) {
    const auto found = ports_.registrations.find(ports_.instance.scope(), id);
    if (!found) {
        log::warning("registration record unreadable",
                     {{"registration_id", id.text()}, {"cause", found.error().cause}});
        // The plan stays stored: the device's next request, or a restart, takes it up again.
        return count_try(id, std::nullopt) < plan_tries_max ? Step::wait : Step::ended;
    }
    if (!*found || !(*found)->plan) {
        return Step::ended;
    }
    return carry_out(**found);
}

PlanRunner::Step PlanRunner::carry_out(const RegistrationRecord& planned) {
    const int tries = count_try(planned.id, planned.operation);
    const auto objection = ports_.applicants.objection_to(planned, ports_.instance.get());
    if (!objection) {
        return tries < plan_tries_max ? Step::wait : Step::ended;
    }
    if (*objection) {
        // An earlier try, perhaps of an earlier process, may have reached the hub.
        const Ending ending{.status = (*objection)->status,
                            .failure = (*objection)->failure,
                            .knows = HubKnows::perhaps};
        return conclude(planned,
                        record_ending(planned, ending, new_mark(ports_.clock, ports_.random)),
                        because((*objection)->findings));
    }
    return tell_hub(planned, tries);
}

PlanRunner::Step PlanRunner::tell_hub(const RegistrationRecord& planned, int tries) {
    const auto told = ports_.hubs.ensure_device(planned.plan->hub, planned.plan->provision);
    if (!told && may_pass(told.error().code) && tries < plan_tries_max) {
        return Step::wait;
    }
    const Mark mark = new_mark(ports_.clock, ports_.random);
    if (told) {
        return conclude(planned, record_assignment(planned, mark), {});
    }
    return conclude(planned, record_ending(planned, ending_of(planned, told.error()), mark),
                    because({finding_of(told.error(), planned.plan->hub)}));
}

PlanRunner::Step PlanRunner::conclude(const RegistrationRecord& planned,
                                      const RegistrationRecord& next,
                                      const Explanation& explanation) {
    const DeviceEvent event = ended_event(next, tracking_of(planned.id), explanation);
    const std::optional<Change> change = assignment_change(planned, next);
    Write write(Expected{planned.stamp.version});
    write.event = &event;
    write.change = change ? &*change : nullptr;
    const auto saved = ports_.registrations.save(ports_.instance.scope(), next, write);
    if (saved || tries_of(planned.id) >= plan_tries_max) {
        return Step::ended;
    }
    // Somebody changed the record meanwhile (another credential, a deletion): read it again.
    return saved.error().code == Code::conflict ? Step::repeat : Step::wait;
}

Ending PlanRunner::ending_of(const RegistrationRecord& planned, const Error& error) {
    log::warning("registration failed", {{"registration_id", planned.id.text()},
                                         {"operation", planned.operation.text()},
                                         {"hub", planned.plan->hub.text()},
                                         {"code", std::string(to_string(error.code))},
                                         {"detail", error.detail},
                                         {"cause", error.cause}});
    const bool unsure =
        may_pass(error.code) || error.code == Code::internal || tries_of(planned.id) > 1;
    return {.status = RegistrationStatus::failed,
            .failure = failure_of(error),
            .knows = unsure ? HubKnows::perhaps : HubKnows::nothing};
}

int PlanRunner::count_try(const RegistrationId& id, const std::optional<OperationId>& operation) {
    const std::scoped_lock lock(mutex_);
    Run& run = runs_[id];
    if (operation && run.operation != *operation) {
        run.operation = *operation;
        run.tries = 0;
    }
    return ++run.tries;
}

int PlanRunner::tries_of(const RegistrationId& id) {
    const std::scoped_lock lock(mutex_);
    return runs_[id].tries;
}

TrackingId PlanRunner::tracking_of(const RegistrationId& id) {
    const std::scoped_lock lock(mutex_);
    return runs_[id].tracking;
}

bool PlanRunner::end(const RegistrationId& id) {
    const std::scoped_lock lock(mutex_);
    const auto run = runs_.find(id);
    if (run != runs_.end() && run->second.again) {
        run->second.again = false;
        return false;
    }
    runs_.erase(id);
    return true;
}

} // namespace muster::provisioning
