#include "tests/simulation/story.h"

#include <fmt/format.h>

namespace muster::simulation {

namespace {

/// FNV-1a.
void mix(std::uint64_t& digest, std::string_view text) {
    for (const char byte : text) {
        digest = (digest ^ static_cast<unsigned char>(byte)) * 1099511628211U;
    }
}

std::string clock_text(SteadyTime at, SteadyTime start) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(at - start).count();
    return fmt::format("{:02}:{:02}.{:06}", micros / 60'000'000, micros / 1'000'000 % 60,
                       micros % 1'000'000);
}

} // namespace

void Story::tell(SteadyTime now, std::string_view who, std::string_view what) {
    mix(digest_, clock_text(now, start_));
    mix(digest_, who);
    mix(digest_, what);
    lines_.push_back({.at = now, .who = std::string(who), .what = std::string(what)});
}

void Story::violated(SteadyTime now, std::string rule, std::string what) {
    tell(now, "VIOLATION", rule + ": " + what);
    if (!violation_) {
        violation_ = Violation{.rule = std::move(rule), .what = std::move(what)};
    }
}

void Story::print(std::ostream& out, std::string_view about) const {
    for (const Line& line : lines_) {
        const bool of_another = !about.empty() && line.what.find(about) == std::string::npos &&
                                line.what.find("pump-") != std::string::npos;
        if (!of_another) {
            out << fmt::format("{}  {:<16}  {}\n", clock_text(line.at, start_), line.who,
                               line.what);
        }
    }
}

} // namespace muster::simulation
