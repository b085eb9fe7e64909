#pragma once
// Reads the tables of a TOML document and collects every mistake with its line.

#include "base/result.h"

#include <toml++/toml.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

class Mistakes {
  public:
    explicit Mistakes(std::string file_name) : file_name_(std::move(file_name)) {}

    void add(const toml::node& at, const std::string& what);
    /// Line 0: of the file as a whole.
    void add_at_line(std::uint32_t line, const std::string& what);

    [[nodiscard]] bool none() const { return lines_.empty(); }

    [[nodiscard]] std::string text() const;

  private:
    std::string file_name_;
    std::vector<std::string> lines_;
};

/// One table; done() reports the members that nobody asked for.
class TableReader {
  public:
    TableReader(const toml::table& table, std::string name, Mistakes& mistakes)
        : table_(table), name_(std::move(name)), mistakes_(mistakes) {}

    std::optional<std::string> text(std::string_view key);
    std::string required_text(std::string_view key);
    std::optional<std::int64_t> number(std::string_view key, std::int64_t least, std::int64_t most);
    std::optional<bool> flag(std::string_view key);

    /// `{ "a" = 1, "b" = 2.5 }`
    std::map<std::string, double> reals(std::string_view key, double least, double most);

    [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }

    /// A string, or an array of strings.
    std::vector<std::string> texts(std::string_view key);

    /// An array of tables, `[[key]]` or `key = [{..}, ..]`; null entries never.
    std::vector<const toml::table*> tables(std::string_view key);
    const toml::table* table(std::string_view key);

    /// The node of a member that was read, for mistakes about its value.
    [[nodiscard]] const toml::node& node(std::string_view key) const;

    void mistake(std::string_view key, const std::string& what);
    void done();

  private:
    const toml::node* find(std::string_view key);

    const toml::table& table_;
    std::string name_;
    Mistakes& mistakes_;
    std::set<std::string, std::less<>> known_;
};

} // namespace muster::app
