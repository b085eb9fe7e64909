// Keeping a device out, and letting it in again.

#include "gateway/administration/families.h"
#include "provisioning/documents/members.h"

#include <chrono>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::Fleets;

struct BlockTarget {
    ReachedSite reached;
    RegistrationId id;
};

Result<BlockTarget> read_target(const AdminCall& call) {
    auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(std::move(reached).error());
    }
    auto id = parse_registration_id(call.names.back());
    if (!id) {
        return std::unexpected(std::move(id).error());
    }
    return BlockTarget{.reached = *std::move(reached), .id = *std::move(id)};
}

JsonObject to_document(const RegistrationId& id, const Fleets::BlockView& view) {
    JsonObject document{{"registrationId", id.text()},
                        {"blocked", view.block.has_value()},
                        {"settled", view.settled}};
    if (view.block) {
        document["since"] = format_time(view.block->since);
        document["reason"] = view.block->reason;
    }
    if (view.at) {
        document["hub"] = view.at->hub.text();
        document["deviceId"] = view.at->device_id.text();
    }
    if (!view.problem.empty()) {
        document["problem"] = view.problem;
    }
    return document;
}

/// Answers with how it stands and how long that took; 202, if a hub has not answered yet.
Fleets::BlockDone answering(const AdminCall& call, const BlockTarget& target, AdminDone done) {
    return [&clock = call.context.clock, since = call.context.clock.steady(), id = target.id,
            done = std::move(done)](const Result<Fleets::BlockView>& view) mutable {
        if (!view) {
            done(std::unexpected(view.error()));
            return;
        }
        JsonObject document = to_document(id, *view);
        document["milliseconds"] =
            std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady() - since).count();
        done(answer_with(view->settled ? 200 : 202, document));
    };
}

} // namespace

AdminAnswer show_block(const AdminCall& call) {
    const auto target = read_target(call);
    if (!target) {
        return std::unexpected(target.error());
    }
    const auto view = target->reached.site->fleets->block_of(target->id);
    return view ? AdminAnswer(answer_with(200, to_document(target->id, *view)))
                : std::unexpected(view.error());
}

void block_device(const AdminCall& call, AdminDone done) {
    const auto target = read_target(call);
    const auto body = target ? body_of(call) : std::unexpected(target.error());
    if (!body) {
        done(std::unexpected(body.error()));
        return;
    }
    provisioning::MemberReader members(*body);
    const std::string reason = members.text("reason").value_or("");
    if (auto verdict = members.verdict(); !verdict) {
        done(std::unexpected(std::move(verdict).error()));
        return;
    }
    target->reached.site->fleets->block(target->id, reason, call.by(),
                                        answering(call, *target, std::move(done)));
}

void unblock_device(const AdminCall& call, AdminDone done) {
    const auto target = read_target(call);
    if (!target) {
        done(std::unexpected(target.error()));
        return;
    }
    target->reached.site->fleets->unblock(target->id, call.by(),
                                          answering(call, *target, std::move(done)));
}

} // namespace muster::gateway
