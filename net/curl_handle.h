#pragma once
// What http_client.h and outgoing.h share: libcurl's objects, and how a request is put and an
// answer taken, with bounds on everything. The only header that shows libcurl; not for other
// folders.

#include "base/result.h"
#include "net/http_client.h"

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct CurlEasyFreed {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

struct CurlListFreed {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// libcurl's list type, grown at the end.
class CurlList {
  public:
    void add(const std::string& text);

    [[nodiscard]] curl_slist* get() const { return list_.get(); }

  private:
    std::unique_ptr<curl_slist, CurlListFreed> list_;
};

/// What is sent, but for where to. Must outlive the request.
struct CurlSending {
    const std::string& method;
    const HttpHeaders& headers;
    const std::string& body;
    std::chrono::milliseconds time_max;
};

/// Nothing in it can break out of its place in the request, and there is time to send it. Errors:
/// malformed, deadline_exceeded.
Result<void> check_sending(const CurlSending& sending);

struct CurlOutcome {
    CURLcode code = CURLE_OK;
    std::string text;       // for humans, if it failed
    bool too_large = false; // the answer was, and was cut short
    HttpReply reply;        // if it did not fail
};

/// One easy handle with the connections that it keeps. Not thread safe.
class CurlHandle {
  public:
    CurlHandle();
    CurlHandle(const CurlHandle&) = delete;
    CurlHandle& operator=(const CurlHandle&) = delete;

    /// Forgets everything but the connections, and sets what all requests have in common: verified
    /// TLS only, HTTP/1.1, no redirects, no decoding, nothing of the environment but perhaps a
    /// proxy. The caller adds the URL.
    void prepare(const CurlSending& sending);

    template <class Value>
    void set(CURLoption option, Value value) {
        // An option refused here would be one that this libcurl does not know at all.
        if (const CURLcode code = curl_easy_setopt(easy_.get(), option, value); code != CURLE_OK) {
            throw std::runtime_error(curl_easy_strerror(code));
        }
    }

    CurlOutcome perform(std::size_t body_bytes_max);

  private:
    template <class Value>
    Value info(CURLINFO wanted) {
        Value value = {};
        curl_easy_getinfo(easy_.get(), wanted, &value);
        return value;
    }

    std::optional<std::chrono::microseconds> connect_time();

    std::unique_ptr<CURL, CurlEasyFreed> easy_;
    CurlList headers_;
    char error_text_[CURL_ERROR_SIZE] = {};
};

std::string in_brackets_if_ipv6(const std::string& host);

} // namespace muster::net
