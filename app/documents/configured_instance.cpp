#include "app/documents/configured_instance.h"

#include "app/documents/yaml.h"
#include "base/encoding.h"
#include "base/file.h"

#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <utility>

namespace muster::app {

namespace {

constexpr std::size_t file_bytes_max = 64 * 1024 * 1024;
constexpr const char* page_items = "500";

Result<std::string> read_text(const std::string& file) {
    if (file != "-") {
        return read_file(file, file_bytes_max);
    }
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<JsonObject> object_of(Result<Json> answer) {
    if (!answer) {
        return std::unexpected(std::move(answer).error());
    }
    if (!answer->is_object()) {
        return fail(Code::internal, "the server answered with something else than an object");
    }
    return std::move(answer->as_object());
}

std::string collection_of(DocumentKind kind) {
    return kind == DocumentKind::group ? "/enrollmentGroups/" : "/enrollments/";
}

ApiClient::Request request_of(const Step& step, std::string path) {
    ApiClient::Request request{.method = "PUT", .path = std::move(path)};
    if (step.action == Step::Action::erase) {
        request.method = "DELETE";
    } else {
        request.body = to_text(request_body(step.document));
    }
    if (!step.etag.empty()) {
        request.headers.emplace_back("If-Match", step.etag);
    } else if (step.action == Step::Action::create) { // enrollments are made so without saying so
        request.headers.emplace_back("If-None-Match", "*");
    }
    return request;
}

Result<void> send(ApiClient& client, const ApiClient::Request& request) {
    const auto reply = client.send(request);
    return reply ? Result<void>() : std::unexpected(reply.error());
}

} // namespace

Result<void> export_documents(Administration& administration, Keys keys,
                              const std::optional<DocumentKind>& only,
                              const std::function<Result<void>(const Json&)>& each) {
    const auto path = administration.instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    ApiClient::Request request{.method = "GET", .path = *path + "/export"};
    request.query.emplace_back("count", page_items);
    if (keys == Keys::shown) {
        request.query.emplace_back("keys", "true");
    }
    if (only) {
        request.query.emplace_back("kind", std::string(to_string(*only)));
    }
    const auto first_page = request.query;
    for (;;) {
        const auto page = object_of(administration.api().send_json(request));
        if (!page) {
            return std::unexpected(page.error());
        }
        const Json* documents = find_member(*page, "documents");
        if (documents == nullptr || !documents->is_array()) {
            return fail(Code::internal, "the server's export has no documents");
        }
        for (const Json& document : documents->as_array()) {
            if (auto done = each(document); !done) {
                return done;
            }
        }
        const auto next = string_member(*page, "next");
        if (!next || next->empty()) {
            return next ? Result<void>() : std::unexpected(next.error());
        }
        request.query = first_page;
        request.query.emplace_back("after", *next);
    }
}

Result<std::vector<Document>> current_documents(Administration& administration, Keys keys) {
    std::vector<Document> documents;
    const auto exported =
        export_documents(administration, keys, std::nullopt, [&](const Json& value) {
            auto document = canonical_document(value);
            if (!document) {
                return Result<void>(std::unexpected(document.error()));
            }
            documents.push_back(std::move(*document));
            return Result<void>();
        });
    if (!exported && exported.error().code != Code::not_found) {
        return std::unexpected(exported.error());
    }
    return documents;
}

Result<void> StepTaker::take(const Step& step) {
    switch (step.document.kind) {
    case DocumentKind::instance: return take_instance(step);
    case DocumentKind::certificate: return take_certificate(step);
    case DocumentKind::group:
    case DocumentKind::enrollment: return take_enrollment(step);
    }
    std::unreachable();
}

Result<void> StepTaker::take_instance(const Step& step) {
    const auto path = administration_.instance_path();
    return path ? send(administration_.api(), request_of(step, *path))
                : std::unexpected(path.error());
}

Result<void> StepTaker::take_certificate(const Step& step) {
    const auto path = administration_.instance_path();
    return path ? send(administration_.api(),
                       request_of(step,
                                  *path + "/certificates/" + percent_encode(step.document.name)))
                : std::unexpected(path.error());
}

Result<void> StepTaker::take_enrollment(const Step& step) {
    const auto client = service();
    if (!client) {
        return std::unexpected(client.error());
    }
    return send(**client, request_of(step, collection_of(step.document.kind) +
                                               percent_encode(step.document.name)));
}

Result<ApiClient*> StepTaker::service() {
    if (!service_) {
        auto client = administration_.service();
        if (!client) {
            return std::unexpected(client.error());
        }
        service_ = std::move(*client);
    }
    return &*service_;
}

Result<std::vector<Document>> read_document_files(const std::vector<std::string>& files) {
    std::vector<Document> documents;
    for (const std::string& file : files) {
        const auto text = read_text(file);
        if (!text) {
            return std::unexpected(text.error());
        }
        const auto values = parse_yaml(*text, file);
        if (!values) {
            return std::unexpected(values.error());
        }
        for (const Json& value : *values) {
            auto document = canonical_document(value);
            if (!document) {
                return fail(document.error().code,
                            fmt::format("{}: {}", file, document.error().detail));
            }
            documents.push_back(std::move(*document));
        }
    }
    return documents;
}

} // namespace muster::app
