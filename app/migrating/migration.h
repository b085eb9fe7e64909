#pragma once
// Copies enrollments from another provisioning service, a real one included, through its service
// API. What that API does not show cannot be carried: registration records, policies, hubs, CA
// certificates and, unless they are at hand, the certificates of enrollments.

#include "app/administration.h"
#include "app/documents/document.h"
#include "app/importing/importer.h"
#include "app/migrating/carry.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::app {

enum class Existing : std::uint8_t { keep, replace };

struct MigrationCounts {
    std::int64_t created = 0;
    std::int64_t replaced = 0;
    std::int64_t unchanged = 0;
    std::int64_t refused = 0;
};

struct Refused {
    std::string kind; // "enrollmentGroup"
    std::string id;
    std::string why;
};

class Migration {
  public:
    struct Settings {
        CarryRules rules;
        Existing existing = Existing::keep;
        std::function<void(const Refused&)> refused;
        std::function<void(const MigrationCounts&)> tell; // after each page
    };

    Migration(ApiClient& source, Administration& target, ApiClient& target_service,
              const Settings& settings)
        : source_(source), target_(target), target_service_(target_service), settings_(settings) {}

    /// Groups first, then individual enrollments. Errors: of reaching either side; what is refused
    /// is told and does not stop the rest.
    Result<MigrationCounts> run();

  private:
    using Page = std::vector<JsonObject>;

    Result<void> each_page(const std::string& collection,
                           const std::function<Result<void>(const Page&)>& take);
    Result<void> take_groups(const Page& page);
    Result<void> take_enrollments(const Page& page);
    Result<JsonObject> carried(const std::string& collection, const JsonObject& item,
                               const std::string& id);
    Result<void> put_group(const std::string& id, const JsonObject& group);
    /// Refused, if the target has another group of that id.
    Result<void> keep_group(const std::string& id, const JsonObject& group);
    Result<void> load_target_groups();
    Result<void> import(const std::vector<JsonObject>& enrollments);
    Result<void> import(const Chunk& chunk);
    void refuse(const std::string& kind, const std::string& id, const Error& error);

    ApiClient& source_;
    Administration& target_;
    ApiClient& target_service_;
    const Settings& settings_;
    MigrationCounts counts_;
    std::optional<std::vector<Document>> target_groups_; // read when the first one is there already
};

} // namespace muster::app
