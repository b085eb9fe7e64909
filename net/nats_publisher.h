#pragma once
// Publishing into JetStream streams of a NATS server (libnats): what is published is stored there
// when the call returns. The only file with libnats is nats_publisher.cpp.
//
// Done over the publish-acknowledge protocol itself, not with libnats' js_PublishMsgAsync: its
// waiting cannot be interrupted, it is told of failures on a thread of the library that may still
// call when everything else is gone, and after a lost connection it goes on sending what it kept,
// so that a message can overtake one that was lost. Here a lost connection ends everything that was
// under way, and nothing is kept.

#include "base/result.h"
#include "base/secret.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace muster::net {

class NatsPublisher {
  public:
    struct Options {
        std::vector<std::string> servers; // nats://host:4222 or tls://host:4222, tried in turn
        std::string client_name;          // shown by the server
        std::string stream;               // that must take the messages; empty: any
        std::vector<std::string> stream_subjects; // of `stream`, if it has to be made

        std::string user; // with password; or token, or a credentials file, or none
        Secret password;
        Secret token;
        std::filesystem::path credentials_file; // as `nsc` writes them

        std::filesystem::path ca_file; // PEM; empty: the system's authorities
        std::filesystem::path certificate_file;
        std::filesystem::path key_file;

        std::chrono::milliseconds connect_max{2'000}; // each server
        std::chrono::milliseconds stored_max{10'000}; // until everything is acknowledged
    };

    struct Message {
        std::string subject; // as is: whoever makes it keeps to the grammar of subjects
        std::string id;      // Nats-Msg-Id: the stream drops what it has already
        std::string content_type;
        std::string data;
    };

    explicit NatsPublisher(Options options);
    ~NatsPublisher();

    /// All at once, in order; returns when the stream has acknowledged every one of them. With an
    /// error any of them may be stored. Connects if need be. One thread at a time; waits, at most
    /// stored_max and the time to connect. Errors: unavailable, deadline_exceeded, too_large (over
    /// what the server takes; then nothing was sent), unauthenticated, malformed (the files).
    Result<void> publish(std::span<const Message> messages);

    /// From any thread: a call that waits ends within connect_max, and so does every later one.
    void interrupt();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace muster::net
