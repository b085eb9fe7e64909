// A token that parses can be asked everything, and what we make ourselves is what we read.

#include "base/check.h"
#include "crypto/sas.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    using namespace muster::crypto;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Secret key("0123456789abcdef");

    if (const auto token = parse_sas(text)) {
        CHECK(!token->resource().empty());
        CHECK(token->signature.size() == 32);
        CHECK(!signed_by(*token, key)); // or the fuzzer has broken HMAC-SHA256
        static_cast<void>(token->policy());
        static_cast<void>(is_current(*token, from_unix_seconds(1900000000)));
        static_cast<void>(covers(*token, "hub.example.org/devices/device-1"));
        static_cast<void>(covers(*token, text));
    }
    if (!text.empty() && text.size() < 600) {
        const auto made = parse_sas(make_sas(text, key, from_unix_seconds(1900000000), text));
        CHECK(made.has_value());
        CHECK(made->resource() == text && made->policy() == text);
        CHECK(signed_by(*made, key));
        CHECK(covers(*made, text) || text.find("api-version=") != std::string_view::npos);
    }
    return 0;
}
