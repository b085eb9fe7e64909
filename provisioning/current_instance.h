#pragma once
// The instance as it stands now. Use cases take one snapshot per request and decide everything by
// it; a change replaces the whole value.

#include "provisioning/instance.h"

#include <memory>
#include <mutex>
#include <utility>

namespace muster::provisioning {

/// Thread safe.
class CurrentInstance {
  public:
    explicit CurrentInstance(Instance instance)
        : scope_(instance.scope), instance_(std::make_shared<const Instance>(std::move(instance))) {
    }

    /// Never changes while the instance lives.
    [[nodiscard]] const IdScope& scope() const { return scope_; }

    [[nodiscard]] std::shared_ptr<const Instance> get() const {
        const std::scoped_lock lock(mutex_);
        return instance_;
    }

    void set(Instance instance) {
        auto next = std::make_shared<const Instance>(std::move(instance));
        const std::scoped_lock lock(mutex_);
        instance_.swap(next);
    }

  private:
    const IdScope scope_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Instance> instance_;
};

} // namespace muster::provisioning
