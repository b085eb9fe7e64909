#include "gateway/administrators.h"

namespace muster::gateway {

Result<provisioning::Administrator> authenticate_administrator(const Context& context,
                                                               const HttpExchange& exchange) {
    if (context.control == nullptr) {
        return fail(Code::unsupported, "this server is not administered over the network");
    }
    return context.control->tokens.authenticate(exchange.request.header("Authorization"));
}

} // namespace muster::gateway
