#pragma once

// What was computed lately, by the bytes it was computed from. Internal to crypto/. Thread safe.

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace muster::crypto {

/// Holds the latest `values_max` at least and twice as many at most: two generations, and the older
/// one is dropped when the younger is full. What is in use moves to the younger.
template <class Value>
class Recent {
  public:
    explicit Recent(std::size_t values_max) : values_max_(values_max) {}

    std::optional<Value> find(std::string_view bytes) {
        std::string key(bytes);
        const std::lock_guard lock(mutex_);
        if (const auto found = younger_.find(key); found != younger_.end()) {
            return found->second;
        }
        const auto found = older_.find(key);
        if (found == older_.end()) {
            return std::nullopt;
        }
        const Value value = found->second;
        insert(std::move(key), value);
        return value;
    }

    void remember(std::string bytes, const Value& value) {
        const std::lock_guard lock(mutex_);
        insert(std::move(bytes), value);
    }

  private:
    using Generation = std::unordered_map<std::string, Value>;

    void insert(std::string bytes, const Value& value) {
        if (younger_.size() >= values_max_) {
            older_ = std::exchange(younger_, {});
        }
        younger_.insert_or_assign(std::move(bytes), value);
    }

    const std::size_t values_max_;
    std::mutex mutex_;
    Generation younger_;
    Generation older_;
};

} // namespace muster::crypto
