// Random interleavings of conditional writes, against the table of dps-service 2.5 as a model of
// its own: which id holds which etag. One actor's write is overtaken by another's just before it
// reaches the store; what then happens must be what happens when the two come one after the other.

#include "provisioning/test_world.h"

#include <array>
#include <map>
#include <random>

namespace muster::provisioning {
namespace {

using Kind = IfMatch::Kind;

const std::array<std::string, 6> ids{"a", "A", "b", "B", "long-id", "LONG-id"};

struct Step {
    enum class Verb { put, erase };
    enum class Condition { absent, any, right, stale };

    Verb verb = Verb::put;
    Condition condition = Condition::absent;
    std::string id;
};

std::string describe(const Step& step) {
    static const std::array<std::string, 4> conditions{"absent", "any", "right", "stale"};
    return (step.verb == Step::Verb::put ? "put " : "erase ") + step.id + " if " +
           conditions.at(static_cast<std::size_t>(step.condition));
}

/// "ok", or the code of the refusal.
using Verdict = std::string;

/// The table, nothing else.
class Model {
  public:
    [[nodiscard]] Verdict verdict(const Step& step) const {
        const bool there = etags_.contains(to_lower(step.id));
        if (step.verb == Step::Verb::erase && !there) {
            return "not_found";
        }
        switch (step.condition) {
        case Step::Condition::absent:
            return there && step.verb == Step::Verb::put ? "already_exists" : "ok";
        case Step::Condition::any: return there ? "ok" : "not_found";
        case Step::Condition::right: return there ? "ok" : "precondition";
        case Step::Condition::stale: return "precondition";
        }
        return {};
    }

    /// What a successful step leaves.
    void apply(const Step& step, const std::string& etag) {
        if (step.verb == Step::Verb::put) {
            etags_[to_lower(step.id)] = etag;
        } else {
            etags_.erase(to_lower(step.id));
        }
    }

    [[nodiscard]] const std::map<std::string, std::string>& etags() const { return etags_; }

  private:
    std::map<std::string, std::string> etags_;
};

/// Individual enrollments or groups, by the same words.
struct Individuals {
    static IndividualEnrollment resource(const std::string& id) {
        return individual(id, SymmetricKeyAttestation{test_keys});
    }

    static RegistrationId id(const std::string& text) { return RegistrationId(text); }

    static Result<ResourceStamp> stamp(Enrollments& enrollments, const std::string& text) {
        const auto found = enrollments.get(id(text));
        return found ? Result<ResourceStamp>(found->enrollment.stamp)
                     : std::unexpected(found.error());
    }
};

struct Groups {
    static EnrollmentGroup resource(const std::string& id) {
        return group(id, SymmetricKeyAttestation{test_keys});
    }

    static EnrollmentGroupId id(const std::string& text) { return EnrollmentGroupId(text); }

    static Result<ResourceStamp> stamp(Enrollments& enrollments, const std::string& text) {
        const auto found = enrollments.get(id(text));
        return found ? Result<ResourceStamp>(found->stamp) : std::unexpected(found.error());
    }
};

template <class Of>
class Interleaving : World {
  public:
    explicit Interleaving(std::uint64_t seed) : engine_(seed) {}

    void run(int steps) {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            SCOPED_TRACE("step " + std::to_string(i));
            clock.advance(std::chrono::microseconds(static_cast<int>(pick(2'000'000))) -
                          std::chrono::seconds(1));
            if (pick(3) == 0) {
                overtaken(any_step(), any_step());
            } else {
                alone(any_step());
            }
            compare();
        }
        EXPECT_EQ(store.changes().size(), successes_) << "one entry for each";
    }

  private:
    std::size_t pick(std::size_t bound) { return engine_() % bound; }

    Step any_step() {
        return {.verb = pick(3) == 0 ? Step::Verb::erase : Step::Verb::put,
                .condition = static_cast<Step::Condition>(pick(4)),
                .id = ids.at(pick(ids.size()))};
    }

