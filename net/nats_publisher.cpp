#include "net/nats_publisher.h"

#include "base/json.h"

#include <fmt/format.h>

#include <nats/nats.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace muster::net {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds slice{100}; // how often waiting looks up
constexpr milliseconds ping_interval{10'000};
constexpr int pings_out_max = 2;
constexpr milliseconds write_max{5'000};

/// A libnats object and what frees it.
template <class T, void (*destroy)(T*)>
struct Freed {
    void operator()(T* object) const { destroy(object); }
};

using OptionsPtr = std::unique_ptr<natsOptions, Freed<natsOptions, natsOptions_Destroy>>;
using ConnectionPtr =
    std::unique_ptr<natsConnection, Freed<natsConnection, natsConnection_Destroy>>;
using SubscriptionPtr =
    std::unique_ptr<natsSubscription, Freed<natsSubscription, natsSubscription_Destroy>>;
using MessagePtr = std::unique_ptr<natsMsg, Freed<natsMsg, natsMsg_Destroy>>;
using InboxPtr = std::unique_ptr<natsInbox, Freed<natsInbox, natsInbox_Destroy>>;
using StreamPtr = std::unique_ptr<jsCtx, Freed<jsCtx, jsCtx_Destroy>>;
using StreamInfoPtr = std::unique_ptr<jsStreamInfo, Freed<jsStreamInfo, jsStreamInfo_Destroy>>;

/// The library's own prints to standard error.
void say_nothing(natsConnection*, natsSubscription*, natsStatus, void*) {}

Code code_of(natsStatus status) {
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED: return Code::unauthenticated;
    case NATS_TIMEOUT: return Code::deadline_exceeded;
    case NATS_MAX_PAYLOAD: return Code::too_large;
    default: return Code::unavailable;
    }
}

std::unexpected<Error> failed(natsStatus status, std::string detail) {
    return fail(code_of(status), std::move(detail), natsStatus_GetText(status));
}

/// Puts options until the first that is refused, and remembers which one that was.
class Setting {
  public:
    explicit Setting(natsOptions* options) : options_(options) {}

    template <class Set, class... Values>
    void set(const char* what, Set set, Values... values) {
        if (status_ == NATS_OK) {
            status_ = set(options_, values...);
            what_ = what;
        }
    }

    [[nodiscard]] Result<void> outcome() const {
        return status_ == NATS_OK ? Result<void>()
                                  : fail(Code::malformed, fmt::format("{} cannot be used", what_),
                                         natsStatus_GetText(status_));
    }

  private:
    natsOptions* options_;
    natsStatus status_ = NATS_OK;
    const char* what_ = "";
};

Result<void> read_acknowledgement(natsMsg* message) {
    const auto document = parse_json_object(
        {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))});
    if (!document) {
        return fail(Code::unavailable, "the NATS server answered with something else than JSON");
    }
    const Json* error = find_member(*document, "error");
    if (error == nullptr) {
        return {};
    }
    const auto said = error->is_object() ? string_member(error->as_object(), "description")
                                         : Result<std::string>();
    return fail(Code::unavailable,
                fmt::format("the stream refused a message: {}", said.value_or("no reason given")));
}

} // namespace

struct NatsPublisher::State {
    explicit State(Options given) : options(std::move(given)) {}

    Result<OptionsPtr> make_options(const std::string& server) const;
    void set_identity(Setting& setting) const;
    void set_tls(Setting& setting, const std::string& server) const;
    Result<void> connect();
    Result<void> connect_to(const std::string& server);
    Result<void> have_stream();
    Result<void> make_stream(jsCtx* streams);
    Result<void> check_sizes(std::span<const Message> messages);
    Result<void> send(const Message& message, const std::string& reply);
    Result<void> publish(std::span<const Message> messages);
    Result<void> wait_for_all(natsSubscription* answers, std::span<const Message> messages);

    Options options;
    ConnectionPtr connection;
    std::size_t next_server = 0;
    std::atomic<bool> interrupted = false;
};

void NatsPublisher::State::set_identity(Setting& setting) const {
    if (!options.user.empty()) {
        setting.set("the user's password", natsOptions_SetUserInfo, options.user.c_str(),
                    std::string(options.password.reveal()).c_str());
    }
    if (!options.token.empty()) {
        setting.set("the token", natsOptions_SetToken, std::string(options.token.reveal()).c_str());
    }
    if (!options.credentials_file.empty()) {
        setting.set("credentials_file", natsOptions_SetUserCredentialsFromFiles,
                    options.credentials_file.c_str(), nullptr);
    }
}

