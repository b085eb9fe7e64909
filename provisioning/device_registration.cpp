#include "provisioning/device_registration.h"

#include "base/log.h"
#include "provisioning/allocator.h"
#include "provisioning/applicants.h"
#include "provisioning/plan_outcome.h"
#include "provisioning/plan_runner.h"
#include "provisioning/planning.h"
#include "provisioning/refusals.h"
#include "provisioning/registration_events.h"
#include "provisioning/retries.h"

#include <utility>

namespace muster::provisioning {

namespace {

void log_decline(const DeviceRequest& request, const Decline& decline,
                 const Explanation& explanation) {
    log::info("registration declined", {{"tracking", request.tracking.text()},
                                        {"registration_id", request.id.text()},
                                        {"error_code", std::to_string(decline.failure.error_code)},
                                        {"reasons", summary_of(explanation)}});
}

/// One that was erased does not count.
std::optional<HubName> was_counted_at(const std::optional<RegistrationRecord>& record) {
    return record && !record->erased ? hub_counted(*record) : std::nullopt;
}

/// What to say of an error that is not about the device.
std::optional<Finding> finding_of(const Error& error) {
    const std::string& reason = error.cause.empty() ? error.detail : error.cause;
    switch (error.code) {
    case Code::conflict:
    case Code::deadline_exceeded:
    case Code::rate_limited:
    case Code::unavailable: return Finding{.code = FindingCode::overloaded, .detail = reason};
    case Code::internal: return Finding{.code = FindingCode::internal_fault, .detail = reason};
    default: return std::nullopt;
    }
}

} // namespace

class DeviceRegistration::Planner {
  public:
    explicit Planner(const Ports& ports)
        : ports_(ports), enrollments_(ports.enrollments), applicants_(enrollments_),
          allocator_({.instance = ports.instance,
                      .registrations = ports.registrations,
                      .whereabouts = ports.whereabouts,
                      .functions = ports.functions,
                      .clock = ports.clock}),
          runner_(std::make_shared<PlanRunner>(PlanRunner::Ports{
              .instance = ports.instance,
              .applicants = applicants_,
              .registrations = ports.registrations,
              .hubs = ports.hubs,
              .allocator = allocator_,
              .workers = ports.workers,
              .callers = ports.callers,
              .timers = ports.timers,
              .clock = ports.clock,
              .random = ports.random,
          })) {}

    Result<Applicant> identify_device(const DeviceRequest& request,
                                      const std::shared_ptr<const Instance>& instance,
                                      Explanation& explanation);
    Result<OperationId> register_once(const DeviceRequest& request, Explanation& explanation);
    Result<std::optional<RegistrationRecord>> find_own(const DeviceRequest& request,
                                                       Explanation& explanation);

    /// The ports may go afterwards.
    void stop() { runner_->stop(); }

    PlanRunner& runner() { return *runner_; }

    Allocator& allocator() { return allocator_; }

    Applicants& applicants() { return applicants_; }

    /// Every refusal passes here on its way out.
    std::unexpected<Error> refuse_call(const DeviceRequest& request, std::string_view call,
                                       Error error, Explanation explanation);

  private:
    Result<std::optional<RegistrationRecord>> find(const DeviceRequest& request);
    /// The record to store for a decision, or nothing if it stands already.
    std::optional<RegistrationRecord> next_record(const RegistrationFacts& facts,
                                                  const Decision& decision);
    Result<void> store(const RegistrationFacts& facts, const RegistrationRecord& next,
                       const DeviceEvent* event, Explanation& explanation);

    [[nodiscard]] const IdScope& scope() const { return ports_.instance.scope(); }

