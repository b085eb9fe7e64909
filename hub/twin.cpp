#include "hub/twin.h"

#include "base/encoding.h"
#include "hub/device.h"
#include "hub/twin_limits.h"
#include "hub/twin_merge.h"

#include <utility>

namespace muster::hub {

namespace {

enum class Half : std::uint8_t { desired, reported };

/// Desired nodes say which version changed them, reported nodes do not (B.7).
Stamp stamp_for(Half half, std::int64_t version, WallTime now) {
    return {.time = format_time(now),
            .version = half == Half::desired ? std::optional(version) : std::nullopt};
}

TwinSection new_section(Half half, const JsonObject& values, WallTime now) {
    TwinSection section;
    if (values.empty()) {
        section.metadata =
            metadata_node({.time = format_time_seconds(never()), .version = std::nullopt});
    } else {
        merge(section, values, stamp_for(half, section.version, now));
    }
    return section;
}

void update_section(TwinSection& section, Half half, const JsonObject& patch, WallTime now) {
    ++section.version;
    merge(section, patch, stamp_for(half, section.version, now));
}

void replace_section(TwinSection& section, Half half, const JsonObject& values, WallTime now) {
    section.values.clear();
    section.metadata.clear();
    update_section(section, half, values, now);
}

Result<void> check_update(const TwinUpdate& update, const TwinLimits& limits) {
    if (update.tags) {
        if (auto fine = check_contents(tags_name, *update.tags, limits); !fine) {
            return fine;
        }
    }
    return update.desired ? check_contents(desired_name, *update.desired, limits) : Result<void>{};
}

Result<void> check_sizes(const Twin& twin, const TwinLimits& limits) {
    if (auto fine = check_size(tags_name, twin.tags, limits.tags_bytes_max); !fine) {
        return fine;
    }
    if (auto fine = check_size(desired_name, twin.desired.values, limits.section_bytes_max);
        !fine) {
        return fine;
    }
    return check_size(reported_name, twin.reported.values, limits.section_bytes_max);
}

/// The next twin if it is not too large.
Result<Twin> accept(Twin next, const TwinLimits& limits) {
    if (auto fine = check_sizes(next, limits); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    ++next.version;
    return next;
}

/// Takes `$version` out of a device's patch and compares it (iothub A.10).
Result<void> check_expected_version(JsonObject& patch, std::int64_t current) {
    const Json* expected = patch.if_contains("$version");
    if (expected == nullptr) {
        return {};
    }
    const std::int64_t* version = expected->if_int64();
    if (version == nullptr) {
        return fail(Code::malformed, "$version must be an integer");
    }
    if (*version != current) {
        return fail(Code::precondition, "$version is not the current version");
    }
    patch.stable_erase("$version");
    return {};
}

} // namespace

Twin new_twin(const JsonObject& tags, const JsonObject& desired, const JsonObject& reported,
              WallTime now) {
    Twin twin;
    merge(twin.tags, tags);
    twin.desired = new_section(Half::desired, desired, now);
    twin.reported = new_section(Half::reported, reported, now);
    return twin;
}

ETag etag_of(const Twin& twin) {
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(twin.version) >> shift));
    }
    return ETag(base64_encode(bytes));
}

Result<Twin> apply_patch(const Twin& twin, const TwinUpdate& update, WallTime now,
                         const TwinLimits& limits) {
    if (auto fine = check_update(update, limits); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    if (!update.tags && !update.desired) {
        return twin;
    }
    Twin next = twin;
    if (update.tags) {
        merge(next.tags, *update.tags);
    }
    if (update.desired) {
        update_section(next.desired, Half::desired, *update.desired, now);
    }
    return accept(std::move(next), limits);
}

Result<Twin> apply_replace(const Twin& twin, const TwinUpdate& update, WallTime now,
                           const TwinLimits& limits) {
    if (auto fine = check_update(update, limits); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    Twin next = twin;
    next.tags.clear();
    merge(next.tags, update.tags.value_or(JsonObject()));
    // An absent half that is empty already stays as it is, version included.
    if (update.desired || !twin.desired.values.empty()) {
        replace_section(next.desired, Half::desired, update.desired.value_or(JsonObject()), now);
    }
    return accept(std::move(next), limits);
}

Result<Twin> apply_content(const Twin& twin, const TwinContent& content, WallTime now,
                           const TwinLimits& limits) {
    if (auto fine = check_contents(reported_name, content.reported, limits); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    auto next =
        apply_replace(twin, {.tags = content.tags, .desired = content.desired}, now, limits);
    if (!next) {
        return next;
    }
    replace_section(next->reported, Half::reported, content.reported, now);
    if (auto fine = check_sizes(*next, limits); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    return next;
}

Result<Twin> apply_reported(const Twin& twin, const JsonObject& patch, WallTime now,
                            const TwinLimits& limits) {
    JsonObject properties = patch;
    if (auto fine = check_expected_version(properties, twin.reported.version); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    if (auto fine = check_contents(reported_name, properties, limits); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    Twin next = twin;
    update_section(next.reported, Half::reported, properties, now);
    return accept(std::move(next), limits);
}

Twin with_model_id(const Twin& twin, const std::string& model_id) {
    Twin next = twin;
    if (next.model_id != model_id) {
        next.model_id = model_id;
        ++next.version;
    }
    return next;
}

Result<void> check_twin(const Twin& twin, const TwinLimits& limits) {
    if (auto fine = check_contents(tags_name, twin.tags, limits); !fine) {
        return fine;
    }
    if (auto fine = check_contents(desired_name, twin.desired.values, limits); !fine) {
        return fine;
    }
    if (auto fine = check_contents(reported_name, twin.reported.values, limits); !fine) {
        return fine;
    }
    return check_sizes(twin, limits);
}

} // namespace muster::hub
