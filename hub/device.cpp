#include "hub/device.h"

namespace muster::hub {

WallTime never() {
    using namespace std::chrono;
    return sys_days(year(1) / January / 1);
}

} // namespace muster::hub
