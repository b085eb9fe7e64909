// muster hub send, feedback: messages to devices, and what became of them (docs/hub-api.md)

#include "app/command_line.h"
#include "base/encoding.h"
#include "base/text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace muster::app {

namespace {

constexpr std::string_view feedback_path = "/messages/servicebound/feedback";

struct SendOptions {
    ConnectOptions connect;
    std::string id;
    std::string text;
    std::vector<std::string> properties; // name=value
    std::string acknowledgement;
    std::string time_to_live;
    std::string message_id;
    std::string correlation_id;
    std::string content_type;
};

struct FeedbackOptions {
    ConnectOptions connect;
    OutputFormat format = OutputFormat::table;
};

/// "90s", "30m", "1h", "2d".
Result<unsigned long long> seconds_of(std::string_view text) {
    constexpr std::string_view units = "smhd";
    constexpr unsigned long long seconds[] = {1, 60, 3600, 24 * 3600};
    const auto unit = text.empty() ? std::string_view::npos : units.find(text.back());
    const auto number = parse_decimal(text.substr(0, text.empty() ? 0 : text.size() - 1));
    if (unit == std::string_view::npos || !number || *number > 1'000'000) {
        return fail(Code::malformed, "--ttl must be a number and s, m, h or d, such as 1h");
    }
    return *number * seconds[unit];
}

Result<void> add_properties(const SendOptions& options, ApiClient::Request& request) {
    for (const std::string& property : options.properties) {
        const auto pair = split_once(property, '=');
        if (!pair || pair->first.empty()) {
            return fail(Code::malformed, "--property must be name=value");
        }
        request.headers.emplace_back("iothub-app-" + std::string(pair->first), pair->second);
    }
    for (const auto& [name, value] : {std::pair("iothub-ack", &options.acknowledgement),
                                      std::pair("iothub-messageid", &options.message_id),
                                      std::pair("iothub-correlationid", &options.correlation_id),
                                      std::pair("iothub-contenttype", &options.content_type)}) {
        if (!value->empty()) {
            request.headers.emplace_back(name, *value);
        }
    }
    return {};
}

Result<void> send(const SendOptions& options, const Environment& environment) {
    const std::string to = "/devices/" + percent_encode(options.id) + "/messages/devicebound";
    ApiClient::Request request{.method = "POST",
                               .path = "/messages/devicebound",
                               .headers = {{"iothub-to", to}},
                               .body = options.text};
    if (auto added = add_properties(options, request); !added) {
        return added;
    }
    if (!options.time_to_live.empty()) {
        const auto seconds = seconds_of(options.time_to_live);
        if (!seconds) {
            return std::unexpected(seconds.error());
        }
        request.query.emplace_back("timeToLive", std::to_string(*seconds));
    }
    auto hub = connect_hub_of(options.id, options.connect, environment.clock);
    if (!hub) {
        return std::unexpected(hub.error());
    }
    auto sent = hub->send_json(request);
    if (!sent) {
        return std::unexpected(sent.error());
    }
    print(format_json(*sent));
    return {};
}

// ---- feedback ----

struct Batch {
    JsonArray records;
    std::string lock;
};

/// An empty one if there is nothing.
Result<Batch> receive(ApiClient& hub) {
    auto reply = hub.send({.method = "GET", .path = std::string(feedback_path)});
    if (!reply) {
        return std::unexpected(reply.error());
    }
    if (reply->status == 204) {
        return Batch{};
    }
    auto records = parse_json(reply->body);
    if (!records || !records->is_array()) {
        return fail(Code::internal, "the hub answered with something else than a list");
    }
    std::string lock;
    for (const char letter : reply->header("etag")) {
        lock += letter == '"' ? std::string() : std::string(1, letter);
    }
    return Batch{.records = std::move(records->as_array()), .lock = std::move(lock)};
}

std::vector<std::string> row_of(const Json& record) {
    return {cell(record, "enqueuedTimeUtc"), cell(record, "deviceId"),
            cell(record, "originalMessageId"), cell(record, "statusCode")};
}

/// What was printed is completed: it does not come again.
Result<void> show_all(ApiClient& hub, OutputFormat format) {
    for (;;) {
        auto batch = receive(hub);
        if (!batch) {
            return std::unexpected(batch.error());
        }
        if (batch->records.empty()) {
            return {};
        }
        std::vector<std::vector<std::string>> rows;
        for (const Json& record : batch->records) {
            rows.push_back(row_of(record));
        }
        print(format == OutputFormat::json
                  ? format_json(batch->records)
                  : format_table({"TIME", "DEVICE", "MESSAGE", "OUTCOME"}, rows));
        auto completed =
            hub.send({.method = "DELETE",
                      .path = fmt::format("{}/{}", feedback_path, percent_encode(batch->lock))});
        if (!completed) {
            return std::unexpected(completed.error());
        }
    }
}

Result<void> feedback(const FeedbackOptions& options, const Environment& environment) {
    auto hubs = connect_hubs(options.connect, environment.clock);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    for (ApiClient& hub : *hubs) {
        if (auto shown = show_all(hub, options.format); !shown) {
            return shown;
        }
    }
    return {};
}

template <class Options, class Run>
void choose(CLI::App& command, Chosen& chosen, const Environment& environment,
            const std::shared_ptr<Options>& options, Run run) {
    command.callback([options, run, &chosen, &environment] {
        chosen.set([options, run, &environment] {
            auto done = run(*options, environment);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
}

} // namespace

void add_hub_send(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* command = hub.add_subcommand("send", "Send a message to a device");
    auto options = std::make_shared<SendOptions>();
    command->add_option("id", options->id, "device id")->required();
    command->add_option("text", options->text, "what the device receives")->required();
    command->add_option("--property", options->properties, "name=value; may be repeated");
    command->add_option("--ack", options->acknowledgement, "of which outcomes to hear")
        ->check(CLI::IsMember({"none", "negative", "positive", "full"}));
    command->add_option("--ttl", options->time_to_live, "how long it may wait: 90s, 30m, 1h, 2d");
    command->add_option("--message-id", options->message_id, "default: a new GUID");
    command->add_option("--correlation-id", options->correlation_id, "passed on");
    command->add_option("--content-type", options->content_type, "passed on");
    add_hub_options(*command, options->connect);
    choose(*command, chosen, environment, options, send);
}

void add_hub_feedback(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* command =
        hub.add_subcommand("feedback", "Show what became of messages, once; see send --ack");
    auto options = std::make_shared<FeedbackOptions>();
    add_hub_options(*command, options->connect);
    add_output_option(*command, options->format);
    choose(*command, chosen, environment, options, feedback);
}

} // namespace muster::app
