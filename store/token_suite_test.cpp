// The contract of provisioning::TokenStore.

#include "store/operator_suite.h"

namespace muster::store {

namespace {

class TokenSuite : public StoreSuite {
  protected:
    provisioning::TokenStore& tokens() { return stores().tokens(); }

    std::string server_actions() { return actions_of(stores(), provisioning::server_chain); }
};

INSTANTIATE_TEST_SUITE_P(Stores, TokenSuite, every_engine, engine_name);

provisioning::AdminToken token(std::string_view id) {
    return {.id = std::string(id),
            .name = "build \"server\" ü",
            .role = provisioning::AdminRole::contributor,
            .reach = {.tenant = "Factory", .instance = ""},
            .secret_hash = std::string(64, 'a'),
            .created = sample_moment + std::chrono::microseconds(123456),
            .expires = sample_moment + std::chrono::hours(1) + std::chrono::microseconds(1),
            .created_by = "token:root"};
}

} // namespace

TEST_P(TokenSuite, ComesBackAsItWasAdded) {
    auto eternal = token("b");
    eternal.expires.reset();
    eternal.role = provisioning::AdminRole::owner;
    eternal.reach = {.tenant = "", .instance = "plant"};
    ASSERT_TRUE(tokens().add(eternal, change("token.issue")));
    ASSERT_TRUE(tokens().add(token("a"), change("token.issue")));
    reopen();
    EXPECT_EQ(text_of(tokens().all()), describe(token("a")) + "\n" + describe(eternal) + "\n");
}

TEST_P(TokenSuite, AnIdIsAddedOnce) {
    ASSERT_TRUE(tokens().add(token("a"), change("token.issue")));
    auto other = token("a");
    other.name = "other";
    EXPECT_EQ(code_of(tokens().add(other, change("token.issue"))), Code::already_exists);
    EXPECT_EQ(text_of(tokens().all()), describe(token("a")) + "\n");
    EXPECT_EQ(server_actions(), "token.issue");
}

TEST_P(TokenSuite, AnErasedOneIsGone) {
    ASSERT_TRUE(tokens().add(token("a"), change("token.issue")));
    ASSERT_TRUE(tokens().add(token("b"), change("token.issue")));
    ASSERT_TRUE(tokens().erase("a", change("token.revoke")));
    reopen();
    EXPECT_EQ(text_of(tokens().all()), describe(token("b")) + "\n");
    EXPECT_EQ(server_actions(), "token.issue token.issue token.revoke");
}

TEST_P(TokenSuite, ErasingNothingIsNotFoundAndIsNotWritten) {
    EXPECT_EQ(code_of(tokens().erase("a", change("token.revoke"))), Code::not_found);
    EXPECT_EQ(server_actions(), "");
}

TEST_P(TokenSuite, OneOfManyRevocationsOfATokenIsWritten) {
    ASSERT_TRUE(tokens().add(token("a"), change("token.issue")));
    race(8, [&](int) { static_cast<void>(tokens().erase("a", change("token.revoke"))); });
    EXPECT_EQ(server_actions(), "token.issue token.revoke");
}

} // namespace muster::store
