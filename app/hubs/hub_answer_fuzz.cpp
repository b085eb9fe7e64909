// Whatever a hub answers: the first byte chooses a status, the rest is the body. What is accepted
// is about what was asked for, and can be sent to another hub; what is refused says why.

#include "app/hubs/hub_answer.h"
#include "app/hubs/hub_refusal.h"
#include "app/hubs/hub_request.h"
#include "base/check.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace muster;

namespace {

const DeviceId asked("dev-01");
constexpr std::array<unsigned, 12> statuses{200, 400, 401, 403, 404, 409,
                                            412, 413, 429, 500, 503, 302};

void check_error(const Error& error) {
    CHECK(!error.detail.empty());
    CHECK(error.code != Code::internal);
    CHECK(error.cause.size() < 512);
}

/// One that means itself in If-Match.
void check_etag(const ETag& etag) {
    CHECK(!etag.empty() && etag.text() != "*");
    CHECK(etag.text().find_first_of("\"\r\n ") == std::string::npos);
}

void check_device(std::string_view text) {
    const auto device = app::read_hub_device(text, asked);
    if (!device) {
        check_error(device.error());
        return;
    }
    CHECK(device->id == asked);
    check_etag(device->etag);
    const auto again = app::read_hub_device(to_text(app::identity_document(*device)), asked);
    CHECK(again.has_value());
    CHECK(again->credential == device->credential);
    CHECK(again->enabled == device->enabled && again->status_reason == device->status_reason);
    CHECK(again->parent_scopes == device->parent_scopes);
}

void check_twin(std::string_view text) {
    const auto twin = app::read_hub_twin(text, {.device = asked});
    if (!twin) {
        check_error(twin.error());
        return;
    }
    check_etag(twin->etag);
    for (const JsonObject* part : {&twin->tags, &twin->desired, &twin->reported}) {
        CHECK(!part->contains("$metadata") && !part->contains("$version"));
    }
    CHECK(!to_text(app::creation_entry({.id = asked}, *twin)).empty());
}

void check_modules(std::string_view text) {
    const auto modules = app::read_hub_modules(text, asked);
    if (!modules) {
        check_error(modules.error());
        return;
    }
    for (const auto& module : *modules) {
        CHECK(parse_device_id(module.id).has_value());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    check_device(body);
    check_twin(body);
    check_modules(body);
    const net::HttpReply reply{.status = statuses[data[0] % statuses.size()],
                               .headers = {{"iothub-errorcode", std::string(body.substr(0, 40))}},
                               .body = std::string(body)};
    check_error(app::refusal_of(reply));
    const net::HttpReply unnamed{.status = reply.status, .headers = {}, .body = reply.body};
    check_error(app::refusal_of(unnamed));
    if (const auto outcome = app::bulk_outcome(unnamed); !outcome) {
        check_error(outcome.error());
    }
    return 0;
}
