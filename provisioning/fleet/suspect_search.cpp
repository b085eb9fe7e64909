#include "provisioning/fleet/suspect_search.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace muster::provisioning {

namespace {

/// Hubs may be slow, and whoever asks waits on a worker: a page that took so long ends early.
constexpr std::chrono::seconds page_time_max{10};

class Search {
  public:
    explicit Search(const Fleets::Ports& ports)
        : ports_(ports), instance_(ports.instance.get()), now_(ports.clock.wall()) {}

    std::optional<Suspect> look_at(const RegistrationRecord& record) {
        std::optional<HubDevice> at_hub;
        const bool was_read = asks_hub(record) && read(record, at_hub);
        return examine({.record = record, .at_hub = at_hub, .hub_was_read = was_read, .now = now_});
    }

  private:
    /// Only of a device that has been there for long enough to be missed.
    [[nodiscard]] bool asks_hub(const RegistrationRecord& record) const {
        const auto& assignment = record.assignment;
        return assignment && assignment->since && now_ - *assignment->since > suspect_silence &&
               instance_->find_hub(assignment->hub) != nullptr &&
               !silent_.contains(assignment->hub);
    }

    bool read(const RegistrationRecord& record, std::optional<HubDevice>& at_hub) {
        auto found = ports_.hubs.find_device(record.assignment->hub, record.assignment->device_id);
        if (!found) { // a hub that does not answer is asked once a page, not once a device
            silent_.insert(record.assignment->hub);
            return false;
        }
        at_hub = *std::move(found);
        return true;
    }

    const Fleets::Ports& ports_;
    std::shared_ptr<const Instance> instance_;
    WallTime now_;
    std::set<HubName> silent_;
};

} // namespace

Result<Fleets::SuspectPage> search_suspects(const Fleets::Ports& ports, const std::string& after,
                                            std::size_t records_max) {
    const auto records = ports.registrations.all(ports.instance.scope(), after, records_max);
    if (!records) {
        return std::unexpected(records.error());
    }
    const SteadyTime deadline = ports.clock.steady() + page_time_max;
    Search search(ports);
    Fleets::SuspectPage page;
    for (const RegistrationRecord& record : *records) {
        if (auto suspect = search.look_at(record)) {
            page.suspects.push_back(*std::move(suspect));
        }
        if (ports.clock.steady() >= deadline) {
            page.next = record.id.folded();
            return page;
        }
    }
    if (!records->empty() && records->size() == records_max) {
        page.next = records->back().id.folded();
    }
    return page;
}

} // namespace muster::provisioning