void NatsPublisher::State::set_tls(Setting& setting, const std::string& server) const {
    const bool is_wanted = server.starts_with("tls://") || !options.ca_file.empty() ||
                           !options.certificate_file.empty();
    if (!is_wanted) {
        return;
    }
    setting.set("TLS", natsOptions_SetSecure, true);
    if (!options.ca_file.empty()) {
        setting.set("ca_file", natsOptions_LoadCATrustedCertificates, options.ca_file.c_str());
    }
    if (!options.certificate_file.empty()) {
        setting.set("certificate_file", natsOptions_LoadCertificatesChain,
                    options.certificate_file.c_str(), options.key_file.c_str());
    }
}

Result<OptionsPtr> NatsPublisher::State::make_options(const std::string& server) const {
    natsOptions* made = nullptr;
    if (const natsStatus status = natsOptions_Create(&made); status != NATS_OK) {
        return failed(status, "no memory for a connection to NATS");
    }
    OptionsPtr owned(made);
    Setting setting(made);
    setting.set("the server's URL", natsOptions_SetURL, server.c_str());
    setting.set("the name", natsOptions_SetName, options.client_name.c_str());
    setting.set("the timeout", natsOptions_SetTimeout, options.connect_max.count());
    setting.set("the deadline", natsOptions_SetWriteDeadline, write_max.count());
    setting.set("the ping interval", natsOptions_SetPingInterval, ping_interval.count());
    setting.set("the number of pings", natsOptions_SetMaxPingsOut, pings_out_max);
    setting.set("reconnecting", natsOptions_SetAllowReconnect, false);
    setting.set("the error handler", natsOptions_SetErrorHandler, say_nothing, nullptr);
    set_identity(setting);
    set_tls(setting, server);
    if (auto done = setting.outcome(); !done) {
        return std::unexpected(done.error());
    }
    return owned;
}

Result<void> NatsPublisher::State::connect_to(const std::string& server) {
    auto wanted = make_options(server);
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    natsConnection* made = nullptr;
    if (const natsStatus status = natsConnection_Connect(&made, wanted->get()); status != NATS_OK) {
        return failed(status, fmt::format("cannot connect to {}", server));
    }
    connection.reset(made);
    auto ready = have_stream();
    if (!ready) {
        connection.reset();
    }
    return ready;
}

/// Every server once, beginning with the one after the last.
Result<void> NatsPublisher::State::connect() {
    Result<void> outcome = fail(Code::unavailable, "no NATS server is configured");
    for (std::size_t tried = 0; tried < options.servers.size() && !interrupted; ++tried) {
        outcome = connect_to(options.servers[next_server]);
        if (outcome) {
            return outcome;
        }
        next_server = (next_server + 1) % options.servers.size();
    }
    return outcome;
}

Result<void> NatsPublisher::State::have_stream() {
    if (options.stream.empty()) {
        return {};
    }
    jsOptions call;
    jsOptions_Init(&call);
    call.Wait = options.stored_max.count();
    jsCtx* context = nullptr;
    if (const auto status = natsConnection_JetStream(&context, connection.get(), &call);
        status != NATS_OK) {
        return failed(status, "the NATS server offers no JetStream");
    }
    const StreamPtr streams(context);
    jsStreamInfo* found = nullptr;
    const natsStatus status =
        js_GetStreamInfo(&found, context, options.stream.c_str(), nullptr, nullptr);
    const StreamInfoPtr info(found);
    if (status == NATS_NOT_FOUND) {
        return make_stream(context);
    }
    return status == NATS_OK
               ? Result<void>()
               : failed(status, fmt::format("cannot find out about the stream {}", options.stream));
}

Result<void> NatsPublisher::State::make_stream(jsCtx* streams) {
    std::vector<const char*> subjects;
    for (const std::string& subject : options.stream_subjects) {
        subjects.push_back(subject.c_str());
    }
    jsStreamConfig wanted;
    jsStreamConfig_Init(&wanted);
    wanted.Name = options.stream.c_str();
    wanted.Subjects = subjects.data();
    wanted.SubjectsLen = static_cast<int>(subjects.size());
    wanted.Storage = js_FileStorage;
    jsStreamInfo* made = nullptr;
    const natsStatus status = js_AddStream(&made, streams, &wanted, nullptr, nullptr);
    const StreamInfoPtr info(made);
    return status == NATS_OK
               ? Result<void>()
               : failed(status, fmt::format("cannot make the stream {}", options.stream));
}

