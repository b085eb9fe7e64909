// The contract of provisioning::AuditStore, and of the chains that other writes add to.

#include "store/operator_suite.h"

#include <algorithm>
#include <random>

namespace muster::store {

namespace {

using provisioning::Expected;
using provisioning::Write;

class AuditSuite : public StoreSuite {
  protected:
    provisioning::AuditStore& audit() { return stores().audit(); }

    void append(const IdScope& tenant, int count) {
        for (int number = 0; number < count; ++number) {
            ASSERT_TRUE(audit().append(tenant, change(fmt::format("action-{}", number))));
        }
    }
};

INSTANTIATE_TEST_SUITE_P(Stores, AuditSuite, every_engine, engine_name);

std::string sequences_of(const Result<std::vector<provisioning::AuditEntry>>& entries) {
    std::string text;
    for (const provisioning::AuditEntry& entry : *entries) {
        text += fmt::format("{} ", entry.sequence);
    }
    return text;
}

} // namespace

TEST_P(AuditSuite, AnEntryIsTheTextOfItsChangeAndItsHash) {
    ASSERT_TRUE(audit().append(scope, change("first")));
    ASSERT_TRUE(audit().append(scope, change("second")));
    reopen();
    const std::string first = provisioning::audit_text(1, change("first"));
    const std::string second = provisioning::audit_text(2, change("second"));
    const std::string hash = provisioning::audit_hash(provisioning::audit_origin, first);
    EXPECT_EQ(text_of(audit().read(scope, 0, 10)),
              fmt::format("1 {} {}\n2 {} {}\n", hash, first, provisioning::audit_hash(hash, second),
                          second));
}

TEST_P(AuditSuite, IsReadInOrderAfterAnEntry) {
    append(scope, 12);
    EXPECT_EQ(sequences_of(audit().read(scope, 0, 3)), "1 2 3 ");
    EXPECT_EQ(sequences_of(audit().read(scope, 9, 100)), "10 11 12 ");
    EXPECT_EQ(sequences_of(audit().read(scope, 12, 100)), "");
    EXPECT_EQ(sequences_of(audit().read(scope, 100, 100)), "");
    EXPECT_EQ(sequences_of(audit().read(scope, -5, 1)), "1 ");
    EXPECT_EQ(sequences_of(audit().read(scope, 0, 0)), "");
}

TEST_P(AuditSuite, EveryScopeAndTheServerHaveTheirOwnChain) {
    append(scope, 3);
    append(provisioning::server_chain, 2);
    append(other_scope, 1);
    append(scope, 1);
    EXPECT_EQ(actions_of(stores(), scope), "action-0 action-1 action-2 action-0");
    EXPECT_EQ(actions_of(stores(), provisioning::server_chain), "action-0 action-1");
    EXPECT_EQ(actions_of(stores(), other_scope), "action-0");
    for (const IdScope& tenant : {scope, other_scope, provisioning::server_chain}) {
        EXPECT_EQ(verdict_on(chain_of(stores(), tenant)), "");
    }
}

TEST_P(AuditSuite, HoldsWhateverANameHolds) {
    auto odd = change("enrollment.create", std::string("a\0b\xff\n\"", 6));
    odd.by.name = "policy:\xc3\xbc";
    ASSERT_TRUE(audit().append(scope, odd));
    ASSERT_TRUE(audit().append(scope, change("next")));
    reopen();
    const auto chain = chain_of(stores(), scope);
    EXPECT_EQ(verdict_on(chain), "");
    EXPECT_EQ(chain.front().text, provisioning::audit_text(1, odd));
}

TEST_P(AuditSuite, AChainIsWholeAfterManyWritersAtOnce) {
    constexpr int writers = 8;
    constexpr int rounds = 40;
    std::atomic<int> written = 0;
    race(writers, [&](int writer) {
        std::mt19937_64 random(static_cast<std::uint64_t>(writer));
        for (int round = 0; round < rounds; ++round) {
            const auto what = change(fmt::format("{}-{}", writer, round));
            const std::string id = fmt::format("dev-{}", random() % 20);
            const Expected expected{static_cast<std::int64_t>(random() % 3)};
            const Write write = Write(expected).audited(what);
            const std::int64_t next = expected.version + 1;
            Result<void> done;
            switch (random() % 6) {
            case 0: done = audit().append(scope, what); break;
            case 1: done = stores().enrollments().save(scope, individual(id, next), write); break;
            case 2: done = stores().enrollments().save(scope, group(id, next), write); break;
            case 3: done = stores().registrations().save(scope, record(id, next), write); break;
            case 4: done = stores().registrations().erase(scope, RegistrationId(id), write); break;
            default: done = stores().instances().save(instance(scope, "plant", next), write); break;
            }
            written += done ? 1 : 0;
        }
    });
    for (int time = 0; time < 2; ++time) {
        const auto chain = chain_of(stores(), scope);
        EXPECT_EQ(static_cast<int>(chain.size()), written);
        EXPECT_EQ(verdict_on(chain), "");
        reopen();
    }
    ASSERT_TRUE(audit().append(scope, change("afterwards")));
    EXPECT_EQ(verdict_on(chain_of(stores(), scope)), "");
}

// What one writer did is in the chain in the order in which it was done.
TEST_P(AuditSuite, EntriesOfAWriterKeepTheirOrder) {
    race(4, [&](int writer) {
        for (int round = 0; round < 30; ++round) {
            const auto what = change(fmt::format("{}", round), fmt::format("writer/{}", writer));
            ASSERT_TRUE(audit().append(scope, what));
        }
    });
    std::map<std::string, int> next;
    for (const provisioning::AuditEntry& entry : chain_of(stores(), scope)) {
        const auto text = parse_json_object(entry.text);
        int& round = next[string_member(*text, "resource").value()];
        EXPECT_EQ(string_member(*text, "action"), std::to_string(round));
        ++round;
    }
    EXPECT_EQ(next.size(), 4U);
}

} // namespace muster::store
