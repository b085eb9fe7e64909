#pragma once
// The facts of one registration as a rule sees them (rule.h). What costs something, such as
// reading the certificate, is done once, and only if the rule asks.

#include "crypto/distinguished_name.h"
#include "provisioning/allocating/rule.h"
#include "provisioning/allocating/rule_clauses.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace muster::provisioning {

enum class TextMeaning : std::uint8_t {
    exact,
    caseless, // ids, host names, weekdays: what they are compared with is, too
};

struct RuleText {
    std::string_view text;
    TextMeaning meaning = TextMeaning::exact;
};

/// An object, or a list within a list: there, but equal to nothing.
struct RuleOpaque {};

using RuleScalar = std::variant<RuleNull, bool, long double, RuleText, RuleOpaque>;
using RuleValue = std::variant<RuleScalar, std::vector<RuleScalar>>;

/// Of a list in the payload, the first so many are looked at.
inline constexpr std::size_t rule_items_max = 256;

RuleScalar scalar_of(const RuleLiteral& literal);

/// Values that it gives out live as long as it does, and as the facts do.
class RuleView {
  public:
    explicit RuleView(const RuleFacts& facts) : facts_(facts) {}

    [[nodiscard]] RuleValue at(const RulePath& path);

  private:
    using Attributes = std::vector<crypto::NameAttribute>;

    RuleValue in_payload(const std::vector<std::string>& keys);
    const JsonObject* payload_object();
    RuleValue in_certificate(RuleSource source, std::string_view name);
    void read_certificate();
    RuleScalar at_time(RuleSource source);
    RuleScalar at_place(RuleSource source) const;

    const RuleFacts& facts_;
    std::optional<Json> payload_in_text_; // null if there is none
    bool certificate_read_ = false;
    Attributes subject_;
    Attributes issuer_;
    std::string date_;
};

} // namespace muster::provisioning
