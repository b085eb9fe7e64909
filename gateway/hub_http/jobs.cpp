// Jobs v2 (reference: iothub B.10). Import and export need blob storage, which is not offered
// (B.12): such jobs are refused, and no id names one.

#include "hub/jobs/jobs.h"

#include "base/encoding.h"
#include "base/text.h"
#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"
#include "gateway/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t job_body_bytes_max = 256 * 1024;
constexpr std::size_t page_jobs_max = 100;

HubProblem job_problem_of(Code code) {
    if (code == Code::not_found) {
        return {404, 404002, "JobNotFound"};
    }
    if (code == Code::already_exists) {
        return {409, 409104, "JobAlreadyExists"};
    }
    if (code == Code::rate_limited) {
        return {429, 429004, "ThrottlingMaxActiveJobCountExceeded"};
    }
    if (code == Code::unsupported) {
        return {405, 405102, "OperationNotAllowedInCurrentState"};
    }
    return hub_problem_of(code);
}

void refuse(HubCall& call, const Error& error) {
    call.refuse(job_problem_of(error.code), error);
}

void answer(HubCall& call, const Result<hub::Job>& job) {
    job ? call.answer(hub::to_document(*job)) : refuse(call, job.error());
}

// ---- one job ----

void schedule(HubCall& call, const hub::JobId& id) {
    const auto document = call.body(job_body_bytes_max);
    if (!document) {
        return call.refuse(document.error());
    }
    answer(call, call.hub().jobs().schedule(id, *document));
}

void one_job(HubCall& call) {
    const bool reading = call.method_is("GET");
    if (!reading && !call.method_is("PUT")) {
        return call.refuse_method("GET, PUT");
    }
    const auto id = hub::parse_job_id(call.target().segments[2]);
    if (!id) {
        return call.refuse(id.error());
    }
    reading ? answer(call, call.hub().jobs().get(*id)) : schedule(call, *id);
}

void cancel(HubCall& call) {
    if (!call.method_is("POST")) {
        return call.refuse_method("POST");
    }
    const auto id = hub::parse_job_id(call.target().segments[2]);
    if (!id) {
        return call.refuse(id.error());
    }
    answer(call, call.hub().jobs().cancel(*id));
}

// ---- lists ----

/// The token of a page names the last job of the page before: base64( created "." id ).
std::string continuation_after(const hub::Job& job) {
    return base64_encode(
        fmt::format("{}.{}", job.created.time_since_epoch().count(), job.id.text()));
}

Result<std::optional<hub::JobPosition>> position_from(std::string_view token) {
    if (token.empty()) {
        return std::optional<hub::JobPosition>();
    }
    const auto text = base64_decode(token);
    const auto parts = text ? split_once(*text, '.') : std::nullopt;
    const auto created = parts ? parse_decimal(parts->first) : std::nullopt;
    if (!created || *created > INT64_MAX) {
        return fail(Code::malformed, "x-ms-continuation is not one of ours");
    }
    return hub::JobPosition{WallTime(WallTime::duration(static_cast<std::int64_t>(*created))),
                            std::string(parts->second)};
}

Result<std::size_t> page_size_from(std::string_view text) {
    if (text.empty()) {
        return page_jobs_max;
    }
    const auto size = parse_decimal(text);
    if (!size || *size == 0) {
        return fail(Code::malformed, "x-ms-max-item-count must be a positive number");
    }
    return static_cast<std::size_t>(std::min<unsigned long long>(*size, page_jobs_max));
}

/// Clients ask for statuses that no job here ever has: those find nothing.
constexpr std::array<std::string_view, 2> foreign_statuses{"unknown", "enqueued"};
/// The same of types.
constexpr std::array<std::string_view, 8> foreign_types{
    "unknown", "export",       "import",         "backup",
    "restore", "factoryReset", "firmwareUpdate", "readDeviceProperties"};

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& words, std::string_view word) {
    return std::ranges::any_of(
        words, [&](std::string_view one) { return equal_ignoring_case(one, word); });
}

struct Question {
    hub::JobFilter filter;
    bool finds_nothing = false;
    std::optional<hub::JobPosition> after;
    std::size_t size = page_jobs_max;
};

Result<Question> question_from(const HubCall& call) {
    Question question;
    const std::string_view type = call.target().parameter("jobType");
    const std::string_view status = call.target().parameter("jobStatus");
    question.filter = {.type = hub::job_type_named(type), .status = hub::job_status_named(status)};
    question.finds_nothing = is_one_of(foreign_types, type) || is_one_of(foreign_statuses, status);
    if (!question.finds_nothing && ((!type.empty() && !question.filter.type) ||
                                    (!status.empty() && !question.filter.status))) {
        return fail(Code::malformed, "jobType or jobStatus is not known");
    }
    auto after = position_from(call.header("x-ms-continuation"));
    if (!after) {
        return std::unexpected(std::move(after.error()));
    }
    const auto size = page_size_from(call.header("x-ms-max-item-count"));
    if (!size) {
        return std::unexpected(size.error());
    }
    question.after = std::move(*after);
    question.size = *size;
    return question;
}

void list(HubCall& call) {
    const auto question = question_from(call);
    if (!question) {
        return call.refuse(question.error());
    }
    auto jobs = question->finds_nothing
                    ? Result<std::vector<hub::Job>>()
                    : call.hub().jobs().list(question->filter, question->after, question->size + 1);
    if (!jobs) {
        return refuse(call, jobs.error());
    }
    std::string continuation;
    if (jobs->size() > question->size) {
        jobs->pop_back();
        continuation = continuation_after(jobs->back());
    }
    JsonArray items;
    for (const hub::Job& job : *jobs) {
        items.push_back(hub::to_document(job));
    }
    auto response = json_response(200, to_text(Json(std::move(items))));
    response.headers.push_back({"x-ms-item-type", "JobResponse"});
    if (!continuation.empty()) {
        response.headers.push_back({"x-ms-continuation", std::move(continuation)});
    }
    call.answer(std::move(response));
}

// ---- import and export ----

void refuse_transfer(HubCall& call) {
    const auto allowed =
        call.allow(call.method_is("GET") ? hub::Right::registry_read : hub::Right::registry_write);
    if (!allowed) {
        return call.refuse(allowed.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::job})) {
        return;
    }
    if (call.is(2, "jobs") && call.method_is("GET")) {
        return refuse(call, {.code = Code::not_found, .detail = "job not found"});
    }
    call.refuse({.code = Code::unsupported,
                 .detail = "this server does not import or export devices by way of blob storage"});
}

} // namespace

bool serve_jobs(const HubCallPtr& call) {
    const auto& segments = call->target().segments;
    if (segments.empty() || !call->segment_is(0, "jobs")) {
        return false;
    }
    if (segments.size() == 1 || (segments.size() == 2 && !call->segment_is(1, "v2"))) {
        refuse_transfer(*call);
        return true;
    }
    const bool is_cancel = segments.size() == 4 && call->segment_is(3, "cancel");
    if (!call->segment_is(1, "v2") || (segments.size() != 3 && !is_cancel)) {
        return false;
    }
    if (auto allowed = call->allow(hub::Right::service_connect); !allowed) {
        call->refuse(allowed.error());
    } else if (!in_turn(*call, {.operation = hub::Operation::job})) {
        return true;
    } else if (is_cancel) {
        cancel(*call);
    } else if (call->segment_is(2, "query") && call->method_is("GET")) {
        list(*call);
    } else {
        one_job(*call);
    }
    return true;
}

} // namespace muster::gateway
