// File upload (reference: iothub A.12): a hub without blob storage says so, to devices that prove
// themselves.

#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"

namespace muster::gateway {

namespace {

bool is_start(const HubCall& call) {
    return call.segments() == 3;
}

void refuse_upload(HubCall& call, const HubProblem& problem, const Error& error) {
    if (!call.method_is("POST")) {
        return call.refuse_method("POST");
    }
    const auto device = call.device_id();
    if (!device) {
        return call.refuse(device.error());
    }
    if (const auto session = call.hub().authenticate(call.credentials_of(*device)); !session) {
        return call.refuse(session.error());
    }
    if (!is_start(call) || in_turn(call, {.operation = hub::Operation::file_upload})) {
        call.refuse(problem, error);
    }
}

} // namespace

bool serve_file_upload(const HubCallPtr& call) {
    const std::size_t segments = call->segments();
    if (segments < 3 || segments > 5 || !call->segment_is(0, "devices") ||
        !call->segment_is(2, "files")) {
        return false;
    }
    if (is_start(*call)) {
        refuse_upload(*call, {400, 400014, "DefaultStorageEndpointNotConfigured"},
                      {.code = Code::unsupported, .detail = "this hub has no storage for files"});
        return true;
    }
    if (!call->segment_is(3, "notifications")) {
        return false;
    }
    refuse_upload(*call, {400, 400015, "InvalidFileUploadCorrelationId"},
                  {.code = Code::malformed, .detail = "no file upload was begun"});
    return true;
}

} // namespace muster::gateway
