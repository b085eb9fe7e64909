#include "gateway/administration/proposal.h"

#include "base/text.h"
#include "gateway/administration/configuration.h"
#include "gateway/administration/document_limits.h"
#include "provisioning/completion.h"
#include "provisioning/documents.h"
#include "provisioning/documents/instance_document.h"
#include "provisioning/documents/members.h"
#include "provisioning/instances/settings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::CaCertificate;
using provisioning::EnrollmentGroup;
using provisioning::IndividualEnrollment;
using provisioning::Instance;

const IndividualEnrollment& enrollment_of(const provisioning::EnrollmentView& view) {
    return view.enrollment;
}

const EnrollmentGroup& enrollment_of(const EnrollmentGroup& group) {
    return group;
}

/// The spec, with the id that its name stands for.
Result<JsonObject> read_spec(const DocumentName& name, const Json& document) {
    const auto* spec = find_member(document.as_object(), "spec");
    if (spec == nullptr || !spec->is_object()) {
        return fail(Code::malformed, "spec must be an object");
    }
    if (const auto checked = check_document_limits(*spec); !checked) {
        return std::unexpected(checked.error());
    }
    auto copy = spec->as_object();
    const auto id_member = id_member_of(name.kind);
    if (id_member.empty()) {
        return copy;
    }
    const auto id = string_member(copy, id_member, name.name);
    if (!id || !equal_ignoring_case(*id, name.name)) {
        return fail(Code::malformed, std::string(id_member) + " is not the document's name");
    }
    copy[id_member] = name.name;
    return copy;
}

/// What the store holds under this id, if anything.
template <class Id>
auto find_stored(provisioning::Enrollments& enrollments, const Id& id) {
    using Resource = std::decay_t<decltype(enrollment_of(*enrollments.get(id)))>;
    using Found = Result<std::optional<Resource>>;
    const auto found = enrollments.get(id);
    if (found) {
        return Found(enrollment_of(*found));
    }
    return found.error().code == Code::not_found ? Found(std::nullopt)
                                                 : Found(std::unexpected(found.error()));
}

class ProposalReader {
  public:
    explicit ProposalReader(const ProposalGround& ground)
        : ground_(ground), instance_(ground.instance) {}

    /// Kind after kind, so that enrollments meet the proposed instance.
    Result<provisioning::Proposal> read(const ProposalText& text) && {
        if (auto sorted = sort(text); !sorted) {
            return std::unexpected(sorted.error());
        }
        for (const auto& name : removals_) {
            if (auto removed = remove(name); !removed) {
                return std::unexpected(at(name, removed.error()));
            }
        }
        for (const auto& [name, document] : documents_) { // ordered by kind
            if (auto added = add(name, *document); !added) {
                return std::unexpected(at(name, added.error()));
            }
        }
        proposal_.instance = std::move(instance_);
        return std::move(proposal_);
    }

  private:
    static Error at(const DocumentName& name, Error error) {
        error.detail = describe(name) + ": " + error.detail;
        return error;
    }

    /// Nothing may be named twice: which of the two would count is anybody's guess.
    Result<void> sort(const ProposalText& text) {
        static const JsonArray none;
        for (const auto& document : text.documents != nullptr ? *text.documents : none) {
            auto name = read_document_name(document);
            if (!name) {
                return std::unexpected(name.error());
            }
            const auto [entry, is_new] = documents_.try_emplace(*std::move(name), &document);
            if (!is_new) {
                return fail(Code::malformed, describe(entry->first) + " stands there twice");
            }
        }
        for (const auto& removal : text.removals != nullptr ? *text.removals : none) {
            auto name = read_document_name(removal);
            if (!name) {
                return std::unexpected(name.error());
            }
            if (documents_.contains(*name)) {
                return fail(Code::malformed, describe(*name) + " is both proposed and removed");
            }
            removals_.insert(*std::move(name));
        }
        return {};
    }

