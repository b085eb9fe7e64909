#pragma once
// What the crash test did and was promised, and the check of it against a running server.

#include "app/api_client.h"
#include "app/ready_file.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "net/http_client.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace muster::crash {

/// Promises that the server made: what it acknowledged before it was killed.
struct Promises {
    std::map<std::string, std::string> assigned;   // registration id -> hub
    std::map<std::string, std::string> operations; // registration id -> operation, not yet assigned
    std::map<std::string, std::string> enrollments; // registration id -> its primary key
};

/// Thread safe.
class Ledger {
  public:
    void registered(const std::string& id, const std::string& operation);
    /// False if the device had been told another hub before.
    [[nodiscard]] bool assigned(const std::string& id, const std::string& hub);
    void enrolled(const std::string& id, const std::string& key);

    [[nodiscard]] Promises promises() const;

  private:
    mutable std::mutex mutex_;
    Promises promises_;
};

/// The secrets of the run's enrollment group.
struct Fleet {
    app::ReadyFile ready;
    std::string ca_pem;
    Secret group_key;
};

/// Makes the enrollment group.
Result<Fleet> make_fleet(const app::ReadyFile& ready, const Clock& clock);

/// The service API with the owner's key.
Result<app::ApiClient> service_of(const Fleet& fleet, const Clock& clock);

/// The server is dying or dead: nothing was promised, nothing is wrong.
bool is_the_crash(const Error& error);

/// A member of the group over HTTPS, on one connection.
class Device {
  public:
    Device(const Fleet& fleet, const std::string& id, const Clock& clock);

    Result<Json> register_once();
    Result<Json> poll(const std::string& operation);

  private:
    Result<Json> call(const std::string& method, const std::string& path, const std::string& body);

    net::HttpClient http_;
    std::string path_;
    std::string body_;
    std::string token_;
};

/// One device over HTTPS: register, then poll without the pause that the protocol asks for (the
/// test has hundreds of crashes to get through). Each acknowledgement goes to the ledger. Ends
/// early when the server dies; a wrong answer is an error.
Result<void> register_device(const Fleet& fleet, const std::string& id, Ledger& ledger,
                             const Clock& clock);

/// Creates an individual enrollment and notes its key once it is acknowledged.
Result<void> create_enrollment(const Fleet& fleet, const std::string& id, Ledger& ledger,
                               const Clock& clock);

/// Compares the promises with the registration store and with both hubs' device stores. Returns
/// what is wrong, empty if all is well.
std::vector<std::string> broken_promises(const Fleet& fleet, const Promises& promises,
                                         const Clock& clock);

} // namespace muster::crash
