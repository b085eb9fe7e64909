#include "app/config_reader.h"

#include <fmt/format.h>

namespace muster::app {

void Mistakes::add(const toml::node& at, const std::string& what) {
    add_at_line(at.source().begin.line, what);
}

void Mistakes::add_at_line(std::uint32_t line, const std::string& what) {
    const std::string place = line == 0 ? file_name_ : fmt::format("{}:{}", file_name_, line);
    lines_.push_back(fmt::format("{}: {}", place, what));
}

std::string Mistakes::text() const {
    return fmt::format("{}", fmt::join(lines_, "\n"));
}

const toml::node* TableReader::find(std::string_view key) {
    known_.emplace(key);
    return table_.get(key);
}

const toml::node& TableReader::node(std::string_view key) const {
    const toml::node* found = table_.get(key);
    return found != nullptr ? *found : table_;
}

void TableReader::mistake(std::string_view key, const std::string& what) {
    mistakes_.add(node(key), fmt::format("{}.{}: {}", name_, key, what));
}

std::optional<std::string> TableReader::text(std::string_view key) {
    const toml::node* found = find(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    const auto value = found->value_exact<std::string>();
    if (!value) {
        mistake(key, "must be a string");
        return std::nullopt;
    }
    return *value;
}

std::string TableReader::required_text(std::string_view key) {
    if (find(key) == nullptr) {
        mistake(key, "is missing");
        return {};
    }
    const auto value = text(key);
    if (value && value->empty()) {
        mistake(key, "must not be empty");
    }
    return value.value_or("");
}

std::optional<std::int64_t> TableReader::number(std::string_view key, std::int64_t least,
                                                std::int64_t most) {
    const toml::node* found = find(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    const auto value = found->value_exact<std::int64_t>();
    if (!value || *value < least || *value > most) {
        mistake(key, fmt::format("must be a whole number from {} to {}", least, most));
        return std::nullopt;
    }
    return *value;
}

std::optional<bool> TableReader::flag(std::string_view key) {
    const toml::node* found = find(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    const auto value = found->value_exact<bool>();
    if (!value) {
        mistake(key, "must be true or false");
        return std::nullopt;
    }
    return *value;
}

std::map<std::string, double> TableReader::reals(std::string_view key, double least, double most) {
    std::map<std::string, double> values;
    const toml::table* members = table(key);
    if (members == nullptr) {
        return values;
    }
    for (const auto& [name, member] : *members) {
        const auto value = member.value<double>(); // whole numbers, too
        if (member.is_number() && value && *value >= least && *value <= most) {
            values.emplace(name.str(), *value);
        } else {
            mistakes_.add(member, fmt::format("{}.{}.{}: must be a number from {} to {}", name_,
                                              key, name.str(), least, most));
        }
    }
    return values;
}

std::vector<std::string> TableReader::texts(std::string_view key) {
    const toml::node* found = find(key);
    if (found == nullptr) {
        return {};
    }
    if (const auto single = found->value_exact<std::string>()) {
        return {*single};
    }
    std::vector<std::string> values;
    if (const toml::array* array = found->as_array(); array != nullptr) {
        for (const toml::node& element : *array) {
            if (const auto value = element.value_exact<std::string>()) {
                values.push_back(*value);
            } else {
                mistakes_.add(element, fmt::format("{}.{}: must hold strings", name_, key));
            }
        }
        return values;
    }
    mistake(key, "must be a string or an array of strings");
    return {};
}

std::vector<const toml::table*> TableReader::tables(std::string_view key) {
    const toml::node* found = find(key);
    if (found == nullptr) {
        return {};
    }
    std::vector<const toml::table*> values;
    if (const toml::array* array = found->as_array(); array != nullptr) {
        for (const toml::node& element : *array) {
            if (const toml::table* value = element.as_table(); value != nullptr) {
                values.push_back(value);
            } else {
                mistakes_.add(element, fmt::format("{}.{}: must hold tables", name_, key));
            }
        }
        return values;
    }
    mistake(key, "must be an array of tables");
    return {};
}

const toml::table* TableReader::table(std::string_view key) {
    const toml::node* found = find(key);
    if (found == nullptr) {
        return nullptr;
    }
    if (const toml::table* value = found->as_table(); value != nullptr) {
        return value;
    }
    mistake(key, "must be a table");
    return nullptr;
}

void TableReader::done() {
    for (const auto& [key, value] : table_) {
        if (!known_.contains(key.str())) {
            mistakes_.add_at_line(key.source().begin.line,
                                  fmt::format("{}.{}: no such setting", name_, key.str()));
        }
    }
}

} // namespace muster::app
