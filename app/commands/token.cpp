// muster token create|list|revoke: administrators' tokens

#include "app/commands/administering.h"
#include "base/encoding.h"

#include <chrono>

namespace muster::app {

namespace {

struct TokenOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string name;
    std::string role = "reader";
    std::string tenant;
    std::string instance;
    std::string expires;
    unsigned days = 0;
    std::string id;
};

using Options = std::shared_ptr<TokenOptions>;

JsonObject wanted_token(const TokenOptions& options, const Clock& clock) {
    JsonObject wanted{{"name", options.name}, {"role", options.role}};
    const auto set = [&](std::string_view member, const std::string& value) {
        if (!value.empty()) {
            wanted[member] = value;
        }
    };
    set("tenant", options.tenant);
    set("instance", options.instance);
    set("expiresDateTimeUtc",
        options.days != 0 ? format_time_seconds(clock.wall() + std::chrono::days(options.days))
                          : options.expires);
    return wanted;
}

/// The token alone, so that it can be caught in a variable; all about it as JSON.
Result<void> create(const TokenOptions& options, ApiClient& api, const Clock& clock) {
    auto issued = send_for_object(api, {.method = "POST",
                                        .path = "/muster/tokens",
                                        .body = to_text(wanted_token(options, clock))});
    if (!issued) {
        return std::unexpected(issued.error());
    }
    print(options.format == OutputFormat::json ? format_json(*issued)
                                               : cell(*issued, "token") + "\n");
    return {};
}

std::string reach_of(const Json& token) {
    const auto instance = cell(token, "instance");
    const auto tenant = cell(token, "tenant");
    if (!instance.empty()) {
        return "instance " + instance;
    }
    return tenant.empty() ? "server" : "tenant " + tenant;
}

Result<void> list(const TokenOptions& options, Administration& administration) {
    const auto tokens =
        read_list(administration.api(),
                  {.request = {.method = "GET", .path = "/muster/tokens"}, .member = "tokens"});
    if (!tokens) {
        return std::unexpected(tokens.error());
    }
    if (options.format == OutputFormat::json) {
        print(format_json(*tokens));
        return {};
    }
    std::vector<std::vector<std::string>> rows;
    for (const Json& token : *tokens) {
        const auto expires = cell(token, "expiresDateTimeUtc");
        rows.push_back({cell(token, "id"), cell(token, "name"), cell(token, "role"),
                        reach_of(token), cell(token, "createdBy"),
                        expires.empty() ? "never" : expires});
    }
    print(format_table({"ID", "NAME", "ROLE", "REACH", "CREATED BY", "EXPIRES"}, rows));
    return {};
}

Result<void> revoke(const TokenOptions& options, Administration& administration) {
    auto revoked = administration.api().send(
        {.method = "DELETE", .path = "/muster/tokens/" + percent_encode(options.id)});
    return revoked ? Result<void>() : std::unexpected(revoked.error());
}

void add_create(CLI::App& token, Chosen& chosen, const Options& options, const Clock& clock) {
    CLI::App* command = token.add_subcommand("create", "Issue a token; it is shown this once");
    command->add_option("name", options->name, "whose it is; the audit trail names it")->required();
    command->add_option("--role", options->role, "reader, contributor or owner (default: reader)");
    command->add_option("--tenant", options->tenant, "reaches this tenant only");
    command->add_option("--instance", options->instance, "reaches this instance only");
    CLI::Option* expires = command->add_option("--expires", options->expires,
                                               "ends at this time, 2030-01-02T03:04:05Z");
    constexpr unsigned days_max = 36'500;
    command->add_option("--days", options->days, "ends after so many days")
        ->excludes(expires)
        ->check(CLI::Range(1U, days_max)); // 0 would be one that never ends
    add_administration_options(*command, options->connect);
    add_output_option(*command, options->format);
    administer(*command, chosen, options,
               [&clock](const TokenOptions& given, Administration& administration) {
                   return create(given, administration.api(), clock);
               });
}

} // namespace

void add_token(CLI::App& root, Chosen& chosen, const Environment& environment) {
    CLI::App* token = root.add_subcommand("token", "Administrators' tokens");
    token->require_subcommand(1);
    auto options = std::make_shared<TokenOptions>();
    add_create(*token, chosen, options, environment.clock);

    CLI::App* listing = token->add_subcommand("list", "List those within reach");
    add_administration_options(*listing, options->connect);
    add_output_option(*listing, options->format);
    administer(*listing, chosen, options, list);

    CLI::App* revoking = token->add_subcommand("revoke", "End one, at once");
    revoking->add_option("id", options->id, "as `muster token list` shows it")->required();
    add_administration_options(*revoking, options->connect);
    administer(*revoking, chosen, options, revoke);
}

} // namespace muster::app
