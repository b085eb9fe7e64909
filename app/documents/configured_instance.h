#pragma once
// An instance of a running server as configuration documents: read them all, or take the steps that
// make it what documents say.

#include "app/administration.h"
#include "app/documents/difference.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::app {

enum class Keys : std::uint8_t { left_out, shown };

/// Calls `each` for every document as the server exports it, page by page. Error: not_found, if
/// there is no such instance; what `each` says.
Result<void> export_documents(Administration& administration, Keys keys,
                              const std::optional<DocumentKind>& only,
                              const std::function<Result<void>(const Json&)>& each);

/// The whole, canonical; empty if there is no such instance yet.
Result<std::vector<Document>> current_documents(Administration& administration, Keys keys);

/// One request for one step. It is refused (precondition) if somebody made, changed or deleted the
/// resource since it was read.
class StepTaker {
  public:
    explicit StepTaker(Administration& administration) : administration_(administration) {}

    Result<void> take(const Step& step);

  private:
    Result<void> take_instance(const Step& step);
    Result<void> take_certificate(const Step& step);
    Result<void> take_enrollment(const Step& step);
    /// The service API at the instance's host, once it is known.
    Result<ApiClient*> service();

    Administration& administration_;
    std::optional<ApiClient> service_;
};

/// `FILE` or `-`; YAML or JSON, any number of documents, each checked. Errors name the place.
Result<std::vector<Document>> read_document_files(const std::vector<std::string>& files);

} // namespace muster::app
