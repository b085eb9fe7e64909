#include "provisioning/instances.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/keys.h"
#include "provisioning/instances/certificates.h"
#include "provisioning/instances/links.h"
#include "provisioning/instances/notes.h"
#include "provisioning/instances/registry.h"
#include "provisioning/instances/settings.h"
#include "provisioning/preconditions.h"
#include "provisioning/stamps.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr std::size_t verification_code_bytes = 24; // 48 hex digits

std::unexpected<Error> no_such_instance() {
    return fail(Code::not_found, "instance not found");
}

bool is_being_deleted(const InstancePtr& instance) {
    return instance && instance->state == InstanceState::deleting;
}

AccessPolicy* find_policy(Instance& instance, std::string_view name) {
    const auto found = std::ranges::find_if(instance.policies, [&](const AccessPolicy& policy) {
        return equal_ignoring_case(policy.name, name);
    });
    return found == instance.policies.end() ? nullptr : &*found;
}

} // namespace

Instances::Instances(const Ports& ports) : registry_(std::make_shared<Registry>(ports)) {}

Instances::~Instances() = default;

Result<void> Instances::load(InstanceObserver& observer) {
    return registry_->load(observer);
}

std::vector<InstancePtr> Instances::all() const {
    return registry_->all();
}

InstancePtr Instances::find(std::string_view name) const {
    return registry_->find(name);
}

// ---- instances ----

Result<Instances::Saved> Instances::put(const InstanceSettings& wanted, const IfMatch& if_match,
                                        const Principal& by) {
    if (auto checked = check_settings(wanted); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    const auto settings =
        with_checked_links(wanted, find(wanted.name).get(), registry_->ports().hubs);
    if (!settings) {
        return std::unexpected(settings.error());
    }
    bool created = false;
    auto saved = registry_->change(wanted.name, [&](const Instance* current) {
        created = current == nullptr;
        return registry_->decide_put(current, *settings, if_match, by);
    });
    if (!saved) {
        return std::unexpected(std::move(saved).error());
    }
    return Saved{.instance = *std::move(saved), .created = created};
}

Result<void> Instances::erase(std::string_view name, const IfMatch& if_match, const Principal& by) {
    if (is_being_deleted(find(name))) {
        return {};
    }
    using Proposal = Registry::Proposal;
    const auto erased = registry_->change(name, [&](const Instance* current) -> Result<Proposal> {
        const auto expected =
            permit_erase(current == nullptr ? nullptr : &current->stamp, if_match, "instance");
        if (!expected) {
            return std::unexpected(expected.error());
        }
        const Mark mark = registry_->new_mark();
        Instance next = *current;
        next.state = InstanceState::deleting;
        next.deleted_by = by.name;
        next.stamp = next_stamp(current->stamp, mark);
        return Proposal{.next = std::move(next),
                        .change = note_deletion({.by = by, .at = mark.now}, *current)};
    });
    return erased ? Result<void>() : std::unexpected(erased.error());
}

Result<InstancePtr> Instances::rotate_key(std::string_view name, std::string_view policy,
                                          KeySlot slot, const Principal& by) {
    using Proposal = Registry::Proposal;
    return registry_->change(name, [&](const Instance* current) -> Result<Proposal> {
        if (current == nullptr) {
            return no_such_instance();
        }
        Instance next = *current;
        AccessPolicy* rotated = find_policy(next, policy);
        if (rotated == nullptr) {
            return fail(Code::not_found, "policy not found");
        }
        const Mark mark = registry_->new_mark();
        SymmetricKeys& keys = rotated->keys;
        (slot == KeySlot::primary ? keys.primary : keys.secondary) =
            crypto::new_key(registry_->ports().random, policy_key_bytes);
        next.stamp = next_stamp(current->stamp, mark);
        Change change = note_rotation({.by = by, .at = mark.now}, *rotated, slot);
        return Proposal{.next = std::move(next), .change = std::move(change)};
    });
}

// ---- certificates ----

Result<InstancePtr> Instances::put_certificate(std::string_view name,
                                               const CertificateSettings& wanted,
                                               const IfMatch& if_match, const Principal& by) {
    return registry_->change_certificate(
        {.instance = name, .certificate = wanted.name, .verb = "update", .by = by},
        [&](Instance instance, const Mark& mark) {
            return with_certificate(std::move(instance), wanted, if_match, mark);
        });
}

Result<InstancePtr> Instances::erase_certificate(std::string_view name,
                                                 std::string_view certificate,
                                                 const IfMatch& if_match, const Principal& by) {
    return registry_->change_certificate(
        {.instance = name, .certificate = certificate, .verb = "delete", .by = by},
        [&](Instance instance, const Mark& /*mark*/) {
            return without_certificate(std::move(instance), certificate, if_match);
        });
}

Result<InstancePtr> Instances::new_verification_code(std::string_view name,
                                                     std::string_view certificate,
                                                     const IfMatch& if_match, const Principal& by) {
    return registry_->change_certificate(
        {.instance = name, .certificate = certificate, .verb = "code", .by = by},
        [&](Instance instance, const Mark& mark) {
            std::string code =
                hex_encode_upper(registry_->ports().random.bytes(verification_code_bytes));
            return with_verification_code(std::move(instance),
                                          {.name = certificate, .code = std::move(code)}, if_match,
                                          mark);
        });
}

Result<InstancePtr> Instances::verify_certificate(std::string_view name,
                                                  std::string_view certificate,
                                                  const crypto::Certificate& proof,
                                                  const IfMatch& if_match, const Principal& by) {
    return registry_->change_certificate(
        {.instance = name, .certificate = certificate, .verb = "verify", .by = by},
        [&](Instance instance, const Mark& mark) {
            return with_proof(std::move(instance), {.name = certificate, .proof = proof}, if_match,
                              mark);
        });
}

} // namespace muster::provisioning
