#include "base/text.h"
#include "crypto/keys.h"
#include "provisioning/allocating/function.h"
#include "provisioning/allocating/rule.h"
#include "provisioning/documents/members.h"
#include "provisioning/documents/names.h"

#include <boost/url/parse.hpp>

namespace muster::provisioning {

namespace {

constexpr std::size_t url_bytes_max = 4096;

bool is_web_scheme(std::string_view scheme) {
    return equal_ignoring_case(scheme, "https") || equal_ignoring_case(scheme, "http");
}

/// What is wrong with the address, if anything. A fragment is no part of an absolute URI
/// (RFC 3986, 4.3).
std::optional<std::string_view> fault_of_url(const std::string& text) {
    const auto url = boost::urls::parse_absolute_uri(text);
    const bool absolute = url && !url->host().empty() && is_web_scheme(url->scheme());
    if (!absolute || (url->has_port() && url->port_number() == 0)) {
        return "must be an absolute http or https address";
    }
    if (url->has_userinfo()) {
        return "must not hold a user name or password";
    }
    return text.size() > url_bytes_max ? std::optional<std::string_view>("is too long")
                                       : std::nullopt;
}

void read_url(MemberReader& members, FunctionDefinition& definition) {
    std::optional<std::string> url = members.text("webhookUrl");
    if (!url) {
        return;
    }
    if (const auto fault = fault_of_url(*url)) {
        members.refuse("webhookUrl", *fault);
    }
    definition.api_version = members.required_text("apiVersion");
    if (definition.api_version.empty()) {
        members.refuse("apiVersion", "is required");
    }
    definition.url.emplace(*std::move(url));
}

/// How it reads is checked; which hubs it names is a question to the instance (validation.h).
void read_rule(MemberReader& members, FunctionDefinition& definition) {
    definition.rule = members.text("rule").value_or("");
    if (definition.rule.empty()) {
        return;
    }
    const std::optional<Rule> rule = members.take("rule", Rule::parse(definition.rule));
    if (rule && rule->asks_function() && !definition.url) {
        members.refuse("rule", "asks the webhook, but there is no webhookUrl");
    }
}

void read_fallback(MemberReader& members, FunctionDefinition& definition) {
    const std::optional<std::string> name = members.text("fallbackPolicy");
    if (!name) {
        return;
    }
    definition.fallback = allocation_policy(*name);
    if (!definition.fallback || definition.fallback == AllocationPolicy::custom) {
        members.refuse("fallbackPolicy", "must be hashed, geoLatency or static");
    }
}

void read_key(MemberReader& members, FunctionDefinition& definition) {
    if (const std::optional<std::string> key = members.text("signingKey")) {
        definition.signing_key = members.take("signingKey", crypto::decode_key(*key));
    }
}

void check_together(MemberReader& members, const FunctionDefinition& definition) {
    if (definition.url) {
        return;
    }
    if (definition.rule.empty()) {
        members.refuse("webhookUrl", "is required where there is no rule");
    }
    if (definition.fallback) {
        members.refuse("fallbackPolicy", "means nothing without a webhookUrl");
    }
    if (definition.signing_key) {
        members.refuse("signingKey", "means nothing without a webhookUrl");
    }
}

} // namespace

Result<FunctionDefinition> read_function_definition(const JsonObject& definition) {
    MemberReader members(definition, "customAllocationDefinition.");
    FunctionDefinition read;
    read_url(members, read);
    read_rule(members, read);
    read_fallback(members, read);
    read_key(members, read);
    check_together(members, read);
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    return read;
}

} // namespace muster::provisioning
