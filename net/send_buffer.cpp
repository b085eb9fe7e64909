#include "net/send_buffer.h"

namespace muster::net {

void SendBuffer::append(std::string more) {
    if (!empty() && more.empty()) {
        return;
    }
    if (empty()) {
        bytes_.swap(more); // assigning would keep the old memory for a short text
    } else {
        bytes_.erase(0, taken_);
        bytes_ += more;
    }
    taken_ = 0;
}

} // namespace muster::net
