#pragma once
// Finds the twins that may match, in the order of their ids. The statement is put together from
// fixed fragments; what comes from the query are its parameters, never its text.
//
// Where the rows come from, the first that the prefilter offers:
//   ids            the primary key
//   a tag's value  twin_tag, whose key ends with the device
//   connected      the partial index of presence
//   disabled       the partial index of device
//   everything     the primary key, within the range that is asked for

#include "hub/queries/scan.h"
#include "store/sql/queries/prefilter.h"

namespace muster::store::sql {

/// Parameters in the order of their numbers.
struct DynamicStatement {
    std::string text;
    std::vector<std::string> values;
};

class TwinCandidates final : public hub::Candidates {
  public:
    TwinCandidates(Database& database, const HubName& hub, query::Source source,
                   const query::Condition* condition);

    Result<std::vector<hub::TwinRowTexts>> next(const std::string& after,
                                                std::size_t count_max) override;
    Result<std::optional<std::int64_t>> exact_count() override;

    /// The statement of next(), for tests of what it costs.
    [[nodiscard]] const DynamicStatement& statement() const { return statement_; }

  private:
    Database& database_;
    const std::string hub_;
    query::Source source_;
    Prefilter prefilter_;
    DynamicStatement statement_; // but for hub, position and limit, which come first
};

} // namespace muster::store::sql
