#include "app/web_functions.h"

namespace muster::app {

Result<provisioning::WebReply> WebFunctions::post(const provisioning::WebCall& call) {
    Result<net::HttpReply> reply = send_({.method = "POST",
                                          .url = std::string(call.url.reveal()),
                                          .headers = call.headers,
                                          .body = call.body,
                                          .time_max = call.time_max,
                                          .answer_bytes_max = call.answer_bytes_max});
    if (!reply) {
        return std::unexpected(std::move(reply).error());
    }
    return provisioning::WebReply{.status = reply->status,
                                  .content_type = std::string(reply->header("content-type")),
                                  .body = std::move(reply->body)};
}

} // namespace muster::app
