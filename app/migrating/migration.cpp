#include "app/migrating/migration.h"

#include "app/documents/configured_instance.h"
#include "app/documents/difference.h"
#include "app/importing/chunk_sender.h"
#include "base/encoding.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::app {

namespace {

constexpr const char* page_items = "100";

/// What is wrong with one item says nothing about the next; what is wrong with a connection does.
bool is_about_the_item(Code code) {
    return code == Code::malformed || code == Code::not_found || code == Code::already_exists ||
           code == Code::conflict || code == Code::precondition || code == Code::too_large ||
           code == Code::quota_exceeded || code == Code::unsupported;
}

} // namespace

Result<MigrationCounts> Migration::run() {
    auto groups =
        each_page("enrollmentGroups", [this](const Page& page) { return take_groups(page); });
    if (!groups) {
        return std::unexpected(groups.error());
    }
    auto enrollments =
        each_page("enrollments", [this](const Page& page) { return take_enrollments(page); });
    return enrollments ? Result<MigrationCounts>(counts_) : std::unexpected(enrollments.error());
}

Result<void> Migration::each_page(const std::string& collection,
                                  const std::function<Result<void>(const Page&)>& take) {
    std::string continuation;
    do {
        ApiClient::Request request{.method = "POST",
                                   .path = fmt::format("/{}/query", collection),
                                   .headers = {{"x-ms-max-item-count", page_items}},
                                   .body = R"({"query":"SELECT *"})"};
        if (!continuation.empty()) {
            request.headers.emplace_back("x-ms-continuation", continuation);
        }
        const auto reply = source_.send_patiently(request);
        const auto items = json_of(reply);
        if (!items || !items->is_array()) {
            return items ? fail(Code::internal, "the source answered the query with something else")
                         : std::unexpected(items.error());
        }
        Page page;
        for (const Json& item : items->as_array()) {
            if (const auto* object = item.if_object()) {
                page.push_back(*object);
            }
        }
        if (auto taken = take(page); !taken) {
            return taken;
        }
        if (settings_.tell) {
            settings_.tell(counts_);
        }
        continuation = reply->header("x-ms-continuation");
    } while (!continuation.empty());
    return {};
}

Result<JsonObject> Migration::carried(const std::string& collection, const JsonObject& item,
                                      const std::string& id) {
    if (!needs_mechanism(item)) {
        return carry(item, nullptr, settings_.rules);
    }
    const auto mechanism = json_of(source_.send_patiently(
        {.method = "POST",
         .path = fmt::format("/{}/{}/attestationmechanism", collection, percent_encode(id))}));
    if (!mechanism || !mechanism->is_object()) {
        return mechanism ? fail(Code::internal, "the source shows no attestation mechanism")
                         : std::unexpected(mechanism.error());
    }
    return carry(item, &mechanism->as_object(), settings_.rules);
}

Result<void> Migration::take_groups(const Page& page) {
    for (const JsonObject& item : page) {
        const std::string id = string_member(item, "enrollmentGroupId").value_or("");
        auto group = carried("enrollmentGroups", item, id);
        const auto put = group ? put_group(id, *group) : std::unexpected(group.error());
        if (!put && !is_about_the_item(put.error().code)) {
            return put;
        }
        if (!put) {
            refuse("enrollmentGroup", id, put.error());
        }
    }
    return {};
}

Result<void> Migration::put_group(const std::string& id, const JsonObject& group) {
    ApiClient::Request request{
        .method = "PUT", .path = "/enrollmentGroups/" + percent_encode(id), .body = to_text(group)};
    auto created = target_service_.send_patiently(request);
    if (created) {
        ++counts_.created;
        return {};
    }
    if (created.error().code != Code::conflict) {
        return std::unexpected(created.error());
    }
    if (settings_.existing == Existing::keep) {
        return keep_group(id, group);
    }
    request.headers.emplace_back("If-Match", "*");
    const auto replaced = target_service_.send_patiently(request);
    counts_.replaced += replaced ? 1 : 0;
    return replaced ? Result<void>() : std::unexpected(replaced.error());
}

Result<void> Migration::keep_group(const std::string& id, const JsonObject& group) {
    const auto wanted =
        canonical_document(JsonObject{{"kind", "EnrollmentGroup"}, {"name", id}, {"spec", group}});
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    if (auto loaded = load_target_groups(); !loaded) {
        return loaded;
    }
    const bool is_same = std::ranges::any_of(*target_groups_, [&](const Document& there) {
        const auto steps = compare({there}, {*wanted}, {});
        return equal_ignoring_case(there.name, id) && steps && steps->empty();
    });
    if (!is_same) {
        return fail(Code::conflict, "the target has another group of this id; it is kept");
    }
    ++counts_.unchanged;
    return {};
}

Result<void> Migration::load_target_groups() {
    if (target_groups_) {
        return {};
    }
    std::vector<Document> groups;
    auto exported = export_documents(
        target_, Keys::shown, DocumentKind::group, [&](const Json& value) -> Result<void> {
            auto document = canonical_document(value);
            if (document) {
                groups.push_back(*std::move(document));
            }
            return document ? Result<void>() : std::unexpected(document.error());
        });
    if (exported) {
        target_groups_ = std::move(groups);
    }
    return exported;
}

Result<void> Migration::take_enrollments(const Page& page) {
    std::vector<JsonObject> enrollments;
    for (const JsonObject& item : page) {
        const std::string id = string_member(item, "registrationId").value_or("");
        auto enrollment = carried("enrollments", item, id);
        if (enrollment) {
            enrollments.push_back(std::move(*enrollment));
        } else if (is_about_the_item(enrollment.error().code)) {
            refuse("enrollment", id, enrollment.error());
        } else {
            return std::unexpected(enrollment.error());
        }
    }
    return import(enrollments);
}

/// In requests within their bounds.
Result<void> Migration::import(const std::vector<JsonObject>& enrollments) {
    Chunk chunk;
    std::size_t bytes = 0;
    for (const JsonObject& enrollment : enrollments) {
        std::string text = to_text(enrollment);
        if (!chunk.enrollments.empty() && bytes + text.size() > chunk_bytes_max) {
            if (auto imported = import(std::exchange(chunk, {})); !imported) {
                return imported;
            }
            bytes = 0;
        }
        bytes += text.size() + 1;
        chunk.enrollments.push_back(std::move(text));
        chunk.lines.push_back(0); // of no file
    }
    return chunk.enrollments.empty() ? Result<void>() : import(chunk);
}

Result<void> Migration::import(const Chunk& chunk) {
    const auto path = target_.instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    const auto answer = json_of(target_.api().send_patiently(
        {.method = "POST",
         .path = *path + "/import",
         .query = {{"mode", settings_.existing == Existing::replace ? "replace" : "keep"}},
         .body = import_body(chunk)}));
    const auto outcome = answer ? import_outcome(*answer, chunk) : std::unexpected(answer.error());
    if (!outcome) {
        return std::unexpected(outcome.error());
    }
    counts_.created += outcome->counts.created;
    counts_.replaced += outcome->counts.replaced;
    counts_.unchanged += outcome->counts.unchanged;
    for (const RefusedRow& row : outcome->refused) {
        refuse("enrollment", row.registration_id, fail(Code::malformed, row.message).error());
    }
    return {};
}

void Migration::refuse(const std::string& kind, const std::string& id, const Error& error) {
    ++counts_.refused;
    settings_.refused({.kind = kind, .id = id, .why = error.detail});
}

} // namespace muster::app
