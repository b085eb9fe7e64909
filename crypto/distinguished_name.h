#pragma once
// The parts of a certificate's names, one by one.

#include "crypto/certificate.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::crypto {

struct NameAttribute {
    std::string short_name; // "CN"; empty if nobody gave it one
    std::string long_name;  // "commonName"; likewise
    std::string identifier; // "2.5.4.3"
    std::string value;      // UTF-8

    /// By any of the three, in any case.
    [[nodiscard]] bool is_called(std::string_view name) const;
};

/// In the order of the certificate. Values that are no text, or hold a zero byte, are left out.
std::vector<NameAttribute> subject_attributes(const Certificate& certificate);
std::vector<NameAttribute> issuer_attributes(const Certificate& certificate);

} // namespace muster::crypto
