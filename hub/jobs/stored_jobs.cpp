// Jobs and their rows as the stores keep them. Reading is strict: what was written is all there.

#include "hub/jobs/job_documents.h"

#include <fmt/format.h>

#include <utility>

namespace muster::hub {

namespace {

using boost::json::kind;

Json stored_time(const std::optional<WallTime>& time) {
    return time ? Json(time->time_since_epoch().count()) : Json(nullptr);
}

std::int64_t stored_time(WallTime time) {
    return time.time_since_epoch().count();
}

/// Reads members that must be there. After the first mistake every answer is an empty value.
class Members {
  public:
    explicit Members(const JsonObject& document) : document_(document) {}

    std::string text(std::string_view name) {
        const Json* value = get(name, kind::string);
        return value == nullptr ? std::string() : std::string(value->get_string());
    }

    std::int64_t number(std::string_view name) {
        const Json* value = get(name, kind::int64);
        return value == nullptr ? 0 : value->get_int64();
    }

    bool flag(std::string_view name) {
        const Json* value = get(name, kind::bool_);
        return value != nullptr && value->get_bool();
    }

    JsonObject object(std::string_view name) {
        const Json* value = get(name, kind::object);
        return value == nullptr ? JsonObject() : value->get_object();
    }

    WallTime time(std::string_view name) { return WallTime(WallTime::duration(number(name))); }

    /// Null stands for none.
    std::optional<WallTime> time_or_none(std::string_view name) {
        return has(name) ? std::optional(time(name)) : std::nullopt;
    }

    std::optional<JsonObject> object_or_none(std::string_view name) {
        return has(name) ? std::optional(object(name)) : std::nullopt;
    }

    template <class Enum>
    Enum word(std::string_view name, std::optional<Enum> (*named)(std::string_view)) {
        const auto value = named(text(name));
        if (!value) {
            note(name);
        }
        return value.value_or(Enum{});
    }

    IdentityId identity(std::string_view name) {
        auto parsed = parse_identity_id(text(name));
        if (!parsed) {
            note(name);
        }
        return std::move(parsed).value_or(IdentityId());
    }

    template <class T>
    Result<T> finish(T value) const {
        if (!damaged_.empty()) {
            return fail(Code::malformed, fmt::format("{} is missing or damaged", damaged_));
        }
        return value;
    }

  private:
    [[nodiscard]] bool has(std::string_view name) const {
        const Json* value = document_.if_contains(name);
        return value == nullptr || !value->is_null(); // get() complains if there is none
    }

    const Json* get(std::string_view name, kind wanted) {
        const Json* value = document_.if_contains(name);
        if (value != nullptr && value->kind() == wanted) {
            return value;
        }
        note(name);
        return nullptr;
    }

    void note(std::string_view name) {
        if (damaged_.empty()) {
            damaged_ = name;
        }
    }

    const JsonObject& document_;
    std::string damaged_;
};

} // namespace

JsonObject to_stored_document(const Job& job) {
    return {{"id", job.id.text()},
            {"version", job.version},
            {"type", to_text(job.type)},
            {"condition", job.condition},
            {"action", job.action},
            {"created", stored_time(job.created)},
            {"start", stored_time(job.start)},
            {"maxExecution", job.max_execution.count()},
            {"status", to_text(job.status)},
            {"began", stored_time(job.began)},
            {"ended", stored_time(job.ended)},
            {"failureReason", job.failure_reason},
            {"resolvedTo", job.resolved_to},
            {"resolved", job.resolved}};
}

Result<Job> stored_job(const JsonObject& document) {
    Members members(document);
    Job job;
    job.id = JobId(members.text("id"));
    job.version = members.number("version");
    job.type = members.word("type", job_type_named);
    job.condition = members.text("condition");
    job.action = members.object("action");
    job.created = members.time("created");
    job.start = members.time("start");
    job.max_execution = std::chrono::seconds(members.number("maxExecution"));
    job.status = members.word("status", job_status_named);
    job.began = members.time_or_none("began");
    job.ended = members.time_or_none("ended");
    job.failure_reason = members.text("failureReason");
    job.resolved_to = members.text("resolvedTo");
    job.resolved = members.flag("resolved");
    return members.finish(std::move(job));
}

JsonObject to_stored_document(const DeviceJob& row) {
    return {{"job", row.job.text()},
            {"identity", row.identity.text()},
            {"type", to_text(row.type)},
            {"status", to_text(row.status)},
            {"created", stored_time(row.created)},
            {"updated", stored_time(row.updated)},
            {"began", stored_time(row.began)},
            {"ended", stored_time(row.ended)},
            {"methodResponse", row.method_response ? Json(*row.method_response) : nullptr},
            {"errorCode", row.error_code},
            {"errorText", row.error_text}};
}

Result<DeviceJob> stored_device_job(const JsonObject& document) {
    Members members(document);
    DeviceJob row;
    row.job = JobId(members.text("job"));
    row.identity = members.identity("identity");
    row.type = members.word("type", job_type_named);
    row.status = members.word("status", device_job_status_named);
    row.created = members.time("created");
    row.updated = members.time("updated");
    row.began = members.time_or_none("began");
    row.ended = members.time_or_none("ended");
    row.method_response = members.object_or_none("methodResponse");
    row.error_code = members.text("errorCode");
    row.error_text = members.text("errorText");
    return members.finish(std::move(row));
}

} // namespace muster::hub
