// The queue against a small model, for random sequences of sending, receiving, settling, losing
// connections and passing time: nothing is lost or comes twice without a reason, the order holds,
// and the senders hear of every end. A failing run names its seed.

#include "hub/fixture.h"

#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <string>

namespace muster::hub {

namespace {

using std::chrono::seconds;

struct Entry {
    std::string id;
    WallTime expires;
    int deliveries = 0;
    std::string token; // locked, if there is one
    WallTime until;
    LinkId link = 0; // held by that connection, if it is one
};

/// What ought to be, in the plainest words.
struct Model {
    std::deque<Entry> entries;
    std::vector<std::string> ends;

    void end(std::size_t at, std::string_view how) {
        ends.push_back(entries[at].id + " " + std::string(how));
        entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(at));
    }

    bool fail_delivery(std::size_t at) {
        Entry& entry = entries[at];
        entry.token.clear();
        entry.link = 0;
        if (++entry.deliveries < 3) {
            return false;
        }
        end(at, "given up");
        return true;
    }

    void pass(WallTime now) {
        for (std::size_t at = 0; at < entries.size();) {
            const bool locked = !entries[at].token.empty();
            if (locked && entries[at].until > now) {
                ++at;
            } else if (locked && fail_delivery(at)) {
                continue;
            } else if (entries[at].expires <= now) {
                end(at, "expired");
            } else {
                ++at;
            }
        }
    }

    void lose(LinkId link) {
        for (std::size_t at = 0; at < entries.size();) {
            at += entries[at].link == link && fail_delivery(at) ? 0 : 1;
        }
    }

    Entry* next() {
        const auto found = std::ranges::find_if(
            entries, [](const Entry& one) { return one.token.empty() && one.link == 0; });
        return found == entries.end() ? nullptr : &*found;
    }
};

class MessagesProperty : public HubTest {
  protected:
    MessagesProperty() { create("dev-01"); }

    static HubSettings few_deliveries() {
        HubSettings made = settings();
        made.message_limits.deliveries_max = 3;
        return made;
    }

    std::size_t draw(std::size_t below) { return engine() % below; }

    void send() {
        const auto lives = seconds(30 + draw(300));
        const std::string id = "m" + std::to_string(++sent);
        model.pass(clock.wall());
        const bool room = model.entries.size() < 50;
        const auto outcome =
            tested.send_message(device, {.properties = {{"$.mid", id}, {"iothub-ack", "full"}},
                                         .time_to_live = lives,
                                         .body = id});
        ASSERT_EQ(outcome.has_value(), room);
        if (room) {
            model.entries.push_back({.id = id, .expires = clock.wall() + lives});
        }
    }

    void receive() {
        model.pass(clock.wall());
        const auto received = tested.messages().receive(device, seconds(60));
        ASSERT_TRUE(received);
        Entry* expected = model.next();
        ASSERT_EQ(received->has_value(), expected != nullptr);
        if (expected != nullptr) {
            ASSERT_EQ((*received)->message.body, expected->id);
            ASSERT_EQ((*received)->message.deliveries, expected->deliveries);
            expected->token = (*received)->lock_token;
            expected->until = clock.wall() + seconds(60);
            tokens.push_back(expected->token);
        }
    }

    void settle() {
        if (tokens.empty()) {
            return;
        }
        const std::string token = tokens[draw(tokens.size())];
        model.pass(clock.wall());
        const auto found = std::ranges::find(model.entries, token, &Entry::token);
        const auto at = static_cast<std::size_t>(found - model.entries.begin());
        const bool known = found != model.entries.end();
        switch (draw(3)) {
        case 0:
            ASSERT_EQ(tested.messages().complete(device, token).has_value(), known);
            known ? model.end(at, "completed") : void();
            break;
        case 1:
            ASSERT_EQ(tested.messages().reject(device, token).has_value(), known);
            known ? model.end(at, "rejected") : void();
            break;
        default:
            ASSERT_EQ(tested.messages().abandon(device, token).has_value(), known);
            if (known && !model.fail_delivery(at)) {
                model.pass(clock.wall());
            }
        }
    }

