#include "provisioning/allocating/definition_views.h"

namespace muster::provisioning {

namespace {

constexpr std::string_view mask = "****";
constexpr std::string_view key_member = "signingKey";
constexpr std::string_view url_member = "webhookUrl";

bool shows_keys(View view) {
    return view != View::read && view != View::exported;
}

bool is_left_open(const Json* key) {
    return key == nullptr || (key->is_string() && key->get_string() == mask);
}

bool is_empty_text(const Json* key) {
    return key != nullptr && key->is_string() && key->get_string().empty();
}

} // namespace

std::string masked_url(std::string_view url) {
    const std::size_t end = url.find_first_of("?#");
    std::string masked(url.substr(0, end));
    if (end != std::string_view::npos) {
        masked += url[end];
        masked += mask;
    }
    const std::size_t scheme = masked.find("://");
    const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
    const std::string_view authority = std::string_view(masked).substr(begin);
    const std::size_t at = authority.substr(0, authority.find_first_of("/?#")).rfind('@');
    return at == std::string_view::npos ? masked : masked.replace(begin, at, mask);
}

JsonObject shown_definition(const JsonObject& definition, View view) {
    JsonObject shown = definition;
    if (!shows_keys(view)) {
        shown.erase(key_member);
    }
    return shown;
}

JsonObject masked_definition(const JsonObject& definition) {
    JsonObject masked = definition;
    masked.erase(key_member);
    if (Json* url = masked.if_contains(url_member); url != nullptr && url->is_string()) {
        *url = masked_url(url->get_string());
    }
    return masked;
}

std::optional<JsonObject> complete_definition(std::optional<JsonObject> wanted,
                                              const std::optional<JsonObject>& stored) {
    if (!wanted) {
        return wanted;
    }
    const Json* key = find_member(*wanted, key_member);
    if (is_empty_text(key)) {
        wanted->erase(key_member);
        return wanted;
    }
    const Json* had = stored ? find_member(*stored, key_member) : nullptr;
    if (!is_left_open(key) || had == nullptr || find_member(*wanted, url_member) == nullptr) {
        return wanted;
    }
    (*wanted)[key_member] = *had;
    return wanted;
}

} // namespace muster::provisioning
