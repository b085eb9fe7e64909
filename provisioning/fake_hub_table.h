#pragma once
// What a few hubs hold, as a value that can be copied: the model behind FakeHubs and of the
// exhaustive test of moves. Errors and etags as hubs.h has them; everything takes effect at once.

#include "provisioning/hubs.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

struct FakeHubRow {
    HubDevice device;
    HubTwin twin;
    std::map<std::string, HubModule> modules;
};

/// The modules that come into being with an edge device.
inline const std::vector<std::string> fake_system_modules = {"$edgeAgent", "$edgeHub"};

class FakeHubTable {
  public:
    using Key = std::pair<HubName, DeviceId>;

    [[nodiscard]] const FakeHubRow* find(const HubName& hub, const DeviceId& id) const {
        const auto found = rows_.find({hub, id});
        return found == rows_.end() ? nullptr : &found->second;
    }

    Result<void> create(const HubName& hub, const HubDevice& device, const HubTwin& twin) {
        if (device.status_reason.size() > 128) {
            return fail(Code::malformed, "the status reason is too long");
        }
        const auto [row, is_new] = rows_.try_emplace({hub, device.id});
        if (!is_new) {
            return fail(Code::already_exists, "the device is there");
        }
        row->second = {.device = device, .twin = twin, .modules = {}};
        row->second.device.connected = false;
        touch(row->second);
        row->second.twin.etag = next_etag();
        if (device.iot_edge) {
            add_system_modules(row->second);
        }
        return {};
    }

    Result<void> update(const HubName& hub, const HubDevice& device) {
        if (device.status_reason.size() > 128) {
            return fail(Code::malformed, "the status reason is too long");
        }
        auto row = at(hub, device.id, device.etag);
        if (!row) {
            return std::unexpected(std::move(row).error());
        }
        HubDevice& stored = (*row)->device;
        const bool stays_connected =
            stored.connected && device.enabled && device.credential == stored.credential;
        const auto last_activity = stored.last_activity;
        stored = device;
        stored.connected = stays_connected;
        stored.last_activity = last_activity;
        touch(**row);
        return {};
    }

    Result<void> erase(const HubName& hub, const DeviceId& id, const ETag& etag) {
        if (auto row = at(hub, id, etag); !row) {
            return std::unexpected(std::move(row).error());
        }
        rows_.erase({hub, id});
        return {};
    }

    Result<void> put_module(const HubName& hub, const DeviceId& id, const HubModule& module) {
        const auto row = rows_.find({hub, id});
        if (row == rows_.end()) {
            return fail(Code::not_found, "device not found");
        }
        const auto [entry, is_new] = row->second.modules.try_emplace(module.id, module);
        if (!is_new) {
            entry->second.twin = module.twin;
        }
        entry->second.twin.etag = next_etag();
        return {};
    }

    /// Whatever a device, a back end or an operator does at the hub behind our back. Returns false
    /// if the device is not there.
    template <class Edit>
    bool edit(const HubName& hub, const DeviceId& id, Edit change) {
        const auto row = rows_.find({hub, id});
        if (row == rows_.end()) {
            return false;
        }
        change(row->second);
        touch(row->second);
        row->second.twin.etag = next_etag();
        return true;
    }

    /// The twin only, which leaves the identity and its etag alone.
    template <class Edit>
    bool edit_twin(const HubName& hub, const DeviceId& id, Edit change) {
        const auto row = rows_.find({hub, id});
        if (row == rows_.end()) {
            return false;
        }
        change(row->second.twin);
        row->second.twin.etag = next_etag();
        return true;
    }

    void drop(const HubName& hub, const DeviceId& id) { rows_.erase({hub, id}); }

    [[nodiscard]] const std::map<Key, FakeHubRow>& rows() const { return rows_; }

  private:
    Result<FakeHubRow*> at(const HubName& hub, const DeviceId& id, const ETag& etag) {
        const auto row = rows_.find({hub, id});
        if (row == rows_.end()) {
            return fail(Code::not_found, "device not found");
        }
        if (row->second.device.etag != etag) {
            return fail(Code::precondition, "another etag");
        }
        return &row->second;
    }

    void touch(FakeHubRow& row) { row.device.etag = next_etag(); }

    ETag next_etag() { return ETag("etag-" + std::to_string(++last_etag_)); }

    void add_system_modules(FakeHubRow& row) {
        for (const std::string& id : fake_system_modules) {
            row.modules.emplace(
                id,
                HubModule{.id = id, .managed_by = {}, .credential = HubNoCredential(), .twin = {}});
        }
    }

    std::map<Key, FakeHubRow> rows_;
    std::uint64_t last_etag_ = 0;
};

} // namespace muster::provisioning
