#include "net/outgoing.h"

#include "net/curl_handle.h"
#include "net/openssl.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <list>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>

namespace muster::net {

namespace {

constexpr std::size_t url_bytes_max = 8 * 1024;

struct UrlFreed {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

using Url = std::unique_ptr<CURLU, UrlFreed>;

std::string part_of(const Url& url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) {
        return {};
    }
    std::string copy(text);
    curl_free(text);
    return copy;
}

/// Where a request goes, read once, by the same parser that will send it.
struct Destination {
    Url url;
    std::string host;
    std::string origin; // what a connection can be used again for
};

Result<Destination> read_url(const Outgoing::Request& request) {
    Destination read{.url = Url(curl_url()), .host = {}, .origin = {}};
    if (!read.url) {
        throw std::bad_alloc();
    }
    // User and password would be sent along, and make a name look like another.
    const unsigned flags = CURLU_DISALLOW_USER | CURLU_PATH_AS_IS;
    const bool is_url =
        request.url.size() <= url_bytes_max && !request.url.contains('\0') &&
        curl_url_set(read.url.get(), CURLUPART_URL, request.url.c_str(), flags) == CURLUE_OK;
    read.host = part_of(read.url, CURLUPART_HOST);
    const std::string scheme = part_of(read.url, CURLUPART_SCHEME);
    const std::string port = part_of(read.url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    const bool is_ours = is_url && !read.host.empty() && port != "0" &&
                         (scheme == "https" || scheme == "http") &&
                         part_of(read.url, CURLUPART_ZONEID).empty();
    if (!is_ours) {
        return fail(Code::malformed, "not an http or https URL that can be called");
    }
    if (scheme == "http" && !request.plain_http_allowed) {
        return fail(Code::forbidden, fmt::format("{} may only be called over https", read.host));
    }
    read.origin = fmt::format("{}://{}:{}", scheme, read.host, port);
    return read;
}

/// What open_socket() is told, and tells.
struct Dialling {
    const AddressRule& may_connect;
    bool refused = false;
};

bool is_allowed(const AddressRule& may_connect, const curl_sockaddr& address) {
    if (address.family != AF_INET && address.family != AF_INET6) {
        return false;
    }
    if (!may_connect) {
        return true;
    }
    const bool is_v4 = address.family == AF_INET;
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.addr);
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.addr);
    const void* bytes = is_v4 ? static_cast<const void*>(&v4->sin_addr) : &v6->sin6_addr;
    char text[INET6_ADDRSTRLEN] = {};
    return inet_ntop(address.family, bytes, text, sizeof text) != nullptr &&
           may_connect(text, ntohs(is_v4 ? v4->sin_port : v6->sin6_port));
}

/// libcurl connects to nothing but what it gets from here, so what is checked is what is used,
/// however often the name is resolved.
curl_socket_t open_socket(void* to, curlsocktype, curl_sockaddr* address) {
    auto& dialling = *static_cast<Dialling*>(to);
    if (!is_allowed(dialling.may_connect, *address)) {
        dialling.refused = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// Called by libcurl at least once a second.
int is_cancelled(void* token, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::stop_token*>(token)->stop_requested() ? 1 : 0;
}

/// Called by libcurl when it has loaded the system's authorities.
CURLcode trust_more(CURL*, void* context, void* anchors) {
    X509_STORE* store = SSL_CTX_get_cert_store(static_cast<SSL_CTX*>(context));
    for (const X509Ptr& anchor : *static_cast<const std::vector<X509Ptr>*>(anchors)) {
        if (X509_STORE_add_cert(store, anchor.get()) != 1) {
            return CURLE_SSL_CACERT_BADFILE;
        }
    }
    return CURLE_OK;
}

/// A machine that has no store of its own can still call servers of ours.
bool has_system_store() {
    const curl_version_info_data* curl = curl_version_info(CURLVERSION_NOW);
    std::error_code ignored;
    return curl->cainfo == nullptr || std::filesystem::exists(curl->cainfo, ignored);
}

std::unexpected<Error> explain(const CurlOutcome& outcome, const std::string& host) {
    switch (outcome.code) {
    case CURLE_OPERATION_TIMEDOUT:
        return fail(Code::deadline_exceeded, fmt::format("{} did not answer in time", host),
                    outcome.text);
    case CURLE_ABORTED_BY_CALLBACK: return fail(Code::unavailable, "the request was given up");
    case CURLE_PEER_FAILED_VERIFICATION:
        return fail(Code::unavailable, fmt::format("the certificate of {} is refused", host),
                    outcome.text);
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return fail(Code::unavailable, fmt::format("cannot connect to {}", host), outcome.text);
    default: return fail(Code::unavailable, fmt::format("no answer from {}", host), outcome.text);
    }
}

} // namespace

struct Outgoing::State {
    explicit State(Options given) : options(std::move(given)) {}

    std::unique_ptr<CurlHandle> take(const std::string& origin);
    void keep(const std::string& origin, std::unique_ptr<CurlHandle> handle);
    void set_connection(CurlHandle& handle, const Request& request);

    /// A handle whose one connection is open, we believe.
    struct Idle {
        std::string origin;
        std::unique_ptr<CurlHandle> handle;
    };

    Options options;
    std::vector<X509Ptr> anchors;
    bool system_store = has_system_store();
    std::mutex mutex;
    std::list<Idle> idle; // the last used first
};

std::unique_ptr<CurlHandle> Outgoing::State::take(const std::string& origin) {
    const std::scoped_lock lock(mutex);
    const auto found = std::ranges::find(idle, origin, &Idle::origin);
    if (found == idle.end()) {
        return std::make_unique<CurlHandle>();
    }
    auto handle = std::move(found->handle);
    idle.erase(found);
    return handle;
}

void Outgoing::State::keep(const std::string& origin, std::unique_ptr<CurlHandle> handle) {
    std::list<Idle> closed; // outside of the lock
    const std::scoped_lock lock(mutex);
    idle.push_front({.origin = origin, .handle = std::move(handle)});
    if (idle.size() > options.idle_max) {
        closed.splice(closed.begin(), idle, std::prev(idle.end()));
    }
}

void Outgoing::State::set_connection(CurlHandle& handle, const Request& request) {
    handle.set(CURLOPT_PROTOCOLS_STR, request.plain_http_allowed ? "http,https" : "https");
    handle.set(CURLOPT_PROXY, ""); // also none of the environment: it would do its own resolving
    handle.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_max.count()));
    handle.set(CURLOPT_MAXCONNECTS, 1L);
    if (!anchors.empty()) {
        handle.set(CURLOPT_SSL_CTX_FUNCTION, trust_more);
        handle.set(CURLOPT_SSL_CTX_DATA, &anchors);
        if (!system_store) {
            handle.set(CURLOPT_CAINFO, nullptr);
        }
    }
    handle.set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
}

