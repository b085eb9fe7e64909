// Frames of a client, all at once and in pieces: the inner conversation must hear the same, and the
// connection must end the same way.

#include "base/check.h"
#include "session/websocket.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace muster;
using namespace muster::session;
using namespace std::chrono_literals;

constexpr SteadyTime begin{1h};

/// Says "!" when it has heard a '!', and closes.
class Listener final : public Conversation {
  public:
    explicit Listener(std::string& heard) : heard_(heard) {}

    void start(SteadyTime) override {}

    void feed(std::string_view bytes, SteadyTime) override {
        CHECK(!lost_);
        for (const char c : bytes) {
            if (!closing_) {
                heard_ += c;
                closing_ = c == '!';
            }
        }
    }

    void lost(SteadyTime) override { CHECK(!std::exchange(lost_, true)); }

    void deadline(SteadyTime) override {}

    void stop(SteadyTime) override { closing_ = true; }

    std::string take_output() override { return {}; }

    [[nodiscard]] bool wants_close() const override { return closing_; }

    [[nodiscard]] bool wants_input() const override { return !closing_; }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override { return std::nullopt; }

  private:
    std::string& heard_;
    bool closing_ = false;
    bool lost_ = false;
};

std::string run(std::string_view bytes, std::size_t step) {
    std::string heard;
    WebSocketLimits limits;
    limits.frame_bytes_max = 300;
    const auto socket = make_websocket(std::make_unique<Listener>(heard), limits);
    socket->start(begin);
    std::string output;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        socket->feed(bytes.substr(at, step), begin);
        output += socket->take_output();
    }
    const bool over = socket->wants_close();
    socket->stop(begin);
    output += socket->take_output();
    socket->deadline(begin);
    socket->deadline(begin + limits.close_time_max);
    CHECK(socket->wants_close());
    socket->lost(begin);
    return heard + '|' + output + (over ? "|over" : "|open");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t step = data[0] % 16 + 1U;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    CHECK(run(bytes, std::max<std::size_t>(bytes.size(), 1)) == run(bytes, step));
    return 0;
}
