#include "app/hubs/hub_token.h"

#include "app/hubs/hub_connection.h"
#include "crypto/sas.h"

#include <chrono>

namespace muster::app {

namespace {

constexpr std::chrono::minutes life{60};
constexpr std::chrono::minutes renewed_after{50};

} // namespace

std::string HubToken::get() {
    const WallTime now = clock_.wall();
    const std::scoped_lock lock(mutex_);
    // A clock that was set back makes the token one of the future; it is not waited for.
    const bool fresh = !text_.empty() && now >= signed_at_ && now < signed_at_ + renewed_after;
    if (!fresh) {
        text_ = Secret(crypto::make_sas(name_of(connection_).text(), connection_.key, now + life,
                                        connection_.policy));
        signed_at_ = now;
    }
    return std::string(text_.reveal());
}

} // namespace muster::app