    Ports ports_;
    StoredEnrollments enrollments_;
    Applicants applicants_;
    Allocator allocator_;
    std::shared_ptr<PlanRunner> runner_; // a timer may still hold it when its owner is gone
};

Result<Applicant>
DeviceRegistration::Planner::identify_device(const DeviceRequest& request,
                                             const std::shared_ptr<const Instance>& instance,
                                             Explanation& explanation) {
    const Claim claim{
        .scope = scope(), .id = request.id, .proof = request.proof, .now = ports_.clock.wall()};
    return applicants_.identify(claim, instance, explanation);
}

std::optional<RegistrationRecord>
DeviceRegistration::Planner::next_record(const RegistrationFacts& facts, const Decision& decision) {
    if (std::holds_alternative<Continue>(decision)) {
        return std::nullopt;
    }
    const Mark mark = new_mark(ports_.clock, ports_.random);
    const auto* amend = std::get_if<Amend>(&decision);
    if (amend != nullptr && !facts.record->erased) {
        return record_plan(facts, amend->plan,
                           {.operation = facts.record->operation, .mark = mark});
    }
    const Attempt attempt{.operation = new_operation(ports_.random), .mark = mark};
    if (amend != nullptr) { // what was left of an earlier registration goes on under a new one
        return record_plan(facts, amend->plan, attempt);
    }
    if (const auto* begin = std::get_if<Begin>(&decision)) {
        return record_plan(facts, begin->plan, attempt);
    }
    return record_refusal(facts, std::get<Decline>(decision), attempt);
}

Result<void> DeviceRegistration::Planner::store(const RegistrationFacts& facts,
                                                const RegistrationRecord& next,
                                                const DeviceEvent* event,
                                                Explanation& explanation) {
    Write write(Expected{facts.record ? facts.record->stamp.version : 0});
    if (!facts.record || facts.record->erased) {
        write.count_max = facts.instance.quotas.registrations;
    }
    write.event = event;
    const auto stored = ports_.registrations.save(scope(), next, write);
    if (!stored && stored.error().code == Code::quota_exceeded) {
        explanation.findings.push_back(quota_finding(facts.instance));
        return refuse(Code::quota_exceeded, explanation);
    }
    return stored;
}

Result<OperationId> DeviceRegistration::Planner::register_once(const DeviceRequest& request,
                                                               Explanation& explanation) {
    explanation = {};
    const auto instance = ports_.instance.get();
    const auto applicant = identify_device(request, instance, explanation);
    if (!applicant) {
        return std::unexpected(applicant.error());
    }
    const auto record = find(request);
    if (!record) {
        return std::unexpected(record.error());
    }
    const AllocationInputs inputs = allocator_.inputs_for(request);
    const RegistrationFacts facts{.applicant = *applicant,
                                  .record = *record,
                                  .instance = *instance,
                                  .inputs = inputs,
                                  .token = new_move_token(ports_.random)};
    const Decision decision = plan_registration(facts);
    const std::optional<RegistrationRecord> next = next_record(facts, decision);
    std::optional<DeviceEvent> event;
    if (const auto* decline = std::get_if<Decline>(&decision)) {
        explanation.findings.insert(explanation.findings.end(), decline->findings.begin(),
                                    decline->findings.end());
        event = declined_event(*next, request, explanation);
    }
    if (next) {
        if (auto stored = store(facts, *next, event ? &*event : nullptr, explanation); !stored) {
            return std::unexpected(std::move(stored).error());
        }
        allocator_.moved(was_counted_at(*record), hub_counted(*next));
    }
    if (const auto* decline = std::get_if<Decline>(&decision)) {
        log_decline(request, *decline, explanation);
    }
    const RegistrationRecord& standing = next ? *next : **record;
    if (standing.plan) { // also one that nobody works on any more
        runner_->start(standing.id, request.tracking);
    }
    return standing.operation;
}

std::unexpected<Error> DeviceRegistration::Planner::refuse_call(const DeviceRequest& request,
                                                                std::string_view call, Error error,
                                                                Explanation explanation) {
    if (auto finding = finding_of(error)) {
        explanation.findings.push_back(*std::move(finding));
    }
    if (ports_.journal != nullptr) {
        const Refused refused{
            .request = request, .call = call, .error = error, .explanation = explanation};
        ports_.journal->add(scope(), refused_event(refused, ports_.clock.wall()));
    }
    return std::unexpected(std::move(error));
}

Result<std::optional<RegistrationRecord>>
DeviceRegistration::Planner::find(const DeviceRequest& request) {
    return ports_.registrations.find(scope(), request.id);
}

Result<std::optional<RegistrationRecord>>
DeviceRegistration::Planner::find_own(const DeviceRequest& request, Explanation& explanation) {
    const auto applicant = identify_device(request, ports_.instance.get(), explanation);
    if (!applicant) {
        return std::unexpected(applicant.error());
    }
    auto record = find(request);
    if (record && *record && (*record)->erased) {
        record->reset(); // what an erased record leaves is for the next registration only
    }
    return record;
}

DeviceRegistration::DeviceRegistration(const Ports& ports)
    : planner_(std::make_unique<Planner>(ports)) {}

DeviceRegistration::~DeviceRegistration() {
    planner_->stop();
}

Result<OperationStatus> DeviceRegistration::register_device(const DeviceRequest& request) {
    Explanation explanation;
    auto operation = retry_on_conflict<OperationId>(
        [&] { return planner_->register_once(request, explanation); });
    if (!operation) {
        return planner_->refuse_call(request, "register", std::move(operation).error(),
                                     std::move(explanation));
    }
    // dps-device 10, 9: `assigning` first, even when the end is known.
    return OperationStatus{
        .operation = *operation, .status = RegistrationStatus::assigning, .record = {}};
}

Result<OperationStatus> DeviceRegistration::operation_status(const DeviceRequest& request,
                                                             const OperationId& operation) {
    constexpr std::string_view call = "operation status";
    Explanation explanation;
    auto record = planner_->find_own(request, explanation);
    if (!record) {
        return planner_->refuse_call(request, call, std::move(record).error(),
                                     std::move(explanation));
    }
    if (!*record || !(*record)->answers_to(operation)) {
        explanation.findings.push_back({.code = FindingCode::registration_unknown,
                                        .detail = "operation " + in_quotes(operation.text())});
        return planner_->refuse_call(request, call,
                                     {.code = Code::not_found, .detail = "operation not found"},
                                     std::move(explanation));
    }
    const RegistrationStatus status = (*record)->status;
    return OperationStatus{.operation = operation, .status = status, .record = *std::move(record)};
}

Result<RegistrationRecord> DeviceRegistration::lookup(const DeviceRequest& request) {
    constexpr std::string_view call = "lookup";
    Explanation explanation;
    auto record = planner_->find_own(request, explanation);
    if (!record) {
        return planner_->refuse_call(request, call, std::move(record).error(),
                                     std::move(explanation));
    }
    if (!*record) {
        explanation.findings.push_back(
            {.code = FindingCode::registration_unknown, .detail = "the device never registered"});
        return planner_->refuse_call(request, call,
                                     {.code = Code::not_found, .detail = "registration not found"},
                                     std::move(explanation));
    }
    return **std::move(record);
}

Result<std::size_t> DeviceRegistration::resume() {
    return planner_->runner().sweep();
}

PlanRunner& DeviceRegistration::runner() {
    return planner_->runner();
}

Allocator& DeviceRegistration::allocator() {
    return planner_->allocator();
}

Applicants& DeviceRegistration::applicants() {
    return planner_->applicants();
}

} // namespace muster::provisioning
