#include "store/outcomes.h"

namespace muster::store {

std::unexpected<Error> version_conflict() {
    return fail(Code::conflict, "it was changed by somebody else");
}

std::unexpected<Error> certificate_taken() {
    return fail(Code::already_exists, "the certificate belongs to another enrollment");
}

std::unexpected<Error> device_exists() {
    return fail(Code::already_exists, "the device exists already");
}

std::unexpected<Error> no_such_device() {
    return fail(Code::not_found, "the device does not exist");
}

std::unexpected<Error> position_out_of_range() {
    return fail(Code::malformed, "there is no event at that position yet");
}

std::unexpected<Error> too_many_event_groups() {
    return fail(Code::quota_exceeded, "the hub keeps positions for as many readers as it may");
}

std::unexpected<Error> no_such_group() {
    return fail(Code::not_found, "no position is stored under that name");
}

std::unexpected<Error> instance_name_taken() {
    return fail(Code::already_exists, "another instance has the name");
}

std::unexpected<Error> no_such_instance() {
    return fail(Code::not_found, "the instance does not exist");
}

std::unexpected<Error> job_exists() {
    return fail(Code::already_exists, "there is a job with that id");
}

std::unexpected<Error> too_many_jobs() {
    return fail(Code::rate_limited, "too many jobs have not ended yet");
}

std::unexpected<Error> configuration_exists() {
    return fail(Code::already_exists, "there is a configuration with that id");
}

std::unexpected<Error> too_many_configurations() {
    return fail(Code::quota_exceeded, "there are too many configurations");
}

std::unexpected<Error> token_exists() {
    return fail(Code::already_exists, "the token exists already");
}

std::unexpected<Error> no_such_token() {
    return fail(Code::not_found, "the token does not exist");
}

} // namespace muster::store
