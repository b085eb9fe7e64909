#include "app/data_folder.h"

#include "base/encoding.h"
#include "crypto/keys.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cstdlib>

namespace muster::app {

namespace {

constexpr unsigned private_mode = 0600;
constexpr unsigned public_mode = 0644;
constexpr std::size_t file_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t policy_key_bytes = 32;
constexpr std::size_t scope_random_bytes = 4;

/// The policies each section of secrets.toml must have.
std::map<std::string, std::vector<std::string>> wanted_policies(const ServerConfig& config) {
    std::map<std::string, std::vector<std::string>> wanted;
    for (const HubConfig& hub : config.hubs) {
        wanted["hub:" + hub.host.text()] = hub_policy_names();
    }
    return wanted;
}

std::string format_secrets(const PolicyKeys& keys) {
    std::string out = "# Shared access keys. Whoever reads this file owns the services.\n";
    for (const auto& [section, policies] : keys) {
        out += fmt::format("\n[\"{}\"]\n", section);
        for (const auto& [policy, pair] : policies) {
            out +=
                fmt::format("{} = {{ primary = \"{}\", secondary = \"{}\" }}\n", policy,
                            crypto::encode_key(pair.primary), crypto::encode_key(pair.secondary));
        }
    }
    return out;
}

Result<Secret> key_of(const toml::table& pair, std::string_view slot) {
    const auto text = pair[slot].value_exact<std::string>();
    if (!text) {
        return fail(Code::malformed, fmt::format("a {} key is missing", slot));
    }
    return crypto::decode_key(*text);
}

Result<PolicyKeys> parse_secrets(const std::string& text, const std::string& file_name) {
    PolicyKeys keys;
    try {
        const toml::table document = toml::parse(text, file_name);
        for (const auto& [section, policies] : document) {
            if (!policies.is_table()) {
                return fail(Code::malformed, fmt::format("{}: not a key file", file_name));
            }
            for (const auto& [policy, pair] : *policies.as_table()) {
                if (!pair.is_table()) {
                    return fail(Code::malformed, fmt::format("{}: not a key file", file_name));
                }
                auto primary = key_of(*pair.as_table(), "primary");
                auto secondary = key_of(*pair.as_table(), "secondary");
                if (!primary || !secondary) {
                    return fail(Code::malformed, fmt::format("{}: the keys of '{}' are broken",
                                                             file_name, policy.str()));
                }
                keys[std::string(section.str())][std::string(policy.str())] = {*primary,
                                                                               *secondary};
            }
        }
    } catch (const toml::parse_error& error) { // toml++ has no other way to say it
        return fail(Code::malformed, fmt::format("{}:{}: {}", file_name, error.source().begin.line,
                                                 error.description()));
    }
    return keys;
}

/// True if anything was missing.
bool complete_keys(PolicyKeys& keys, const ServerConfig& config, Random& random) {
    bool changed = false;
    for (const auto& [section, policies] : wanted_policies(config)) {
        for (const std::string& policy : policies) {
            if (!keys[section].contains(policy)) {
                keys[section][policy] = {crypto::new_key(random, policy_key_bytes),
                                         crypto::new_key(random, policy_key_bytes)};
                changed = true;
            }
        }
    }
    return changed;
}

} // namespace

std::vector<std::string> hub_policy_names() {
    return {"iothubowner", "service", "device", "registryRead", "registryReadWrite"};
}

std::filesystem::path default_data_folder() {
    if (const char* data = std::getenv("MUSTER_DATA"); data != nullptr && *data != '\0') {
        return data;
    }
    if (const char* xdg = std::getenv("XDG_DATA_HOME"); xdg != nullptr && *xdg != '\0') {
        return std::filesystem::path(xdg) / "muster";
    }
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home != nullptr ? home : ".") / ".local" / "share" / "muster";
}

Result<DataFolder> DataFolder::open(const std::filesystem::path& path) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(path, error);
    if (error) {
        return fail(Code::unavailable, fmt::format("cannot make the data folder {}: {}",
                                                   path.string(), error.message()));
    }
    if (made) {
        std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    }
    auto lock = FileLock::acquire(path / "lock");
    if (!lock) {
        return fail(Code::unavailable, fmt::format("cannot use the data folder {}: {}",
                                                   path.string(), lock.error().detail));
    }
    return DataFolder(std::filesystem::absolute(path), std::move(*lock));
}

Result<ServerConfig> DataFolder::configuration_or_default(const std::vector<std::string>& listen,
                                                          const std::vector<std::string>& hosts,
                                                          Random& random) {
    if (std::filesystem::exists(configuration())) {
        auto text = read_file(configuration(), file_bytes_max);
        if (!text) {
            return std::unexpected(text.error());
        }
        return parse_config(*text, configuration().string());
    }
    const IdScope scope("0ne" + hex_encode_upper(random.bytes(scope_random_bytes)));
    auto config = default_config(scope, listen, hosts);
    if (!config) {
        return config;
    }
    // What later runs could not read must not be kept: flags may hold any text.
    const std::string text = format_config(*config);
    if (auto readable = parse_config(text, "the default configuration"); !readable) {
        return readable;
    }
    auto written = write_file_atomically(configuration(), text, public_mode);
    if (!written) {
        return std::unexpected(written.error());
    }
    return config;
}

Result<PolicyKeys> DataFolder::policy_keys(const ServerConfig& config, Random& random) {
    const std::filesystem::path file = path_ / "secrets.toml";
    PolicyKeys keys;
    if (std::filesystem::exists(file)) {
        auto text = read_file(file, file_bytes_max);
        if (!text) {
            return std::unexpected(text.error());
        }
        auto parsed = parse_secrets(*text, file.string());
        if (!parsed) {
            return parsed;
        }
        keys = std::move(*parsed);
    }
    if (complete_keys(keys, config, random)) {
        auto written = write_file_atomically(file, format_secrets(keys), private_mode);
        if (!written) {
            return std::unexpected(written.error());
        }
    }
    return keys;
}

} // namespace muster::app
