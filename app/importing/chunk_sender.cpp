#include "app/importing/chunk_sender.h"

#include <utility>

namespace muster::app {

namespace {

constexpr std::chrono::minutes chunk_time_max{2};

Result<RefusedRow> refused_row(const Json& value, const Chunk& chunk) {
    const auto* row = value.if_object();
    const Json* index = row != nullptr ? find_member(*row, "index") : nullptr;
    const Json* code = row != nullptr ? find_member(*row, "errorCode") : nullptr;
    if (index == nullptr || !index->is_int64() || code == nullptr || !code->is_int64() ||
        !std::in_range<std::size_t>(index->as_int64()) ||
        static_cast<std::size_t>(index->as_int64()) >= chunk.lines.size()) {
        return fail(Code::internal, "the server refused a row that was not sent");
    }
    return RefusedRow{.line = chunk.lines[static_cast<std::size_t>(index->as_int64())],
                      .registration_id = string_member(*row, "registrationId").value_or(""),
                      .error_code = static_cast<int>(code->as_int64()),
                      .message = string_member(*row, "message").value_or("")};
}

} // namespace

std::string import_body(const Chunk& chunk) {
    std::string body = R"({"enrollments":[)";
    for (const std::string& enrollment : chunk.enrollments) {
        body += enrollment;
        body += ',';
    }
    body.back() = ']'; // the last comma
    return body + '}';
}

Result<ChunkOutcome> import_outcome(const Json& answer, const Chunk& chunk) {
    const auto* document = answer.if_object();
    if (document == nullptr) {
        return fail(Code::internal, "the server answered the import with something else");
    }
    ChunkOutcome outcome;
    for (const auto& [name, count] : {std::pair{"created", &outcome.counts.created},
                                      std::pair{"replaced", &outcome.counts.replaced},
                                      std::pair{"unchanged", &outcome.counts.unchanged}}) {
        const Json* member = find_member(*document, name);
        if (member == nullptr || !member->is_int64()) {
            return fail(Code::internal, "the server's answer lacks its counts");
        }
        *count = member->as_int64();
    }
    const Json* refused = find_member(*document, "refused");
    if (refused == nullptr || !refused->is_array()) {
        return fail(Code::internal, "the server's answer lacks the refused rows");
    }
    for (const Json& value : refused->as_array()) {
        auto row = refused_row(value, chunk);
        if (!row) {
            return std::unexpected(row.error());
        }
        outcome.refused.push_back(std::move(*row));
    }
    return outcome;
}

Result<ChunkSender> ChunkSender::connect(const AdministrationOptions& options,
                                         std::size_t connections, std::string mode) {
    std::vector<Administration> connected;
    for (std::size_t i = 0; i < connections; ++i) {
        auto connection = Administration::connect(options);
        if (!connection) {
            return std::unexpected(connection.error());
        }
        connected.push_back(std::move(*connection));
    }
    const auto path = connected.front().instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    return ChunkSender(std::move(connected), *path + "/import", std::move(mode));
}

std::string ChunkSender::target() const {
    return connections_.front().host() + path_ + '?' + mode_;
}

Result<ChunkOutcome> ChunkSender::send(std::size_t connection, const Chunk& chunk) {
    // A chunk may be sent again: what arrived the first time is unchanged the second.
    const auto answer =
        json_of(connections_[connection].api().send_patiently({.method = "POST",
                                                               .path = path_,
                                                               .query = {{"mode", mode_}},
                                                               .headers = {},
                                                               .body = import_body(chunk),
                                                               .time_max = chunk_time_max}));
    if (!answer) {
        return std::unexpected(answer.error());
    }
    return import_outcome(*answer, chunk);
}

} // namespace muster::app
