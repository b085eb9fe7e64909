#include "net/http_client.h"

#include "base/text.h"
#include "net/socket.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>

namespace muster::net {

namespace {

constexpr std::size_t header_bytes_max = 64 * 1024;

struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using Easy = std::unique_ptr<CURL, EasyDeleter>;

/// libcurl's list type, grown at the end.
class TextList {
  public:
    void add(const std::string& text) {
        curl_slist* grown = curl_slist_append(list_.get(), text.c_str());
        if (grown == nullptr) {
            throw std::bad_alloc();
        }
        list_.release();
        list_.reset(grown);
    }

    [[nodiscard]] curl_slist* get() const { return list_.get(); }

  private:
    std::unique_ptr<curl_slist, ListDeleter> list_;
};

/// What arrives for one call.
struct Reception {
    HttpReply reply;
    std::size_t body_bytes_max = 0;
    std::size_t header_bytes = 0;
    bool too_large = false;
};

std::size_t receive_header(const char* data, std::size_t, std::size_t size, void* to) {
    auto& reception = *static_cast<Reception*>(to);
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) { // the headers of an interim response do not count
        reception.reply.headers.clear();
        reception.header_bytes = 0;
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

std::string in_brackets_if_ipv6(const std::string& host) {
    return host.contains(':') ? fmt::format("[{}]", host) : host;
}

bool is_plain(std::string_view text) {
    return std::ranges::none_of(text,
                                [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; });
}

Result<void> check(const HttpCall& call) {
    const std::string& target = call.path_and_query;
    if (call.method.empty() || !is_plain(call.method) || call.method.contains(' ')) {
        return fail(Code::malformed, "not an HTTP method");
    }
    if (!target.starts_with('/') || !is_plain(target) || target.contains(' ') ||
        target.contains('#')) {
        return fail(Code::malformed, "not a request path");
    }
    for (const auto& [name, value] : call.headers) {
        if (name.empty() || !is_plain(name) || name.contains(':') || !is_plain(value)) {
            return fail(Code::malformed, "not an HTTP header");
        }
    }
    return {};
}

TextList to_list(const HttpCall& call) {
    TextList list;
    for (const char* unwanted : {"Expect", "Content-Type", "Accept"}) { // curl's own additions
        if (std::ranges::none_of(call.headers, [unwanted](const auto& header) {
                return equal_ignoring_case(header.first, unwanted);
            })) {
            list.add(fmt::format("{}:", unwanted));
        }
    }
    for (const auto& [name, value] : call.headers) {
        // "Name;" is how curl is told to send a header without a value.
        list.add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    }
    return list;
}

} // namespace

struct HttpClient::State {
    explicit State(Options given) : options(std::move(given)) {}

    Result<HttpReply> perform(const HttpCall& call);
    void set_connection();
    void set_request(const HttpCall& call, const TextList& headers);
    [[nodiscard]] std::unexpected<Error> explain(CURLcode code) const;

    template <class Value>
    void set(CURLoption option, Value value) {
        // An option refused here would be one that this libcurl does not know at all.
        if (const CURLcode code = curl_easy_setopt(easy.get(), option, value); code != CURLE_OK) {
            throw std::runtime_error(curl_easy_strerror(code));
        }
    }

    Options options;
    Easy easy;
    TextList connect_to;
    char error_text[CURL_ERROR_SIZE] = {};
};

Result<HttpReply> HttpClient::State::perform(const HttpCall& call) {
    const TextList headers = to_list(call);
    set_request(call, headers);
    Reception reception;
    reception.body_bytes_max = options.body_bytes_max;
    set(CURLOPT_HEADERDATA, &reception);
    set(CURLOPT_WRITEDATA, &reception);
    error_text[0] = '\0';
    const CURLcode code = curl_easy_perform(easy.get());
    if (reception.too_large) {
        return fail(Code::too_large, fmt::format("the answer of {} is too large", options.host));
    }
    if (code != CURLE_OK) {
        return explain(code);
    }
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    reception.reply.status = static_cast<unsigned>(status);
    return std::move(reception.reply);
}

/// What stays the same for every call. curl_easy_reset() keeps the connection.
void HttpClient::State::set_connection() {
    curl_easy_reset(easy.get());
    set(CURLOPT_ERRORBUFFER, error_text);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_HEADERFUNCTION, receive_header);
    set(CURLOPT_WRITEFUNCTION, receive_body);
    if (!options.ca_pem.empty()) {
        curl_blob blob{options.ca_pem.data(), options.ca_pem.size(), CURL_BLOB_NOCOPY};
        set(CURLOPT_CAINFO_BLOB, &blob);
        set(CURLOPT_CAPATH, nullptr); // these authorities and no others
    }
    if (!options.address.empty()) {
        set(CURLOPT_CONNECT_TO, connect_to.get());
        set(CURLOPT_NOPROXY, "*"); // a proxy would do its own resolving
    }
}

void HttpClient::State::set_request(const HttpCall& call, const TextList& headers) {
    set_connection();
    const std::string url = fmt::format("https://{}:{}{}", in_brackets_if_ipv6(options.host),
                                        options.port, call.path_and_query);
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(call.time_max.count()));
    set(CURLOPT_HTTPHEADER, headers.get());
    if (call.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
    } else if (call.method != "GET" || !call.body.empty()) {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
        set(CURLOPT_POSTFIELDS, call.body.c_str());
    }
    set(CURLOPT_CUSTOMREQUEST, call.method.c_str());
}

std::unexpected<Error> HttpClient::State::explain(CURLcode code) const {
    const std::string where = fmt::format("{}:{}", options.host, options.port);
    const char* text = error_text[0] != '\0' ? error_text : curl_easy_strerror(code);
    switch (code) {
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
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    state_->easy.reset(curl_easy_init());
    if (!state_->easy) {
        throw std::bad_alloc();
    }
    if (!state_->options.address.empty()) {
        state_->connect_to.add(fmt::format("::{}:{}", in_brackets_if_ipv6(state_->options.address),
                                           state_->options.port));
    }
}

HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpReply> HttpClient::send(const HttpCall& call) {
    if (Result<void> checked = check(call); !checked) {
        return std::unexpected(checked.error());
    }
    return state_->perform(call);
}

} // namespace muster::net
