// Several consumers read what random appends leave, while retention takes the oldest away and the
// stores are closed and opened again: nothing is lost that retention left, nothing comes twice or
// out of order, and every position is exactly the one that was saved last.

#include "store/suite.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>

namespace muster::store {

namespace {

constexpr hub::EventRetention keep_some{.events_max = 60};

class EventProperties : public testing::TestWithParam<std::uint64_t> {
  protected:
    std::size_t below(std::size_t bound) { return random_() % bound; }

    /// Devices count their messages in the bodies.
    void append() {
        hub::EventBatch batch{.events = {}, .retention = keep_some};
        for (std::size_t count = below(5); count > 0; --count) {
            const std::string device = "dev-" + std::to_string(below(6));
            hub::Event event = hub_event(device);
            event.body = std::to_string(++sent_[device]);
            batch.events.push_back(std::move(event));
        }
        ASSERT_TRUE(events().append(hub_1, batch));
        for (const hub::Event& event : batch.events) {
            ASSERT_EQ(event.sequence, static_cast<std::int64_t>(log_.size()) + 1);
            log_.push_back(event);
        }
    }

    struct Consumer {
        std::string name;
        std::optional<int> partition;
        std::int64_t position = 0; // as saved
    };

    /// Reads some and saves how far, or forgets to.
    void read(Consumer& consumer) {
        const std::size_t count = 1 + below(20);
        const auto page = events().read(hub_1, {.after = consumer.position,
                                                .partition = consumer.partition,
                                                .count_max = count,
                                                .bytes_max = 1 + below(3000)});
        ASSERT_TRUE(page);
        expect_next(consumer, *page);
        if (!page->empty() && below(3) != 0) {
            consumer.position = page->back().sequence;
            ASSERT_TRUE(events().save_position(
                hub_1, group(consumer),
                {.partition = consumer.partition, .sequence = consumer.position}, 10));
        }
    }

    /// The page is a run, without a gap, of what was appended and is still there.
    void expect_next(const Consumer& consumer, const std::vector<hub::Event>& page) {
        const auto extent = events().extent(hub_1, {});
        ASSERT_TRUE(extent);
        ASSERT_GE(
            static_cast<std::int64_t>(log_.size()) - extent->first + 1,
            std::min<std::int64_t>(keep_some.events_max, static_cast<std::int64_t>(log_.size())));
        std::int64_t next = std::max(consumer.position + 1, extent->first);
        for (const hub::Event& event : page) {
            while (next <= extent->last && consumer.partition &&
                   log_[static_cast<std::size_t>(next - 1)].partition != *consumer.partition) {
                ++next;
            }
            ASSERT_LE(next, extent->last);
            ASSERT_EQ(describe(event), describe(log_[static_cast<std::size_t>(next - 1)]));
            ++next;
        }
    }

    void verify(const std::vector<Consumer>& consumers) {
        for (const Consumer& consumer : consumers) {
            const auto saved = events().positions(hub_1, group(consumer));
            ASSERT_TRUE(saved);
            if (consumer.position == 0) {
                ASSERT_TRUE(saved->empty());
                continue;
            }
            ASSERT_EQ(saved->size(), 1U);
            ASSERT_EQ(saved->front().sequence, consumer.position);
            ASSERT_EQ(saved->front().partition, consumer.partition);
        }
        std::map<std::string, std::uint64_t> last;
        for (const hub::Event& event : log_) {
            const auto number = std::stoull(event.body);
            ASSERT_EQ(number, ++last[event.identity.text()]) << "in the order of the device";
        }
    }

    static hub::EventGroup group(const Consumer& consumer) {
        return {hub::EventGroup::Kind::consumer, consumer.name};
    }

    hub::EventStore& events() { return engine_->stores().events(); }

    std::unique_ptr<Engine> engine_ = make_sqlite_engine();

  private:
    std::mt19937_64 random_{GetParam()};
    std::map<std::string, std::uint64_t> sent_;
    std::vector<hub::Event> log_; // everything, by sequence
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Seeds, EventProperties, testing::Range<std::uint64_t>(1, 9));

TEST_P(EventProperties, NothingIsLostOrReordered) {
    std::vector<Consumer> consumers{{.name = "all", .partition = {}},
                                    {.name = "slow", .partition = {}},
                                    {.name = "first", .partition = 0},
                                    {.name = "third", .partition = 2}};
    for (int step = 0; step < 250 && !HasFatalFailure(); ++step) {
        const std::size_t action = below(12);
        if (action < 5) {
            append();
        } else if (action < 11) {
            read(consumers[below(consumers.size())]);
        } else {
            engine_->reopen();
            verify(consumers);
        }
    }
}

} // namespace muster::store
