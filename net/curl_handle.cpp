#include "net/curl_handle.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <new>

namespace muster::net {

namespace {

constexpr std::size_t header_bytes_max = 64 * 1024; // trailers and interim responses included

/// What arrives for one request.
struct Reception {
    HttpReply reply;
    std::size_t body_bytes_max = 0;
    std::size_t header_bytes = 0;
    bool too_large = false;
};

std::size_t receive_header(const char* data, std::size_t, std::size_t size, void* to) {
    auto& reception = *static_cast<Reception*>(to);
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) { // what came before were the headers of an interim response
        reception.reply.headers.clear();
    }
    reception.header_bytes += size;
    if (reception.header_bytes > header_bytes_max) {
        reception.too_large = true;
        return 0;
    }
    if (const auto parts = split_once(line, ':')) {
        reception.reply.headers.emplace_back(to_lower(trim(parts->first)), trim(parts->second));
    }
    return size;
}

std::size_t receive_body(const char* data, std::size_t, std::size_t size, void* to) {
    auto& reception = *static_cast<Reception*>(to);
    std::string& body = reception.reply.body;
    if (size > reception.body_bytes_max - body.size()) {
        reception.too_large = true;
        return 0;
    }
    body.append(data, size);
    return size;
}

bool is_plain(std::string_view text) {
    return std::ranges::none_of(text,
                                [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; });
}

CurlList to_list(const HttpHeaders& headers) {
    CurlList list;
    for (const char* unwanted : {"Expect", "Content-Type", "Accept"}) { // curl's own additions
        if (std::ranges::none_of(headers, [unwanted](const auto& header) {
                return equal_ignoring_case(header.first, unwanted);
            })) {
            list.add(fmt::format("{}:", unwanted));
        }
    }
    for (const auto& [name, value] : headers) {
        // "Name;" is how curl is told to send a header without a value.
        list.add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    }
    return list;
}

} // namespace

void CurlList::add(const std::string& text) {
    curl_slist* grown = curl_slist_append(list_.get(), text.c_str());
    if (grown == nullptr) {
        throw std::bad_alloc();
    }
    list_.release();
    list_.reset(grown);
}

Result<void> check_sending(const CurlSending& sending) {
    const std::string& method = sending.method;
    if (method.empty() || !is_plain(method) || method.contains(' ')) {
        return fail(Code::malformed, "not an HTTP method");
    }
    for (const auto& [name, value] : sending.headers) {
        if (name.empty() || !is_plain(name) || name.contains(':') || !is_plain(value)) {
            return fail(Code::malformed, "not an HTTP header");
        }
    }
    if (sending.time_max <= std::chrono::milliseconds(0)) {
        return fail(Code::deadline_exceeded, "no time is left for the request");
    }
    return {};
}

CurlHandle::CurlHandle() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    easy_.reset(curl_easy_init());
    if (!easy_) {
        throw std::bad_alloc();
    }
}

void CurlHandle::prepare(const CurlSending& sending) {
    curl_easy_reset(easy_.get());
    headers_ = to_list(sending.headers);
    set(CURLOPT_ERRORBUFFER, error_text_);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_HEADERFUNCTION, receive_header);
    set(CURLOPT_WRITEFUNCTION, receive_body);
    // Not zero (check_sending()), which to libcurl is all the time there is.
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(sending.time_max.count()));
    set(CURLOPT_HTTPHEADER, headers_.get());
    if (sending.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
    } else if (sending.method != "GET" || !sending.body.empty()) {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(sending.body.size()));
        set(CURLOPT_POSTFIELDS, sending.body.c_str());
    }
    set(CURLOPT_CUSTOMREQUEST, sending.method.c_str());
}

CurlOutcome CurlHandle::perform(std::size_t body_bytes_max) {
    Reception reception;
    reception.body_bytes_max = body_bytes_max;
    set(CURLOPT_HEADERDATA, &reception);
    set(CURLOPT_WRITEDATA, &reception);
    error_text_[0] = '\0';
    CurlOutcome outcome;
    outcome.code = curl_easy_perform(easy_.get());
    outcome.too_large = reception.too_large;
    if (outcome.code != CURLE_OK) {
        outcome.text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(outcome.code);
        return outcome;
    }
    outcome.reply = std::move(reception.reply);
    outcome.reply.status = static_cast<unsigned>(info<long>(CURLINFO_RESPONSE_CODE));
    outcome.reply.connect_time = connect_time();
    return outcome;
}

std::optional<std::chrono::microseconds> CurlHandle::connect_time() {
    if (info<long>(CURLINFO_NUM_CONNECTS) == 0) {
        return std::nullopt;
    }
    const auto connected = info<curl_off_t>(CURLINFO_CONNECT_TIME_T);
    const auto resolved = info<curl_off_t>(CURLINFO_NAMELOOKUP_TIME_T);
    return std::chrono::microseconds(std::max<curl_off_t>(connected - resolved, 0));
}

std::string in_brackets_if_ipv6(const std::string& host) {
    return host.contains(':') ? fmt::format("[{}]", host) : host;
}

} // namespace muster::net