    /// `right` is the etag that the model knows at this moment.
    IfMatch if_match(const Step& step) {
        const auto held = model_.etags().find(to_lower(step.id));
        switch (step.condition) {
        case Step::Condition::absent: return {};
        case Step::Condition::any: return {.kind = Kind::any, .etag = {}};
        case Step::Condition::right:
            return {.kind = Kind::exactly,
                    .etag = ETag(held == model_.etags().end() ? "never" : held->second)};
        case Step::Condition::stale:
            return {.kind = Kind::exactly, .etag = ETag(past_.empty() ? "never" : past_.back())};
        }
        return {};
    }

    Verdict carry_out(const Step& step, const IfMatch& condition) {
        if (step.verb == Step::Verb::erase) {
            const auto erased = enrollments->erase(Of::id(step.id), condition, test_operator);
            return settle_in_model(step, erased.has_value(), {},
                                   erased ? Code::internal : erased.error().code);
        }
        const auto stored = enrollments->put(Of::resource(step.id), condition, test_operator);
        return settle_in_model(step, stored.has_value(), stored ? stored->stamp.etag.text() : "",
                               stored ? Code::internal : stored.error().code);
    }

    Verdict settle_in_model(const Step& step, bool done, const std::string& etag, Code code) {
        if (!done) {
            return std::string(to_string(code));
        }
        if (const auto held = model_.etags().find(to_lower(step.id));
            held != model_.etags().end()) {
            past_.push_back(held->second);
        }
        ++successes_;
        model_.apply(step, etag);
        return "ok";
    }

    void alone(const Step& step) {
        const Verdict wanted = model_.verdict(step);
        EXPECT_EQ(carry_out(step, if_match(step)), wanted) << describe(step);
    }

    /// `first` comes between the decision and the write of `second`, if that one writes at all.
    void overtaken(const Step& second, const Step& first) {
        const IfMatch condition = if_match(second);
        const bool writes = second.verb == Step::Verb::put && model_.verdict(second) == "ok";
        if (!writes) {
            return alone(second);
        }
        Step late = second;
        const auto etag_before = model_.etags();
        Verdict wanted_then;
        store.before_next_save([&] {
            alone(first);
            const bool changed = model_.etags() != etag_before;
            if (changed && late.condition == Step::Condition::right &&
                to_lower(first.id) == to_lower(late.id)) {
                late.condition = Step::Condition::stale; // it was right when it was sent
            }
            wanted_then = model_.verdict(late);
        });
        EXPECT_EQ(carry_out(second, condition), wanted_then)
            << describe(second) << ", overtaken by " << describe(first);
    }

    /// What GET shows is what the model holds; nothing seen runs backwards.
    void compare() {
        for (const std::string& id : {ids[0], ids[2], ids[4]}) {
            const auto stamp = Of::stamp(*enrollments, id);
            const auto held = model_.etags().find(id);
            ASSERT_EQ(stamp.has_value(), held != model_.etags().end()) << id;
            if (!stamp) {
                last_.erase(id);
                continue;
            }
            EXPECT_EQ(stamp->etag.text(), held->second);
            if (const auto last = last_.find(id);
                last != last_.end() && last->second.created == stamp->created) {
                EXPECT_GE(stamp->version, last->second.version);
                EXPECT_GE(stamp->updated, last->second.updated);
            }
            last_[id] = *stamp;
        }
    }

    std::mt19937_64 engine_;
    Model model_;
    std::vector<std::string> past_; // etags that were replaced or deleted
    std::map<std::string, ResourceStamp> last_;
    std::size_t successes_ = 0;
};

struct ConditionalWrites : testing::TestWithParam<std::uint64_t> {};

TEST_P(ConditionalWrites, OfIndividualsFollowTheTable) {
    // DPS-SERVICE-21, DPS-SERVICE-42
    SCOPED_TRACE("seed " + std::to_string(GetParam()));
    Interleaving<Individuals>(GetParam()).run(300);
}

TEST_P(ConditionalWrites, OfGroupsFollowTheTable) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()));
    Interleaving<Groups>(GetParam()).run(300);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ConditionalWrites, testing::Range<std::uint64_t>(1, 21));

} // namespace
} // namespace muster::provisioning
