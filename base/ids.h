#pragma once
// Identifiers as types, so that a device id cannot be passed where a hub name is wanted. Each is a
// checked or opaque text; the grammar checks stand beside the type that needs one.

#include "base/result.h"
#include "base/text.h"

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace muster {

template <class Tag>
class Id {
  public:
    Id() = default;

    explicit Id(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& text() const { return text_; }

    [[nodiscard]] bool empty() const { return text_.empty(); }

    friend auto operator<=>(const Id&, const Id&) = default;

  private:
    std::string text_;
};

/// `0ne` and 8 or more letters or digits; names one provisioning instance; compared exactly.
using IdScope = Id<struct IdScopeTag>;
/// A hub's device identity; case-sensitive (reference: iothub B.3).
using DeviceId = Id<struct DeviceIdTag>;
/// A module of a device, named within it; case-sensitive (reference: iothub B.6).
using ModuleId = Id<struct ModuleIdTag>;
/// The handle of one registration attempt; `[0-9a-zA-Z.-]` only.
using OperationId = Id<struct OperationIdTag>;
/// An opaque resource version as it travels in JSON and If-Match.
using ETag = Id<struct ETagTag>;
/// Joins an answer with its log line; a GUID.
using TrackingId = Id<struct TrackingIdTag>;

/// A host name; names one hub. Compared and stored in lower case.
class HubName {
  public:
    HubName() = default;

    explicit HubName(std::string_view text) : text_(to_lower(text)), spelled_(text) {}

    [[nodiscard]] const std::string& text() const { return text_; }

    /// As it was given, for echoing a caller's document (dps-service 13.1, 24).
    [[nodiscard]] const std::string& spelled() const { return spelled_; }

    [[nodiscard]] bool empty() const { return text_.empty(); }

    friend bool operator==(const HubName& left, const HubName& right) {
        return left.text_ == right.text_;
    }

    friend auto operator<=>(const HubName& left, const HubName& right) {
        return left.text_ <=> right.text_;
    }

  private:
    std::string text_;
    std::string spelled_;
};

/// Compared without regard to case, printed as first spelled (reference: dps-device 6.1).
template <class Tag>
class CaselessId {
  public:
    CaselessId() = default;

    explicit CaselessId(std::string text) : text_(std::move(text)), folded_(to_lower(text_)) {}

    [[nodiscard]] const std::string& text() const { return text_; }

    /// The form that is compared and stored as a key.
    [[nodiscard]] const std::string& folded() const { return folded_; }

    [[nodiscard]] bool empty() const { return text_.empty(); }

    friend bool operator==(const CaselessId& left, const CaselessId& right) {
        return left.folded_ == right.folded_;
    }

    friend auto operator<=>(const CaselessId& left, const CaselessId& right) {
        return left.folded_ <=> right.folded_;
    }

  private:
    std::string text_;
    std::string folded_;
};

using RegistrationId = CaselessId<struct RegistrationIdTag>;
using EnrollmentGroupId = CaselessId<struct EnrollmentGroupIdTag>;

/// 1 to 128 of letters, digits, "-._:", the last a letter, a digit or "-" (dps-device 6.1).
Result<RegistrationId> parse_registration_id(std::string_view text);
Result<EnrollmentGroupId> parse_enrollment_group_id(std::string_view text);

/// 1 to 128 of letters, digits and "-:.+%_#*?!(),=@$'" (iothub B.3).
Result<DeviceId> parse_device_id(std::string_view text);
/// The same grammar.
Result<ModuleId> parse_module_id(std::string_view text);

Result<IdScope> parse_id_scope(std::string_view text);

} // namespace muster

template <class Tag>
struct std::hash<muster::Id<Tag>> {
    std::size_t operator()(const muster::Id<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.text());
    }
};

template <>
struct std::hash<muster::HubName> {
    std::size_t operator()(const muster::HubName& name) const noexcept {
        return std::hash<std::string>{}(name.text());
    }
};

template <class Tag>
struct std::hash<muster::CaselessId<Tag>> {
    std::size_t operator()(const muster::CaselessId<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.folded());
    }
};
