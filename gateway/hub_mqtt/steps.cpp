#include "gateway/hub_mqtt/steps.h"

#include "base/json.h"
#include "gateway/hub_mqtt/turns.h"

#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t batch_messages_max = 64;
constexpr std::size_t batch_bytes_max = 512 * 1024;
constexpr std::size_t patch_bytes_max = 256 * 1024;

Outcome outcome_of(Result<void> result) {
    return result ? Outcome{} : Outcome{.error = std::move(result.error())};
}

bool batches(const Step& step) {
    return std::holds_alternative<TelemetryStep>(step) || std::holds_alternative<SettleStep>(step);
}

Outcome settle(hub::Service& hub, const hub::IdentityId& who, const Batch& batch) {
    std::vector<std::int64_t> sequences;
    for (const Step& step : batch) {
        sequences.push_back(std::get<SettleStep>(step).sequence);
    }
    const hub::LinkId link = std::get<SettleStep>(batch.front()).link;
    return outcome_of(hub.messages().acknowledge(who, link, sequences));
}

Outcome store(hub::Service& hub, const Batch& batch) {
    std::vector<hub::Event> messages;
    for (const Step& step : batch) {
        messages.push_back(std::get<TelemetryStep>(step).message);
    }
    return outcome_of(hub.send_telemetry(std::move(messages)));
}

struct Performer {
    hub::Service& hub;
    const hub::IdentityId& who;
    const Batch& batch;

    Outcome operator()(const TelemetryStep&) const { return store(hub, batch); }

    Outcome operator()(const TwinGetStep&) const {
        auto twin = hub.read_twin(who);
        if (!twin) {
            return {.error = twin.error()};
        }
        std::string body = to_text(hub::to_device_document(*twin));
        if (auto paid = hub.limiter().charge(body.size()); !paid) {
            return {.error = paid.error()};
        }
        return {.body = std::move(body)};
    }

    Outcome operator()(const TwinPatchStep& step) const {
        auto patch = parse_json_object(step.body, {.bytes_max = patch_bytes_max});
        if (!patch) {
            return {.error = patch.error()};
        }
        auto version = hub.report(who, *patch);
        if (!version) {
            return {.error = version.error()};
        }
        return {.version = *version};
    }

    Outcome operator()(const SubscribeStep& step) const { return save(step.stored); }

    Outcome operator()(const UnsubscribeStep& step) const { return save(step.stored); }

    Outcome operator()(const ReceiveStep& step) const {
        auto messages = hub.messages().take(who, step.link, step.count_max);
        if (!messages) {
            return {.error = messages.error()};
        }
        return {.messages = std::move(*messages)};
    }

    Outcome operator()(const SettleStep&) const { return settle(hub, who, batch); }

    [[nodiscard]] Outcome
    save(const std::optional<std::vector<hub::StoredSubscription>>& stored) const {
        return stored ? outcome_of(hub.save_session(who, *stored)) : Outcome{};
    }
};

struct SizeOf {
    std::size_t operator()(const TelemetryStep& step) const {
        std::size_t bytes = step.message.body.size();
        for (const auto& [name, value] : step.message.properties) {
            bytes += name.size() + value.size();
        }
        return bytes;
    }

    std::size_t operator()(const TwinGetStep& step) const { return step.rid.size(); }

    std::size_t operator()(const TwinPatchStep& step) const { return step.body.size(); }

    std::size_t operator()(const SubscribeStep&) const { return 0; }

    std::size_t operator()(const UnsubscribeStep&) const { return 0; }

    std::size_t operator()(const ReceiveStep&) const { return 0; }

    std::size_t operator()(const SettleStep&) const { return 0; }
};

/// False if messages could not be stored. A twin patch that is refused holds nothing up.
bool performed(hub::Service& hub, const hub::IdentityId& who, Errand& errand) {
    const Outcome& outcome = errand.perform(hub, who);
    return !outcome.error || !std::holds_alternative<TelemetryStep>(errand.batch().front());
}

} // namespace

std::size_t bytes_of(const Step& step) {
    return std::visit(SizeOf{}, step);
}

Batch take_batch(std::list<Step>& queue) {
    Batch batch;
    std::size_t bytes = 0;
    while (!queue.empty() && batch.size() < batch_messages_max && bytes < batch_bytes_max) {
        if (!batch.empty() && queue.front().index() != batch.front().index()) {
            break;
        }
        bytes += bytes_of(queue.front());
        batch.push_back(std::move(queue.front()));
        queue.pop_front();
        if (!batches(batch.front())) {
            break;
        }
    }
    return batch;
}

const Outcome& Errand::perform(hub::Service& hub, const hub::IdentityId& who) {
    const std::lock_guard lock(mutex_);
    if (!outcome_) {
        outcome_ = std::visit(Performer{hub, who, batch_}, batch_.front());
    }
    return *outcome_;
}

void Errand::refuse(const Error& error) {
    const std::lock_guard lock(mutex_);
    outcome_ = Outcome{.error = error};
}

namespace {

bool before_is_performed(hub::Service& hub, const LastWords& words) {
    return !words.before || performed(hub, words.who, *words.before);
}

void perform_steps(hub::Service& hub, LastWords& words) {
    if (words.is_under_way && !before_is_performed(hub, words)) {
        return;
    }
    if (!hub.is_welcome(words.who, words.generation_id).value_or(false) ||
        !before_is_performed(hub, words)) {
        return;
    }
    while (!words.steps.empty()) {
        Errand errand(take_batch(words.steps));
        if (const auto turn = turn_of(errand.batch(), hub.limiter()); !turn) {
            errand.refuse(turn.error());
        }
        if (!performed(hub, words.who, errand)) {
            return;
        }
    }
}

} // namespace

void perform(hub::Service& hub, LastWords words) {
    perform_steps(hub, words);
    hub.messages().release(words.who, words.link);
}

} // namespace muster::gateway
