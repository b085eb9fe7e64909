#include "query/query.h"

#include "base/text.h"
#include "query/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace muster::query {

namespace {

struct Aggregate {
    std::string_view name;
    Selection selection;
};

constexpr std::array aggregates_known{
    Aggregate{"count", Selection::count}, Aggregate{"avg", Selection::average},
    Aggregate{"sum", Selection::sum}, Aggregate{"min", Selection::minimum},
    Aggregate{"max", Selection::maximum}};

std::string_view name_of(Selection selection) {
    const auto found = std::ranges::find(aggregates_known, selection, &Aggregate::selection);
    return found == aggregates_known.end() ? std::string_view() : found->name;
}

class QueryParser {
  public:
    explicit QueryParser(std::string_view text) : parser_(text, Dialect::twin) {}

    Result<Query> query() {
        Query query;
        parser_.need_word("SELECT");
        if (parser_.take_word("TOP")) {
            query.top = parser_.count("a number of rows");
        }
        const std::size_t items_begin = parser_.offset();
        query.items = items();
        parser_.need_word("FROM");
        const std::size_t source_begin = parser_.offset();
        query.source = source();
        query.where = where();
        query.group_by = group_by();
        check_items(query, items_begin);
        check_source(query, source_begin);
        return finished(std::move(query));
    }

    Result<Target> target() {
        Target target;
        if (parser_.take_symbol("*")) {
            return finished(target);
        }
        if (!parser_.take_word("FROM")) {
            target.condition = condition();
            return finished(std::move(target));
        }
        const std::size_t source_begin = parser_.offset();
        target.source = source();
        target.condition = where();
        if (target.source == Source::jobs) {
            parser_.mistake_at(source_begin, "expected devices or devices.modules");
        }
        return finished(std::move(target));
    }

  private:
    template <class T>
    Result<T> finished(T value) {
        const Result<void> ended = parser_.finish();
        return ended ? Result<T>(std::move(value)) : std::unexpected(ended.error());
    }

    std::vector<Item> items() {
        std::vector<Item> items;
        if (parser_.take_symbol("*")) {
            return items;
        }
        do {
            if (items.size() == items_max) {
                parser_.expected(fmt::format("at most {} items", items_max));
            }
            items.push_back(item());
        } while (parser_.take_symbol(","));
        return items;
    }

    Item item() {
        const Name first = parser_.name("'*', a path or an aggregate");
        Item item;
        if (!first.is_quoted && parser_.is_at_symbol("(")) {
            item = aggregate(first);
        } else {
            item.path = parser_.path_from(first);
            item.name = last_name(item.path);
        }
        if (parser_.take_word("AS")) {
            item.name = parser_.name("a name after AS").text;
        }
        return item;
    }

    Item aggregate(const Name& name) {
        const auto known = std::ranges::find_if(aggregates_known, [&](const Aggregate& each) {
            return equal_ignoring_case(each.name, name.text);
        });
        if (known == aggregates_known.end()) {
            parser_.mistake_at(name.offset, "expected one of COUNT, AVG, SUM, MIN and MAX");
            return {};
        }
        Item item{.selection = known->selection, .name = std::string(known->name)};
        parser_.need_symbol("(");
        if (item.selection == Selection::count) {
            parser_.take_symbol("*");
        } else {
            item.path = parser_.path_from(parser_.name("a path"));
        }
        parser_.need_symbol(")");
        return item;
    }

    Source source() {
        parser_.need_word("devices");
        if (!parser_.take_symbol(".")) {
            return Source::devices;
        }
        if (parser_.take_word("modules")) {
            return Source::modules;
        }
        if (!parser_.take_word("jobs")) {
            parser_.expected("modules or jobs");
        }
        return Source::jobs;
    }

    std::optional<Condition> where() {
        return parser_.take_word("WHERE") ? condition() : std::nullopt;
    }

    std::optional<Condition> condition() {
        auto expression = parser_.expression();
        return expression ? std::optional(Condition(std::move(*expression))) : std::nullopt;
    }

    std::optional<Path> group_by() {
        if (!parser_.take_word("GROUP")) {
            return std::nullopt;
        }
        parser_.need_word("BY");
        return parser_.path_from(parser_.name("a path to group by"));
    }

    void check_items(const Query& query, std::size_t begin) {
        if (query.group_by && query.items.empty()) {
            parser_.mistake_at(begin, "'*' cannot be grouped");
        }
        if (!query.aggregates()) {
            return;
        }
        for (const Item& item : query.items) {
            if (item.selection == Selection::path && item.path != query.group_by) {
                parser_.mistake_at(begin, fmt::format("{} stands beside an aggregate but is not "
                                                      "grouped by",
                                                      to_text(item.path)));
            }
        }
    }

    void check_source(const Query& query, std::size_t begin) {
        if (query.source == Source::jobs && !query.items.empty()) {
            parser_.mistake_at(begin, "from devices.jobs only '*' can be selected");
        }
    }

    Parser parser_;
};

std::string item_text(const Item& item) {
    const std::string path = item.selection == Selection::count ? "" : to_text(item.path);
    const std::string what = item.selection == Selection::path
                                 ? path
                                 : fmt::format("{}({})", name_of(item.selection), path);
    return fmt::format("{} AS {}", what,
                       is_plain_name(item.name) ? item.name : "[[" + item.name + "]]");
}

} // namespace

bool Query::aggregates() const {
    return group_by || std::ranges::any_of(items, [](const Item& item) {
               return item.selection != Selection::path;
           });
}

Result<Query> parse_query(std::string_view text) {
    return QueryParser(text).query();
}

Result<Target> parse_target(std::string_view text) {
    return QueryParser(text).target();
}

std::string_view to_text(Source source) {
    switch (source) {
    case Source::devices: return "devices";
    case Source::modules: return "devices.modules";
    case Source::jobs: return "devices.jobs";
    }
    return "";
}

std::string to_text(const Query& query) {
    std::string text = "SELECT ";
    text += query.top ? fmt::format("TOP {} ", *query.top) : std::string();
    text += query.items.empty() ? "*" : "";
    for (const Item& item : query.items) {
        text += (&item == &query.items.front() ? "" : ", ") + item_text(item);
    }
    text += fmt::format(" FROM {}", to_text(query.source));
    text += query.where ? " WHERE " + to_text(*query.where) : std::string();
    text += query.group_by ? " GROUP BY " + to_text(*query.group_by) : std::string();
    return text;
}

} // namespace muster::query
