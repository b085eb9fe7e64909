#include "app/endpoints/webhook_endpoint.h"

#include "base/text.h"
#include "crypto/webhook_signature.h"
#include "hub/routing/cloud_event.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::app {

namespace {

constexpr std::size_t answer_bytes_max = std::size_t{1024} * 1024; // it is not looked at
constexpr unsigned long long asked_seconds_max = 24 * 60 * 60;

bool is_success(unsigned status) {
    return status >= 200 && status < 300;
}

Error refusal_of(const net::HttpReply& reply) {
    Error error{.code = Code::unavailable,
                .detail = fmt::format("the webhook answered with status {}", reply.status)};
    if (const auto seconds = parse_decimal(reply.header("retry-after"))) {
        error.retry_after = std::chrono::seconds(std::min(*seconds, asked_seconds_max));
    }
    return error;
}

} // namespace

Result<void> WebhookEndpoint::deliver(std::span<const hub::Event> events) {
    if (stop_.stop_requested()) {
        return fail(Code::unavailable, "the server is stopping");
    }
    net::Outgoing::Request request{
        .method = "POST",
        .url = std::string(options_.url.reveal()),
        .headers = {{"Content-Type", std::string(hub::cloud_event_batch_media_type)},
                    {"User-Agent", "muster"}},
        .body = hub::to_cloud_events(options_.hub, events),
        .time_max = webhook_time_max,
        .answer_bytes_max = answer_bytes_max,
        .cancelled = stop_.get_token()};
    if (options_.signing_key) {
        request.headers.emplace_back(
            crypto::webhook_signature_header,
            crypto::webhook_signature(*options_.signing_key, request.body, clock_.wall()));
    }
    const auto reply = send_(request);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    return is_success(reply->status) ? Result<void>() : std::unexpected(refusal_of(*reply));
}

} // namespace muster::app
