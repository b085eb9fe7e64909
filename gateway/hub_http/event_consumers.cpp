// Where consumers of the event log have come to, by their own word:
//
//   GET    /messages/events/consumers                -> 200 {"consumers":[{..}, ..]}
//   GET    /messages/events/consumers/{name}         -> 200
//   {"name":..,"positions":[{..}],"lost":..} PUT    /messages/events/consumers/{name}
//   {"position":n}, or with "partition":p DELETE /messages/events/consumers/{name}         -> 204

#include "gateway/hub_http/event_consumers.h"

#include "gateway/hub_http/event_documents.h"
#include "gateway/hub_http/event_request.h"
#include "gateway/problem.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t body_bytes_max = 4 * 1024;

void refuse(HubCall& call, const Error& error) {
    error.code == Code::not_found ? call.refuse({404, 404302, "GroupNotFound"}, error)
                                  : call.refuse(error);
}

/// What retention took behind the position that is furthest back.
std::int64_t lost_of(const std::vector<hub::EventPosition>& positions,
                     const hub::EventExtent& log) {
    std::int64_t lost = 0;
    for (const hub::EventPosition& position : positions) {
        if (position.sequence > 0) {
            lost = std::max(lost, log.first - position.sequence - 1);
        }
    }
    return lost;
}

JsonObject consumer_document(const hub::GroupPositions& consumer, const hub::EventExtent& log) {
    JsonArray positions;
    for (const hub::EventPosition& position : consumer.positions) {
        positions.push_back(to_document(position));
    }
    return {{"name", consumer.group.name},
            {"positions", std::move(positions)},
            {"firstSequence", log.first},
            {"lastSequence", log.last},
            {"lost", lost_of(consumer.positions, log)}};
}

void list_consumers(HubCall& call) {
    const auto log = call.hub().events().extent();
    if (!log) {
        return call.refuse(log.error());
    }
    const auto consumers = call.hub().events().groups(hub::EventGroup::Kind::consumer);
    if (!consumers) {
        return call.refuse(consumers.error());
    }
    JsonArray documents;
    for (const hub::GroupPositions& consumer : *consumers) {
        documents.push_back(consumer_document(consumer, *log));
    }
    call.answer({{"consumers", std::move(documents)}});
}

void show_consumer(HubCall& call, const hub::EventGroup& group) {
    const auto log = call.hub().events().extent();
    if (!log) {
        return call.refuse(log.error());
    }
    auto positions = call.hub().events().positions(group);
    if (!positions) {
        return call.refuse(positions.error());
    }
    if (positions->empty()) {
        return refuse(call, {.code = Code::not_found, .detail = "no such consumer"});
    }
    call.answer(consumer_document({.group = group, .positions = std::move(*positions)}, *log));
}

struct WantedPosition {
    std::optional<int> partition;
    std::int64_t sequence = 0;
};

Result<std::optional<std::int64_t>> integer_member(const JsonObject& document,
                                                   std::string_view name) {
    const Json* member = find_member(document, name);
    if (member == nullptr) {
        return std::nullopt;
    }
    if (!member->is_int64() || member->as_int64() < 0) {
        return fail(Code::malformed, std::string(name) + " must be a whole number");
    }
    return member->as_int64();
}

Result<WantedPosition> position_from(const HubCall& call) {
    const auto document = call.body(body_bytes_max);
    if (!document) {
        return std::unexpected(document.error());
    }
    const auto sequence = integer_member(*document, "position");
    const auto partition = integer_member(*document, "partition");
    for (const auto* number : {&sequence, &partition}) {
        if (!*number) {
            return std::unexpected(number->error());
        }
    }
    if (!*sequence) {
        return fail(Code::malformed, "position is missing");
    }
    if (partition->value_or(0) >= hub::partitions_max) {
        return fail(Code::malformed, "there is no such partition");
    }
    WantedPosition wanted{.partition = {}, .sequence = **sequence};
    if (*partition) {
        wanted.partition = static_cast<int>(**partition);
    }
    return wanted;
}

void save_consumer(HubCall& call, const hub::EventGroup& group) {
    const auto wanted = position_from(call);
    if (!wanted) {
        return call.refuse(wanted.error());
    }
    const auto saved =
        call.hub().events().save_position(group, wanted->partition, wanted->sequence);
    if (!saved) {
        return call.refuse(saved.error());
    }
    show_consumer(call, group);
}

void forget_consumer(HubCall& call, const hub::EventGroup& group) {
    const auto forgotten = call.hub().events().forget(group);
    forgotten ? call.answer(session::HttpResponse{.status = 204}) : refuse(call, forgotten.error());
}

void serve_consumer(HubCall& call) {
    const auto group = consumer_from(call.target().segments[3]);
    if (!group) {
        return call.refuse(group.error());
    }
    if (call.method_is("GET")) {
        show_consumer(call, *group);
    } else if (call.method_is("PUT")) {
        save_consumer(call, *group);
    } else if (call.method_is("DELETE")) {
        forget_consumer(call, *group);
    } else {
        call.refuse_method("GET, PUT, DELETE");
    }
}

} // namespace

void serve_event_consumers(HubCall& call) {
    if (auto allowed = call.allow(hub::Right::service_connect); !allowed) {
        return call.refuse(allowed.error());
    }
    if (call.is(4, "messages")) {
        return serve_consumer(call);
    }
    call.method_is("GET") ? list_consumers(call) : call.refuse_method("GET");
}

} // namespace muster::gateway
