#pragma once
// Custom allocation functions, also known as webhooks (reference: dps-service 9.3, dps-device 7):
// what is sent, what may come back, and when not to call at all.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "provisioning/allocation.h"
#include "provisioning/registration.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

/// All attempts together; devices wait at most 50 s for all of a registration (dps-device 10, 23).
inline constexpr std::chrono::seconds function_time_max{20};
/// One attempt.
inline constexpr std::chrono::seconds function_attempt_max{8};
inline constexpr std::size_t function_request_bytes_max = 256 * 1024;
inline constexpr std::size_t function_answer_bytes_max = 96 * 1024;

/// An outgoing POST. Implemented over net/outgoing.h, which holds the rules against requests to
/// inside addresses.
struct WebCall {
    Secret url; // with its query, which may be a key
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::chrono::milliseconds time_max{0};
    std::size_t answer_bytes_max = 0;
};

struct WebReply {
    unsigned status = 0;
    std::string content_type;
    std::string body;
};

/// Thread safe; waits. Errors: forbidden (an address that may not be called), unavailable,
/// deadline_exceeded, too_large, malformed (the URL). The detail never holds the URL's query.
class WebCaller {
  public:
    virtual ~WebCaller() = default;
    virtual Result<WebReply> post(const WebCall& call) = 0;
};

/// customAllocationDefinition as the service reads it.
struct FunctionDefinition {
    std::optional<Secret> url; // webhookUrl
    std::string api_version;
    std::string rule;                         // of our own: allocating/rule.h; empty: none
    std::optional<AllocationPolicy> fallback; // of our own, `fallbackPolicy`: when the call failed
    std::optional<Secret> signing_key;        // of our own, `signingKey`, base64
};

/// Error: malformed, naming the member. At least a webhookUrl or a rule, and nothing that needs a
/// webhookUrl without one.
Result<FunctionDefinition> read_function_definition(const JsonObject& definition);

struct FunctionRequest {
    FunctionDefinition definition;
    JsonObject body; // as function_request() makes it
};

/// The enrollment as GET shows it, without keys, the function's query masked; what is known of the
/// device; the candidates.
struct FunctionRequestFacts {
    std::string enrollment_member; // "enrollmentGroup" or "individualEnrollment"
    JsonObject enrollment;         // as GET shows it
    RegistrationId registration_id;
    std::optional<Place> current;
    const Question& question;
    std::vector<HubName> candidates;
};

JsonObject function_request(const FunctionRequestFacts& facts);

/// Members are found without regard to case. Error: malformed, naming what is wrong with it.
Result<FunctionAnswer> read_function_answer(std::string_view body);

/// `t=1893456000,v1=<hex>`: HMAC-SHA-256 over "<unix seconds>.<body>", for the receiver to check
/// who calls and when.
inline constexpr std::string_view signature_header = "X-Muster-Signature";
std::string function_signature(const Secret& key, std::string_view body, WallTime now);

/// Calls functions: one retry after a network failure, 408, 429 or 5xx, none after anything else;
/// a circuit per URL (without query) that opens after five failures in a row, refuses at once for
/// 10 s, then lets one call try. Thread safe; bounded: 1024 circuits.
class FunctionCaller {
  public:
    FunctionCaller(WebCaller& web, const Clock& clock);
    ~FunctionCaller();

    /// The error's detail is what the device is told (dps-device 7.3), its cause is for the
    /// operator. Errors: forbidden, if the function refused the device (any status of 400 to 499
    /// but 408 and 429), which no fallback policy may overrule; unavailable, if it did not answer,
    /// or nothing of use.
    Result<FunctionAnswer> call(const FunctionRequest& request);

  private:
    struct Circuits;
    WebCaller& web_;
    const Clock& clock_;
    std::unique_ptr<Circuits> circuits_;
};

} // namespace muster::provisioning
