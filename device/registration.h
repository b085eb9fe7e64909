#pragma once
// One registration as it goes on, whichever protocol carries it: what to ask, how long to wait, how
// it ends. Knows nothing of bytes.

#include "base/clock.h"
#include "base/result.h"
#include "device/provisioning_client.h"
#include "device/registration_answer.h"

#include <optional>
#include <string>

namespace muster::device {

class Registration {
  public:
    Registration(RegisterOptions options, const Clock& clock, Registered done);

    void begin(SteadyTime now);

    /// Takes what the service said to the last question.
    void answered(const ServiceAnswer& answer, SteadyTime now);

    /// True if a wait is over and it is time to ask (again).
    bool deadline(SteadyTime now);

    /// Ends it without an assignment, unless it has ended.
    void fail(Code code, std::string detail);
    void fail(Error error);

    [[nodiscard]] bool is_over() const { return over_; }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

    /// Empty: register. Otherwise ask for the status of this operation.
    [[nodiscard]] const std::string& operation_id() const { return operation_id_; }

    [[nodiscard]] const RegisterOptions& options() const { return options_; }

    /// The DeviceRegistration document (dps-device 2.6).
    [[nodiscard]] std::string body() const;

    /// A fresh token, if the device has a key (dps-device 5.1).
    [[nodiscard]] std::optional<std::string> sas() const;

  private:
    void end(Result<Assigned> result);

    RegisterOptions options_;
    const Clock& clock_;
    Registered done_;
    bool over_ = false;
    SteadyTime limit_{};
    std::optional<SteadyTime> ask_at_;
    std::chrono::seconds last_wait_{};
    std::string operation_id_;
    std::string busy_reason_; // the last one
};

} // namespace muster::device
