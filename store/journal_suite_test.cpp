// The contract of provisioning::JournalStore.

#include "store/operator_suite.h"

namespace muster::store {

namespace {

using provisioning::DeviceEvent;
using provisioning::DeviceEventKind;
using provisioning::Expected;
using provisioning::JournalQuery;
using provisioning::Write;

constexpr provisioning::JournalBounds small_bounds{.events_per_device = 3, .events_per_scope = 10};

class JournalSuite : public StoreSuite {
  protected:
    explicit JournalSuite(const provisioning::JournalBounds& bounds = {}) : StoreSuite(bounds) {}

    provisioning::JournalStore& journal() { return stores().journal(); }

    void append(const std::vector<DeviceEvent>& events, const IdScope& tenant = scope) {
        ASSERT_TRUE(journal().append(tenant, events));
    }

    /// The sequences found, in order.
    std::string find(const JournalQuery& query, std::int64_t before = 0, std::size_t count = 100) {
        const auto found = journal().find(scope, query, before, count);
        EXPECT_TRUE(found) << describe(found.error());
        std::string sequences;
        for (const DeviceEvent& one : *found) {
            sequences += (sequences.empty() ? "" : " ") + std::to_string(one.sequence);
        }
        return sequences;
    }

    std::string all(const IdScope& tenant = scope) {
        return text_of(journal().find(tenant, {}, 0, 1000));
    }
};

class BoundedJournalSuite : public JournalSuite {
  protected:
    BoundedJournalSuite() : JournalSuite(small_bounds) {}
};

INSTANTIATE_TEST_SUITE_P(Stores, JournalSuite, every_engine, engine_name);
INSTANTIATE_TEST_SUITE_P(Stores, BoundedJournalSuite, every_engine, engine_name);

DeviceEvent with_group(std::string_view id, std::string_view group) {
    DeviceEvent made = event(id);
    made.group = group;
    return made;
}

DeviceEvent with_tracking(std::string_view id, std::string_view tracking) {
    DeviceEvent made = event(id);
    made.tracking_id = tracking;
    return made;
}

DeviceEvent at_hour(std::string_view id, int hour) {
    DeviceEvent made = event(id);
    made.at += std::chrono::hours(hour);
    return made;
}

} // namespace

TEST_P(JournalSuite, AnEventComesBackAsItHappened) {
    DeviceEvent happened = event("Dev-1", DeviceEventKind::assigned);
    happened.tracking_id = "f40da7ba-8c91-4796-8fc3-89e1dfbdbe05";
    happened.group = "Line-1";
    happened.at += std::chrono::microseconds(123456);
    happened.detail = JsonObject{{"hub", "hub-1.example"}, {"deep", {{"list", {1, nullptr}}}}};
    append({happened});
    reopen();
    happened.sequence = 1;
    EXPECT_EQ(all(), describe(happened) + "\n");
}

TEST_P(JournalSuite, EveryKindComesBack) {
    for (const DeviceEventKind kind : provisioning::device_event_kinds) {
        append({event("dev", kind)});
        EXPECT_EQ(journal().find(scope, {}, 0, 1)->front().kind, kind);
    }
}

TEST_P(JournalSuite, TheNewestComesFirstInPages) {
    append({event("a"), event("b"), event("c")});
    append({event("d"), event("e")});
    EXPECT_EQ(find({}), "5 4 3 2 1");
    EXPECT_EQ(find({}, 0, 2), "5 4");
    EXPECT_EQ(find({}, 4, 2), "3 2");
    EXPECT_EQ(find({}, 2, 2), "1");
    EXPECT_EQ(find({}, 1, 2), "");
    EXPECT_EQ(find({}, 0, 0), "");
    EXPECT_EQ(find({}, 1000), "5 4 3 2 1");
}

TEST_P(JournalSuite, NothingIsAppendedByNothing) {
    append({});
    EXPECT_EQ(all(), "");
    append({event("a")});
    append({});
    EXPECT_EQ(find({}), "1");
}

TEST_P(JournalSuite, ADeviceIsFoundInEitherCase) {
    append({event("Dev-1"), event("dev-2"), event("DEV-1"), event("dev-11")});
    EXPECT_EQ(find({.registration_id = "dev-1"}), "3 1");
    EXPECT_EQ(find({.registration_id = "dEV-1"}), "3 1");
    EXPECT_EQ(find({.registration_id = "dev"}), "");
    EXPECT_EQ(find({.registration_id = "dev-1"}, 3), "1");
}

TEST_P(JournalSuite, AnIdMayBeAnything) {
    const std::string odd[] = {"",          "a b",     std::string("a\0b", 3),  "\xff\xfe", "%41",
                               "../../etc", "\u00e9t", "a'; DROP TABLE journal"};
    std::int64_t sequence = 0;
    for (const std::string& id : odd) {
        append({event(id)});
        EXPECT_EQ(find({.registration_id = id}), std::to_string(++sequence));
        EXPECT_EQ(journal().find(scope, {}, 0, 1)->front().registration_id, id);
    }
    EXPECT_EQ(find({.registration_id = "A"}), "");
}

// One event that cannot be read would hide all others.
TEST_P(JournalSuite, ADetailThatIsNotUtf8IsKeptAsItCanBe) {
    DeviceEvent odd = event("a");
    odd.detail = JsonObject{{"token", "sr=\xff"}};
    append({odd});
    append({event("b")});
    reopen();
    const auto found = journal().find(scope, {}, 0, 10);
    ASSERT_TRUE(found && found->size() == 2);
    EXPECT_EQ(to_text(found->back().detail),
              R"({"unreadable":"%7B%22token%22%3A%22sr%3D%FF%22%7D"})");
}

TEST_P(JournalSuite, ATrackingIdIsFound) {
    append({with_tracking("a", "t-1"), with_tracking("b", "t-2"), event("a"),
            with_tracking("b", "t-1")});
    EXPECT_EQ(find({.tracking_id = "t-1"}), "4 1");
    EXPECT_EQ(find({.tracking_id = "t-1"}, 4), "1");
    EXPECT_EQ(find({.tracking_id = "t-3"}), "");
    EXPECT_EQ(find({.tracking_id = ""}), "");
    EXPECT_EQ(find({.registration_id = "b", .tracking_id = "t-1"}), "4");
}

TEST_P(JournalSuite, AGroupIsFoundInEitherCase) {
    append({with_group("a", "Line-1"), with_group("b", "line-2"), event("a"),
            with_group("b", "LINE-1")});
    EXPECT_EQ(find({.group = "line-1"}), "4 1");
    EXPECT_EQ(find({.group = ""}), "");
    EXPECT_EQ(find({.registration_id = "B", .group = "line-1"}), "4");
}

// A clock may have been set back: the order is that of the sequence.
TEST_P(JournalSuite, TimesIncludeTheirBeginningAndNotTheirEnd) {
    append({at_hour("a", 0), at_hour("a", 2), at_hour("b", 1), at_hour("b", 3)});
    const auto hour = [](int number) { return sample_moment + std::chrono::hours(number); };
    EXPECT_EQ(find({.from = hour(1)}), "4 3 2");
    EXPECT_EQ(find({.until = hour(2)}), "3 1");
    EXPECT_EQ(find({.from = hour(1), .until = hour(3)}), "3 2");
    EXPECT_EQ(find({.from = hour(2), .until = hour(2)}), "");
    EXPECT_EQ(find({.registration_id = "a", .from = hour(1)}), "2");
}

TEST_P(JournalSuite, RefusalsAreWhereTheDeviceWasToldNo) {
    append({event("a", DeviceEventKind::refused), event("a", DeviceEventKind::refused),
            event("a", DeviceEventKind::declined), event("b", DeviceEventKind::assigned),
            event("b", DeviceEventKind::failed), event("b", DeviceEventKind::erased)});
    EXPECT_EQ(find({.refusals_only = true}), "5 3 2 1");
    EXPECT_EQ(find({.refusals_only = true}, 5, 1), "3");
    EXPECT_EQ(find({.registration_id = "a", .refusals_only = true}), "3 2 1");
}

TEST_P(JournalSuite, ScopesDoNotShareAnything) {
    append({event("a"), event("a")});
    append({with_tracking("a", "t")}, other_scope);
    EXPECT_EQ(find({.registration_id = "a"}), "2 1");
    EXPECT_EQ(find({.tracking_id = "t"}), "");
    EXPECT_EQ(journal().find(other_scope, {}, 0, 10)->size(), 1U);
    EXPECT_EQ(journal().find(other_scope, {}, 0, 10)->front().sequence, 1);
}

TEST_P(JournalSuite, SequencesGrowUnderManyWriters) {
    race(8, [&](int writer) {
        for (int round = 0; round < 20; ++round) {
            append({event(fmt::format("a-{}", writer)), event(fmt::format("b-{}", writer))});
        }
    });
    const auto found = journal().find(scope, {}, 0, 1000);
    ASSERT_EQ(found->size(), 320U);
    for (std::size_t at = 0; at < found->size(); ++at) {
        EXPECT_EQ((*found)[at].sequence, 320 - static_cast<std::int64_t>(at));
    }
}

TEST_P(BoundedJournalSuite, ADeviceKeepsItsLatest) {
    append({event("other")});
    for (int round = 0; round < 5; ++round) {
        append({event(round % 2 == 0 ? "dev" : "DEV")});
    }
    EXPECT_EQ(find({}), "6 5 4 1");
}

TEST_P(BoundedJournalSuite, ABatchIsBoundedAsWell) {
    append({event("a"), event("a"), event("b"), event("a"), event("a"), event("b")});
    EXPECT_EQ(find({}), "6 5 4 3 2");
}

TEST_P(BoundedJournalSuite, AScopeKeepsItsLatest) {
    for (int number = 0; number < 25; ++number) {
        append({event(fmt::format("dev-{}", number))});
    }
    EXPECT_EQ(find({}), "25 24 23 22 21 20 19 18 17 16");
    reopen();
    append({event("dev-0"), event("dev-1")});
    EXPECT_EQ(find({}), "27 26 25 24 23 22 21 20 19 18");
}

TEST_P(BoundedJournalSuite, ABatchLargerThanTheScopesBoundKeepsItsEnd) {
    std::vector<DeviceEvent> many;
    for (int number = 0; number < 40; ++number) {
        many.push_back(event(fmt::format("dev-{}", number)));
    }
    append(many);
    EXPECT_EQ(find({}), "40 39 38 37 36 35 34 33 32 31");
}

TEST_P(BoundedJournalSuite, OtherScopesKeepTheirs) {
    append({event("a"), event("a"), event("a")}, other_scope);
    const std::string other = all(other_scope);
    for (int number = 0; number < 30; ++number) {
        append({event("a"), event(fmt::format("dev-{}", number))});
    }
    EXPECT_EQ(all(other_scope), other);
}

TEST_P(BoundedJournalSuite, EventsOfWritesAreBoundedToo) {
    for (std::int64_t version = 0; version < 6; ++version) {
        const auto happened = event("dev", DeviceEventKind::assigned);
        ASSERT_TRUE(stores().registrations().save(scope, record("dev", version + 1),
                                                  Write(Expected{version}).noted(happened)));
    }
    EXPECT_EQ(find({}), "6 5 4");
}

TEST_P(BoundedJournalSuite, TheBoundsHoldUnderManyWriters) {
    race(8, [&](int writer) {
        for (int round = 0; round < 30; ++round) {
            append({event(fmt::format("dev-{}", (writer + round) % 12))});
        }
    });
    const auto found = journal().find(scope, {}, 0, 1000);
    EXPECT_EQ(found->size(), 10U);
    std::map<std::string, int> per_device;
    for (const DeviceEvent& one : *found) {
        EXPECT_LE(++per_device[one.registration_id], 3);
    }
}

} // namespace muster::store
