// The tests of this folder provoke hundreds of failures; their log lines are not part of the
// report.

#include "base/log.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

class QuietLog final : public testing::Environment {
  public:
    void SetUp() override { log::start(log::Level::off); }
};

const testing::Environment* const quiet_log = testing::AddGlobalTestEnvironment(new QuietLog);

} // namespace
} // namespace muster::provisioning
