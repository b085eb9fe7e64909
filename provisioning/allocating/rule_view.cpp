#include "provisioning/allocating/rule_view.h"

#include <array>

namespace muster::provisioning {

namespace {

constexpr std::array<std::string_view, 7> weekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};
constexpr std::size_t date_chars = 10; // of `2030-01-31T..`

RuleScalar caseless(std::string_view text) {
    return RuleText{.text = text, .meaning = TextMeaning::caseless};
}

RuleScalar exact(std::string_view text) {
    return RuleText{.text = text};
}

RuleScalar scalar_of(const Json& value) {
    switch (value.kind()) {
    case boost::json::kind::null: return RuleNull();
    case boost::json::kind::bool_: return value.get_bool();
    case boost::json::kind::int64: return static_cast<long double>(value.get_int64());
    case boost::json::kind::uint64: return static_cast<long double>(value.get_uint64());
    case boost::json::kind::double_: return static_cast<long double>(value.get_double());
    case boost::json::kind::string: return exact(value.get_string());
    case boost::json::kind::array:
    case boost::json::kind::object: break;
    }
    return RuleOpaque();
}

RuleValue value_of(const Json& value) {
    if (!value.is_array()) {
        return scalar_of(value);
    }
    std::vector<RuleScalar> items;
    for (const Json& item : value.get_array()) {
        if (items.size() == rule_items_max) {
            break;
        }
        items.push_back(scalar_of(item));
    }
    return items;
}

} // namespace

RuleScalar scalar_of(const RuleLiteral& literal) {
    struct AsScalar {
        RuleScalar operator()(RuleNull null) const { return null; }

        RuleScalar operator()(bool truth) const { return truth; }

        RuleScalar operator()(long double number) const { return number; }

        RuleScalar operator()(const std::string& text) const { return exact(text); }
    };

    return std::visit(AsScalar(), literal);
}

RuleValue RuleView::at(const RulePath& path) {
    switch (path.source) {
    case RuleSource::registration_id: return caseless(facts_.id.text());
    case RuleSource::current_hub:
        return facts_.current ? caseless(facts_.current->text()) : RuleScalar();
    case RuleSource::payload: return in_payload(path.keys);
    case RuleSource::subject:
    case RuleSource::issuer: return in_certificate(path.source, path.keys.front());
    case RuleSource::address:
        return facts_.inputs.peer_address.empty() ? RuleScalar()
                                                  : caseless(facts_.inputs.peer_address);
    case RuleSource::latitude:
    case RuleSource::longitude: return at_place(path.source);
    case RuleSource::hour:
    case RuleSource::minute:
    case RuleSource::weekday:
    case RuleSource::date: break;
    }
    return at_time(path.source);
}

RuleValue RuleView::in_payload(const std::vector<std::string>& keys) {
    const std::optional<Json>& payload = facts_.inputs.payload;
    if (keys.empty()) {
        return payload ? value_of(*payload) : RuleScalar();
    }
    const JsonObject* object = payload_object();
    const Json* value = nullptr;
    for (const std::string& key : keys) {
        value = object == nullptr ? nullptr : find_member(*object, key);
        object = value == nullptr ? nullptr : value->if_object();
    }
    return value == nullptr ? RuleScalar() : value_of(*value);
}

/// Java devices send a text that holds the document (dps-device 7.1).
const JsonObject* RuleView::payload_object() {
    const std::optional<Json>& payload = facts_.inputs.payload;
    if (!payload || !payload->is_string()) {
        return payload ? payload->if_object() : nullptr;
    }
    if (!payload_in_text_) {
        payload_in_text_ = parse_json(payload->get_string()).value_or(Json());
    }
    return payload_in_text_->if_object();
}

RuleValue RuleView::in_certificate(RuleSource source, std::string_view name) {
    read_certificate();
    std::vector<RuleScalar> found;
    for (const crypto::NameAttribute& one : source == RuleSource::subject ? subject_ : issuer_) {
        if (one.is_called(name)) {
            found.push_back(exact(one.value));
        }
    }
    if (found.size() > 1) {
        return found;
    }
    return found.empty() ? RuleScalar() : found.front();
}

void RuleView::read_certificate() {
    if (std::exchange(certificate_read_, true) || facts_.inputs.leaf_der.empty()) {
        return;
    }
    if (const auto leaf = crypto::Certificate::from_der(facts_.inputs.leaf_der)) {
        subject_ = crypto::subject_attributes(*leaf);
        issuer_ = crypto::issuer_attributes(*leaf);
    }
}

RuleScalar RuleView::at_time(RuleSource source) {
    const auto day = std::chrono::floor<std::chrono::days>(facts_.inputs.now);
    const auto minutes = std::chrono::floor<std::chrono::minutes>(facts_.inputs.now - day).count();
    switch (source) {
    case RuleSource::hour: return static_cast<long double>(minutes / 60);
    case RuleSource::minute: return static_cast<long double>(minutes % 60);
    case RuleSource::weekday: return caseless(weekdays[std::chrono::weekday(day).c_encoding()]);
    default: break;
    }
    date_ = format_time(facts_.inputs.now).substr(0, date_chars);
    return exact(date_);
}

RuleScalar RuleView::at_place(RuleSource source) const {
    const std::optional<GeoPoint>& point = facts_.inputs.place.point;
    if (!point) {
        return RuleNull();
    }
    const double degrees = source == RuleSource::latitude ? point->latitude : point->longitude;
    return static_cast<long double>(degrees);
}

} // namespace muster::provisioning
