#include "base/secret.h"

#include <cstring>

namespace muster {

// A short std::string lives inside its object, so moving one leaves its bytes behind; every path
// below wipes what it moved from.
Secret::Secret(std::string&& bytes) {
    bytes_.swap(bytes);
    ::explicit_bzero(bytes.data(), bytes.capacity());
}

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) {
    other.wipe();
}

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) {
        wipe();
        bytes_ = other.bytes_;
    }
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        bytes_ = std::move(other.bytes_);
        other.wipe();
    }
    return *this;
}

Secret::~Secret() {
    wipe();
}

void Secret::wipe() noexcept {
    // The whole capacity: an earlier, longer content may have left a tail.
    bytes_.resize(bytes_.capacity());
    ::explicit_bzero(bytes_.data(), bytes_.size());
    bytes_.clear();
}

bool operator==(const Secret& left, const Secret& right) {
    return equal_in_constant_time(left.bytes_, right.bytes_);
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) {
        return false;
    }
    // volatile: the compiler may not notice that the outcome is known early.
    volatile unsigned char difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        difference =
            static_cast<unsigned char>(difference | (static_cast<unsigned char>(left[i]) ^
                                                     static_cast<unsigned char>(right[i])));
    }
    return difference == 0;
}

} // namespace muster