    void reconnect() {
        const LinkId old = link;
        link = tested.live().attach(device, std::make_shared<fakes::Link>());
        if (draw(2) == 0) {
            tested.messages().release(device, old); // or whoever comes next sees to it
        } else {
            static_cast<void>(tested.messages().take(device, link, 0));
        }
        model.pass(clock.wall());
        model.lose(old);
    }

    void take() {
        const std::size_t count_max = 1 + draw(4);
        model.pass(clock.wall());
        const auto taken = tested.messages().take(device, link, count_max);
        ASSERT_TRUE(taken);
        for (const CloudMessage& message : *taken) {
            Entry* expected = model.next();
            ASSERT_NE(expected, nullptr);
            ASSERT_EQ(message.body, expected->id);
            ASSERT_EQ(message.deliveries, expected->deliveries);
            expected->link = link;
        }
        ASSERT_TRUE(taken->size() == count_max || model.next() == nullptr);
    }

    void acknowledge() {
        const auto sequence =
            static_cast<std::int64_t>(1 + draw(static_cast<std::size_t>(sent) + 1));
        const auto queue = stores.messages.load_queue(settings().name, device);
        const std::vector<std::int64_t> one{sequence};
        ASSERT_TRUE(tested.messages().acknowledge(device, link, one));
        const auto head = std::ranges::find(queue->messages, sequence, &QueuedMessage::sequence);
        if (head == queue->messages.end()) {
            return;
        }
        const auto entry = std::ranges::find(model.entries, head->message_id, &Entry::id);
        ASSERT_NE(entry, model.entries.end());
        if (entry->link == link) {
            model.pass(clock.wall());
            const auto still = std::ranges::find(model.entries, head->message_id, &Entry::id);
            if (still != model.entries.end()) {
                model.end(static_cast<std::size_t>(still - model.entries.begin()), "completed");
            }
        }
    }

    void pass() { clock.advance(seconds(draw(40))); }

    void step() {
        switch (draw(8)) {
        case 0:
        case 1: return send();
        case 2: return receive();
        case 3: return settle();
        case 4: return draw(3) == 0 ? reconnect() : pass();
        case 5: return take();
        case 6: return acknowledge();
        default: return pass();
        }
    }

    void compare() {
        pass();
        ASSERT_TRUE(tested.messages().receive(device, seconds(0)));
        model.pass(clock.wall());
        const auto queue = stores.messages.load_queue(settings().name, device);
        ASSERT_TRUE(queue);
        ASSERT_EQ(queue->messages.size(), model.entries.size());
        ASSERT_TRUE(std::ranges::is_sorted(queue->messages, {}, &QueuedMessage::sequence));
        std::vector<std::string> ends;
        for (const FeedbackRecord& record : stores.messages.records()) {
            constexpr std::array words{"completed", "expired", "given up", "rejected", "purged"};
            ends.push_back(record.message_id + " " +
                           words.at(static_cast<std::size_t>(record.end)));
        }
        std::ranges::sort(ends); // when an end is noticed is left to the queue
        std::ranges::sort(model.ends);
        ASSERT_EQ(ends, model.ends);
    }

    std::mt19937_64 engine;
    Service tested{few_deliveries(), ports()};
    const DeviceId device{"dev-01"};
    LinkId link = tested.live().attach(device, std::make_shared<fakes::Link>());
    Model model;
    std::vector<std::string> tokens;
    int sent = 0;
};

class MessagesPropertyOfSeed : public MessagesProperty, public testing::WithParamInterface<int> {};

} // namespace

INSTANTIATE_TEST_SUITE_P(Seeds, MessagesPropertyOfSeed, testing::Range(1, 101));

TEST_P(MessagesPropertyOfSeed, TheQueueDoesWhatTheModelDoes) {
    engine.seed(static_cast<std::uint64_t>(GetParam()));
    for (int count = 0; count < 300 && !HasFatalFailure(); ++count) {
        step();
    }
    ASSERT_FALSE(HasFatalFailure());
    compare();
}

} // namespace muster::hub
