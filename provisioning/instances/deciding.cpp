// What is to become of an instance, given what it is. Under the registry's lock, so what must be
// unique can be looked up.

#include "base/text.h"
#include "provisioning/documents/instance_document.h"
#include "provisioning/instances/notes.h"
#include "provisioning/instances/registry.h"
#include "provisioning/instances/settings.h"
#include "provisioning/preconditions.h"

namespace muster::provisioning {

namespace {

constexpr std::size_t instances_max = 10'000;

Result<void> check_identity(const InstanceSettings& wanted, const Instance& current) {
    if (!wanted.tenant.empty() && !equal_ignoring_case(wanted.tenant, current.tenant)) {
        return fail(Code::already_exists, "the instance name is taken");
    }
    if (wanted.scope && *wanted.scope != current.scope) {
        return fail(Code::malformed, "the id scope of an instance cannot be changed");
    }
    return {};
}

} // namespace

bool says_the_same(const Instance& left, const Instance& right) {
    return to_document(left, View::stored) == to_document(right, View::stored);
}

/// What put() starts from: the instance as it is, or a new one.
Result<Instance> Instances::Registry::base_of(const InstanceSettings& wanted,
                                              const Instance* current) const {
    if (current != nullptr) {
        auto same = check_identity(wanted, *current);
        return same ? Result<Instance>(*current) : std::unexpected(std::move(same).error());
    }
    if (wanted.scope && knows_scope(*wanted.scope)) {
        return fail(Code::already_exists, "another instance has or had this id scope");
    }
    if (all().size() >= instances_max) {
        return fail(Code::quota_exceeded, "there are too many instances");
    }
    return blank_instance(wanted, wanted.scope ? *wanted.scope : new_scope(), ports_.random);
}

Result<Instances::Registry::Proposal>
Instances::Registry::decide_put(const Instance* current, const InstanceSettings& wanted,
                                const IfMatch& if_match, const Principal& by) const {
    auto base = base_of(wanted, current);
    if (!base) {
        return std::unexpected(std::move(base).error());
    }
    const auto expected =
        permit_upsert(current == nullptr ? nullptr : &current->stamp, if_match, "instance");
    if (!expected) {
        return std::unexpected(expected.error());
    }
    auto next = with_settings(*std::move(base), wanted,
                              {.domain = ports_.domain, .by = by, .random = ports_.random});
    if (!next) {
        return std::unexpected(std::move(next).error());
    }
    if (auto free = check_hosts(*next); !free) {
        return std::unexpected(std::move(free).error());
    }
    if (current != nullptr && says_the_same(*current, *next)) {
        return Proposal();
    }
    const Mark mark = new_mark();
    next->stamp = current == nullptr ? first_stamp(mark) : next_stamp(current->stamp, mark);
    Change change = note_put({.by = by, .at = mark.now}, current, *next);
    return Proposal{.next = *std::move(next), .change = std::move(change)};
}

Result<InstancePtr> Instances::Registry::change_certificate(const CertificateDeed& deed,
                                                            const DecideCertificate& decide) {
    return change(deed.instance, [&](const Instance* current) -> Result<Proposal> {
        if (current == nullptr) {
            return fail(Code::not_found, "instance not found");
        }
        const Mark mark = new_mark();
        auto next = decide(*current, mark);
        if (!next) {
            return std::unexpected(std::move(next).error());
        }
        // The certificate has a stamp of its own; whoever read the instance may still write it.
        ++next->stamp.version;
        Change change = note_certificate(
            {.by = deed.by, .at = mark.now},
            {.verb = deed.verb, .name = deed.certificate, .before = *current, .after = *next});
        return Proposal{.next = *std::move(next), .change = std::move(change)};
    });
}

} // namespace muster::provisioning