    Result<void> remove(const DocumentName& name) {
        switch (name.kind) {
        case DocumentKind::instance:
            return fail(Code::malformed, "an instance cannot be removed in a proposal");
        case DocumentKind::certificate:
            std::erase_if(instance_.certificates, [&](const CaCertificate& one) {
                return equal_ignoring_case(one.name, name.name);
            });
            return {};
        case DocumentKind::enrollment_group:
            return keep(parse_enrollment_group_id(name.name), proposal_.without_groups);
        case DocumentKind::enrollment:
            return keep(parse_registration_id(name.name), proposal_.without_enrollments);
        }
        std::unreachable();
    }

    Result<void> add(const DocumentName& name, const Json& document) {
        const auto spec = read_spec(name, document);
        if (!spec) {
            return std::unexpected(spec.error());
        }
        switch (name.kind) {
        case DocumentKind::instance: return add_instance(*spec);
        case DocumentKind::certificate: return add_certificate(name.name, *spec);
        case DocumentKind::enrollment_group:
            return keep(completed(provisioning::group_from_document(*spec)), proposal_.groups);
        case DocumentKind::enrollment:
            return keep(completed(provisioning::individual_from_document(*spec)),
                        proposal_.enrollments);
        }
        std::unreachable();
    }

    Result<void> add_instance(const JsonObject& spec) {
        const auto settings = provisioning::instance_settings(spec);
        if (!settings) {
            return std::unexpected(settings.error());
        }
        const auto has_no_name = [](const provisioning::LinkedHub& hub) {
            return hub.name.empty();
        };
        if (settings->hubs && std::ranges::any_of(*settings->hubs, has_no_name)) {
            return fail(Code::malformed, "each of hubs must have a name");
        }
        if (!equal_ignoring_case(settings->name, instance_.name)) {
            return fail(Code::malformed, "is another instance than the one that is asked");
        }
        if (auto checked = provisioning::check_settings(*settings); !checked) {
            return checked;
        }
        static const std::string any_domain; // of host names, which decide nothing for a device
        auto changed = provisioning::with_settings(
            instance_, *settings,
            {.domain = any_domain, .by = ground_.by, .random = ground_.random});
        if (!changed) {
            return std::unexpected(changed.error());
        }
        instance_ = *std::move(changed);
        return {};
    }

    Result<void> add_certificate(const std::string& name, const JsonObject& spec) {
        provisioning::MemberReader members(spec);
        const auto text = members.required_text("certificate");
        const auto certificate = members.take("certificate", crypto::Certificate::from_text(text));
        const auto is_verified = members.flag("verified").value_or(false);
        if (auto verdict = members.verdict(); !verdict) {
            return verdict;
        }
        if (auto removed = remove({DocumentKind::certificate, name}); !removed) {
            return removed;
        }
        instance_.certificates.push_back({.name = name,
                                          .certificate = *certificate,
                                          .verified = is_verified,
                                          .verification_code = {},
                                          .stamp = {}});
        return {};
    }

    /// Keys and certificates that it leaves open are the stored one's (dps-service 6.4, 7).
    template <class Resource>
    Result<Resource> completed(Result<Resource> wanted) {
        if (!wanted) {
            return wanted;
        }
        const auto stored = find_stored(ground_.enrollments, wanted->id);
        if (!stored) {
            return std::unexpected(stored.error());
        }
        return provisioning::completed(*std::move(wanted), *stored ? &**stored : nullptr, instance_,
                                       ground_.random);
    }

    template <class Value>
    static Result<void> keep(Result<Value> value, std::vector<Value>& values) {
        if (!value) {
            return std::unexpected(value.error());
        }
        values.push_back(*std::move(value));
        return {};
    }

    const ProposalGround& ground_;
    Instance instance_; // with what was read so far
    std::map<DocumentName, const Json*> documents_;
    std::set<DocumentName> removals_;
    provisioning::Proposal proposal_;
};

} // namespace

Result<provisioning::Proposal> read_proposal(const ProposalGround& ground,
                                             const ProposalText& text) {
    return ProposalReader(ground).read(text);
}

} // namespace muster::gateway
