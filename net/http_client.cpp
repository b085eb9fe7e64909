#include "net/http_client.h"

#include "net/curl_handle.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace muster::net {

namespace {

Result<void> check(const HttpCall& call, const CurlSending& sending) {
    const std::string& target = call.path_and_query;
    const bool is_path =
        target.starts_with('/') && std::ranges::none_of(target, [](unsigned char byte) {
            return byte <= ' ' || byte == 0x7F || byte == '#';
        });
    if (!is_path) {
        return fail(Code::malformed, "not a request path");
    }
    return check_sending(sending);
}

} // namespace

struct HttpClient::State {
    explicit State(Options given) : options(std::move(given)) {}

    void set_connection();
    [[nodiscard]] std::unexpected<Error> explain(const CurlOutcome& outcome) const;

    Options options;
    CurlHandle handle;
    CurlList connect_to;
};

void HttpClient::State::set_connection() {
    if (!options.ca_pem.empty()) {
        curl_blob blob{options.ca_pem.data(), options.ca_pem.size(), CURL_BLOB_NOCOPY};
        handle.set(CURLOPT_CAINFO_BLOB, &blob);
        handle.set(CURLOPT_CAPATH, nullptr); // these authorities and no others
    }
    if (!options.address.empty()) {
        handle.set(CURLOPT_CONNECT_TO, connect_to.get());
        handle.set(CURLOPT_NOPROXY, "*"); // a proxy would do its own resolving
    }
}

std::unexpected<Error> HttpClient::State::explain(const CurlOutcome& outcome) const {
    const std::string where = fmt::format("{}:{}", options.host, options.port);
    const std::string& text = outcome.text;
    switch (outcome.code) {
    case CURLE_OPERATION_TIMEDOUT:
        return fail(Code::deadline_exceeded, fmt::format("{} did not answer in time", where), text);
    case CURLE_PEER_FAILED_VERIFICATION:
        return fail(Code::unavailable,
                    fmt::format("the certificate of {} is refused: {}", where, text));
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return fail(Code::unavailable, fmt::format("cannot connect to {}: {}", where, text));
    default: return fail(Code::unavailable, fmt::format("no answer from {}: {}", where, text));
    }
}

std::string_view HttpReply::header(std::string_view lower_case_name) const {
    const auto found = std::ranges::find(headers, lower_case_name, [](const auto& header) {
        return std::string_view(header.first);
    });
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

HttpClient::HttpClient(Options options) : state_(std::make_unique<State>(std::move(options))) {
    if (!state_->options.address.empty()) {
        state_->connect_to.add(fmt::format("::{}:{}", in_brackets_if_ipv6(state_->options.address),
                                           state_->options.port));
    }
}

HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpReply> HttpClient::send(const HttpCall& call) {
    const CurlSending sending{.method = call.method,
                              .headers = call.headers,
                              .body = call.body,
                              .time_max = call.time_max};
    if (Result<void> checked = check(call, sending); !checked) {
        return std::unexpected(checked.error());
    }
    const Options& options = state_->options;
    state_->handle.prepare(sending);
    state_->set_connection();
    const std::string url = fmt::format("https://{}:{}{}", in_brackets_if_ipv6(options.host),
                                        options.port, call.path_and_query);
    state_->handle.set(CURLOPT_URL, url.c_str());
    CurlOutcome outcome = state_->handle.perform(options.body_bytes_max);
    if (outcome.too_large) {
        return fail(Code::too_large, fmt::format("the answer of {} is too large", options.host));
    }
    if (outcome.code != CURLE_OK) {
        return state_->explain(outcome);
    }
    return std::move(outcome.reply);
}

} // namespace muster::net
