#include "device/mqtt_refusal.h"

namespace muster::device {

Error connect_refusal(mqtt::ConnectCode code) {
    switch (code) {
    case mqtt::ConnectCode::accepted: break;
    case mqtt::ConnectCode::unacceptable_protocol:
        return fail(Code::unsupported, "the server does not speak MQTT 3.1.1").error();
    case mqtt::ConnectCode::identifier_rejected:
        return fail(Code::malformed, "the server rejected the client id").error();
    case mqtt::ConnectCode::server_unavailable:
        return fail(Code::unavailable, "the server is unavailable").error();
    case mqtt::ConnectCode::bad_user_name_or_password:
    case mqtt::ConnectCode::not_authorized:
        return fail(Code::unauthenticated, "the server did not authorize the connection").error();
    }
    return fail(Code::malformed, "the server refused the connection with an unknown code").error();
}

} // namespace muster::device