Result<void> NatsPublisher::State::check_sizes(std::span<const Message> messages) {
    constexpr std::size_t headers_bytes = 1024; // more than ours ever take
    const auto bytes_max = static_cast<std::size_t>(natsConnection_GetMaxPayload(connection.get()));
    for (const Message& message : messages) {
        if (message.data.size() + headers_bytes > bytes_max) {
            return fail(Code::too_large,
                        fmt::format("the message {} has {} bytes, the NATS server takes {} with "
                                    "its headers (max_payload)",
                                    message.id, message.data.size(), bytes_max));
        }
    }
    return {};
}

Result<void> NatsPublisher::State::send(const Message& message, const std::string& reply) {
    natsMsg* made = nullptr;
    natsStatus status = natsMsg_Create(&made, message.subject.c_str(), reply.c_str(),
                                       message.data.data(), static_cast<int>(message.data.size()));
    const MessagePtr owned(made);
    if (status == NATS_OK) {
        status = natsMsgHeader_Set(made, "Nats-Msg-Id", message.id.c_str());
    }
    if (status == NATS_OK && !options.stream.empty()) {
        status = natsMsgHeader_Set(made, "Nats-Expected-Stream", options.stream.c_str());
    }
    if (status == NATS_OK) {
        status = natsMsgHeader_Set(made, "Content-Type", message.content_type.c_str());
    }
    if (status == NATS_OK) {
        status = natsConnection_PublishMsg(connection.get(), made);
    }
    return status == NATS_OK ? Result<void>()
                             : failed(status, fmt::format("cannot publish to {}", message.subject));
}

Result<void> NatsPublisher::State::publish(std::span<const Message> messages) {
    if (auto sizes = check_sizes(messages); !sizes) {
        return sizes;
    }
    natsInbox* address = nullptr;
    if (const natsStatus status = natsInbox_Create(&address); status != NATS_OK) {
        return failed(status, "no inbox for the answers");
    }
    const InboxPtr inbox(address);
    natsSubscription* made = nullptr;
    if (const auto status = natsConnection_SubscribeSync(&made, connection.get(), address);
        status != NATS_OK) {
        return failed(status, "cannot listen for the answers");
    }
    const SubscriptionPtr answers(made);
    for (const Message& message : messages) {
        if (auto sent = send(message, address); !sent) {
            return sent;
        }
    }
    return wait_for_all(made, messages);
}

/// Which answer belongs to which message does not matter: all have to be good.
Result<void> NatsPublisher::State::wait_for_all(natsSubscription* answers,
                                                std::span<const Message> messages) {
    std::size_t stored = 0;
    for (milliseconds waited{0}; stored < messages.size();) {
        natsMsg* received = nullptr;
        const natsStatus status = natsSubscription_NextMsg(&received, answers, slice.count());
        const MessagePtr answer(received);
        if (status == NATS_OK) {
            if (auto read = read_acknowledgement(received); !read) {
                return read;
            }
            ++stored;
            continue;
        }
        if (status == NATS_NO_RESPONDERS) {
            return failed(status,
                          fmt::format("no stream takes the subject {}", messages.front().subject));
        }
        waited += slice;
        if (interrupted || status != NATS_TIMEOUT || waited >= options.stored_max) {
            return failed(status, "the NATS server did not say that everything is stored");
        }
    }
    return {};
}

NatsPublisher::NatsPublisher(Options options)
    : state_(std::make_unique<State>(std::move(options))) {}

NatsPublisher::~NatsPublisher() = default;

Result<void> NatsPublisher::publish(std::span<const Message> messages) {
    if (state_->interrupted) {
        return fail(Code::unavailable, "the server is stopping");
    }
    if (!state_->connection || natsConnection_IsClosed(state_->connection.get())) {
        state_->connection.reset();
        if (auto connected = state_->connect(); !connected) {
            return connected;
        }
    }
    auto published = state_->publish(messages);
    if (!published && published.error().code != Code::too_large) {
        state_->connection.reset(); // whatever is still under way there ends with it
    }
    return published;
}

void NatsPublisher::interrupt() {
    state_->interrupted = true;
}

} // namespace muster::net
