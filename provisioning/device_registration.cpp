#include "provisioning/device_registration.h"

#include "base/encoding.h"
#include "base/log.h"
#include "provisioning/plan_runner.h"
#include "provisioning/planning.h"
#include "provisioning/refusals.h"
#include "provisioning/retries.h"

namespace muster::provisioning {

namespace {

constexpr std::size_t resumed_max = 4096;
constexpr std::chrono::seconds resume_interval{5};

/// `5.<16 hex>.<guid>`, the shape devices have seen before (dps-device 2.2).
OperationId new_operation(Random& random) {
    return OperationId("5." + hex_encode_lower(random.bytes(8)) + '.' + new_guid(random));
}

void log_decline(const DeviceRequest& request, const Decline& decline) {
    log::info("registration declined", {{"tracking", request.tracking.text()},
                                        {"registration_id", request.id.text()},
                                        {"error_code", std::to_string(decline.failure.error_code)},
                                        {"reasons", decline.reasons}});
}

} // namespace

/// The use cases. Shared, because a timer may still hold it when its owner is gone.
class DeviceRegistration::Planner : public std::enable_shared_from_this<Planner> {
  public:
    explicit Planner(const Ports& ports)
        : ports_(ports), groups_(ports.enrollments),
          runner_(std::make_shared<PlanRunner>(PlanRunner::Ports{
              .scope = ports.instance.scope(),
              .registrations = ports.registrations,
              .hubs = ports.hubs,
              .workers = ports.workers,
              .timers = ports.timers,
              .clock = ports.clock,
              .random = ports.random,
          })) {}

    Result<Applicant> identify_device(const DeviceRequest& request);
    Result<OperationId> register_once(const DeviceRequest& request);
    Result<std::optional<RegistrationRecord>> find(const DeviceRequest& request);
    Result<std::size_t> resume();

  private:
    /// Error: attestation_failed, if the leaf presented is that of an individual enrollment.
    Result<void> check_leaf(const DeviceRequest& request);
    /// The record to store for a decision, or nothing if it stands already.
    std::optional<RegistrationRecord> decide(const RegistrationFacts& facts,
                                             const DeviceRequest& request);
    void resume_rest();

    [[nodiscard]] const IdScope& scope() const { return ports_.instance.scope(); }