Outgoing::Outgoing(Options options) : state_(std::make_unique<State>(std::move(options))) {
    if (state_->options.ca_pem.empty()) {
        return;
    }
    state_->anchors = read_certificates(state_->options.ca_pem);
    if (state_->anchors.empty()) {
        throw std::runtime_error("the CA file has no readable PEM certificate");
    }
}

Outgoing::~Outgoing() = default;

Result<HttpReply> Outgoing::send(const Request& request) {
    const CurlSending sending{.method = request.method,
                              .headers = request.headers,
                              .body = request.body,
                              .time_max = request.time_max};
    if (Result<void> checked = check_sending(sending); !checked) {
        return std::unexpected(checked.error());
    }
    const Result<Destination> destination = read_url(request);
    if (!destination) {
        return std::unexpected(destination.error());
    }
    auto handle = state_->take(destination->origin);
    Dialling dialling{.may_connect = state_->options.may_connect};
    handle->prepare(sending);
    state_->set_connection(*handle, request);
    handle->set(CURLOPT_CURLU, destination->url.get());
    handle->set(CURLOPT_OPENSOCKETDATA, &dialling);
    std::stop_token cancelled = request.cancelled;
    if (cancelled.stop_possible()) {
        handle->set(CURLOPT_NOPROGRESS, 0L);
        handle->set(CURLOPT_XFERINFOFUNCTION, is_cancelled);
        handle->set(CURLOPT_XFERINFODATA, &cancelled);
    }
    CurlOutcome outcome = handle->perform(request.answer_bytes_max);
    if (outcome.too_large) {
        return fail(Code::too_large,
                    fmt::format("the answer of {} is too large", destination->host));
    }
    if (dialling.refused && outcome.code == CURLE_COULDNT_CONNECT) {
        return fail(Code::forbidden, fmt::format("the address of {} may not be called from here",
                                                 destination->host));
    }
    if (outcome.code != CURLE_OK) {
        return explain(outcome, destination->host); // the handle goes, and its connection with it
    }
    state_->keep(destination->origin, std::move(handle));
    return std::move(outcome.reply);
}

} // namespace muster::net
