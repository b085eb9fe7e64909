#pragma once

// CHECK(condition): an assertion that stays on in release builds. It guards against mistakes of
// ours, never against input: nothing that arrives from outside may be able to fail one.

namespace muster {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

} // namespace muster

#define CHECK(condition)                                                                           \
    ((condition) ? static_cast<void>(0) : ::muster::check_failed(#condition, __FILE__, __LINE__))