    Ports ports_;
    GroupCache groups_;
    std::shared_ptr<PlanRunner> runner_;
};

Result<Applicant> DeviceRegistration::Planner::identify_device(const DeviceRequest& request) {
    const auto instance = ports_.instance.get();
    const Claim claim{
        .scope = scope(), .id = request.id, .proof = request.proof, .now = ports_.clock.wall()};
    const auto individual = ports_.enrollments.find_individual(scope(), request.id);
    if (!individual) {
        return std::unexpected(individual.error());
    }
    if (*individual) {
        return identify(claim, **individual, *instance);
    }
    if (auto checked = check_leaf(request); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    auto groups = groups_.current(instance);
    if (!groups) {
        return std::unexpected(std::move(groups).error());
    }
    return identify(claim, *std::move(groups));
}

/// dps-service 9.6: an individual enrollment shadows every group also by its leaf certificate,
/// which may carry a second name (CN and dNSName) that no individual enrollment has.
Result<void> DeviceRegistration::Planner::check_leaf(const DeviceRequest& request) {
    if (request.proof.certificates.empty()) {
        return {};
    }
    const auto leaf = crypto::Certificate::from_der(request.proof.certificates.front());
    if (!leaf) {
        return {}; // whoever needs it will say so
    }
    const auto holder =
        ports_.enrollments.individual_with_thumbprint(scope(), leaf->sha256_thumbprint());
    if (!holder) {
        return std::unexpected(holder.error());
    }
    if (*holder) {
        return refuse_certificate("the leaf is enrolled individually, as " + (*holder)->text());
    }
    return {};
}

std::optional<RegistrationRecord>
DeviceRegistration::Planner::decide(const RegistrationFacts& facts, const DeviceRequest& request) {
    const Decision decision = plan_registration(facts);
    if (std::holds_alternative<Continue>(decision)) {
        return std::nullopt;
    }
    const Mark mark = new_mark(ports_.clock, ports_.random);
    if (const auto* amend = std::get_if<Amend>(&decision)) {
        return record_plan(facts, amend->plan,
                           {.operation = facts.record->operation, .mark = mark});
    }
    const Attempt attempt{.operation = new_operation(ports_.random), .mark = mark};
    if (const auto* begin = std::get_if<Begin>(&decision)) {
        return record_plan(facts, begin->plan, attempt);
    }
    const auto& decline = std::get<Decline>(decision);
    log_decline(request, decline);
    return record_refusal(facts, decline.failure, decline.status, attempt);
}

Result<OperationId> DeviceRegistration::Planner::register_once(const DeviceRequest& request) {
    const auto applicant = identify_device(request);
    if (!applicant) {
        return std::unexpected(applicant.error());
    }
    const auto record = find(request);
    if (!record) {
        return std::unexpected(record.error());
    }
    const auto instance = ports_.instance.get();
    const RegistrationFacts facts{
        .applicant = *applicant, .record = *record, .instance = *instance};
    const std::optional<RegistrationRecord> next = decide(facts, request);
    if (next) {
        const Expected expected{*record ? (*record)->stamp.version : 0};
        const auto saved = ports_.registrations.save(scope(), *next, expected);
        if (!saved) {
            return std::unexpected(saved.error());
        }
    }
    const RegistrationRecord& standing = next ? *next : **record;
    if (standing.plan) { // also one that nobody works on any more
        runner_->start(standing.id);
    }
    return standing.operation;
}

Result<std::optional<RegistrationRecord>>
DeviceRegistration::Planner::find(const DeviceRequest& request) {
    return ports_.registrations.find(scope(), request.id);
}

Result<std::size_t> DeviceRegistration::Planner::resume() {
    const auto unfinished = ports_.registrations.unfinished(scope(), resumed_max);
    if (!unfinished) {
        return std::unexpected(unfinished.error());
    }
    for (const RegistrationRecord& record : *unfinished) {
        runner_->start(record.id);
    }
    if (unfinished->size() == resumed_max) {
        resume_rest();
    }
    return unfinished->size();
}

void DeviceRegistration::Planner::resume_rest() {
    ports_.timers.after(resume_interval, [weak = weak_from_this()] {
        const auto self = weak.lock();
        const bool accepted = self && self->ports_.workers.submit([weak] {
            if (const auto planner = weak.lock(); planner && !planner->resume()) {
                planner->resume_rest();
            }
        });
        if (self && !accepted) {
            self->resume_rest();
        }
    });
}

DeviceRegistration::DeviceRegistration(const Ports& ports)
    : planner_(std::make_shared<Planner>(ports)) {}

DeviceRegistration::~DeviceRegistration() = default;

Result<OperationStatus> DeviceRegistration::register_device(const DeviceRequest& request) {
    const auto operation =
        retry_on_conflict<OperationId>([&] { return planner_->register_once(request); });
    if (!operation) {
        return std::unexpected(operation.error());
    }
    // dps-device 10, 9: `assigning` first, even when the end is known.
    return OperationStatus{
        .operation = *operation, .status = RegistrationStatus::assigning, .record = {}};
}

Result<OperationStatus> DeviceRegistration::operation_status(const DeviceRequest& request,
                                                             const OperationId& operation) {
    if (const auto applicant = planner_->identify_device(request); !applicant) {
        return std::unexpected(applicant.error());
    }
    auto record = planner_->find(request);
    if (!record) {
        return std::unexpected(std::move(record).error());
    }
    if (!*record || !(*record)->answers_to(operation)) {
        return fail(Code::not_found, std::string(operation_not_found));
    }
    const RegistrationStatus status = (*record)->status;
    return OperationStatus{.operation = operation, .status = status, .record = *std::move(record)};
}

Result<RegistrationRecord> DeviceRegistration::lookup(const DeviceRequest& request) {
    if (const auto applicant = planner_->identify_device(request); !applicant) {
        return std::unexpected(applicant.error());
    }
    auto record = planner_->find(request);
    if (!record) {
        return std::unexpected(std::move(record).error());
    }
    if (!*record) {
        return fail(Code::not_found, std::string(registration_not_found));
    }
    return **std::move(record);
}

Result<std::size_t> DeviceRegistration::resume() {
    return planner_->resume();
}

} // namespace muster::provisioning
