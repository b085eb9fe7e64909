#include "gateway/api_version.h"

#include "base/text.h"

namespace muster::gateway {

namespace {

bool is_number_between(std::string_view digits, unsigned long long low, unsigned long long high) {
    const auto number = parse_decimal(digits);
    return number && *number >= low && *number <= high;
}

bool is_date(std::string_view text) {
    return text.size() == 10 && text[4] == '-' && text[7] == '-' &&
           is_number_between(text.substr(0, 4), 2000, 9999) &&
           is_number_between(text.substr(5, 2), 1, 12) &&
           is_number_between(text.substr(8, 2), 1, 31);
}

} // namespace

Result<void> check_api_version(std::string_view api_version) {
    constexpr std::string_view preview = "-preview";
    if (api_version.empty()) {
        return fail(Code::malformed, "the api-version parameter is missing");
    }
    if (api_version.ends_with(preview)) {
        api_version.remove_suffix(preview.size());
    }
    if (!is_date(api_version)) {
        return fail(Code::malformed, "the api-version is not of the form YYYY-MM-DD[-preview]");
    }
    return {};
}

} // namespace muster::gateway
