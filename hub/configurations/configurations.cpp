#include "hub/configurations/configurations.h"

#include "hub/retry.h"

#include <utility>

namespace muster::hub {

namespace {

using What = ConfigurationFault::What;

std::unexpected<ConfigurationFault> fault(What what, Error error) {
    return std::unexpected(ConfigurationFault{what, std::move(error)});
}

std::unexpected<ConfigurationFault> fault(What what, std::string detail) {
    return fault(what, Error{.code = Code::malformed, .detail = std::move(detail)});
}

/// moduleContent goes to modules, everything else to devices.
ConfigurationResult<void> check_target(const Configuration& configuration) {
    const auto target = configuration_target(configuration.condition);
    if (!target) {
        return fault(What::condition, target.error());
    }
    const auto source =
        configuration.kind == ContentKind::module ? query::Source::modules : query::Source::devices;
    if (*target && (*target)->source != source) {
        return fault(What::condition, source == query::Source::modules
                                          ? "moduleContent targets FROM devices.modules"
                                          : "only moduleContent targets modules");
    }
    return {};
}

/// The next version of `current`. Content that is not given stays.
ConfigurationResult<Configuration> following(const Configuration& current,
                                             const Configuration& wanted, WallTime now) {
    const bool same_content = wanted.content.empty() ||
                              (wanted.kind == current.kind && wanted.content == current.content);
    if (!same_content) {
        return fault(What::immutable_content, "the content of a configuration cannot be changed");
    }
    Configuration next = wanted;
    next.kind = current.kind;
    next.content = current.content;
    next.version = current.version + 1;
    next.created = current.created;
    next.updated = now;
    next.metrics = current.metrics;
    if (auto fine = check_target(next); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    return next;
}

} // namespace

Configurations::Configurations(EnginePorts ports)
    : ports_(std::move(ports)), engine_(std::make_shared<ConfigurationEngine>(ports_)) {}

Configurations::~Configurations() {
    stop();
}

void Configurations::start() {
    engine_->start();
}

void Configurations::stop() {
    engine_->stop();
}

ConfigurationResult<Configuration> Configurations::put(const ConfigurationId& id,
                                                       const JsonObject& document,
                                                       const IfMatch& if_match) {
    auto wanted = configuration_from(id, document, ports_.limits);
    if (!wanted) {
        return wanted;
    }
    auto stored = if_match.kind == IfMatch::Kind::absent ? create(std::move(*wanted))
                                                         : update(*wanted, if_match);
    if (stored) {
        engine_->configurations_changed();
    }
    return stored;
}

ConfigurationResult<Configuration> Configurations::create(Configuration wanted) {
    if (wanted.content.empty()) {
        return fault(What::content, "content is missing");
    }
    if (auto fine = check_target(wanted); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    wanted.version = 1;
    wanted.created = wanted.updated = ports_.clock.wall();
    for (const auto& [name, text] : wanted.metric_queries) {
        wanted.metrics.custom[name] = 0;
    }
    auto created = ports_.store.create(ports_.hub, wanted, configurations_max);
    if (!created) {
        return fault(What::other, std::move(created.error()));
    }
    return wanted;
}

ConfigurationResult<Configuration> Configurations::update(const Configuration& wanted,
                                                          const IfMatch& if_match) {
    for (int attempt = 0;; ++attempt) {
        const auto current = get(wanted.id);
        if (!current) {
            return fault(What::other, current.error());
        }
        if (!if_match.permits(etag_of(*current))) {
            return fault(What::other,
                         {.code = Code::precondition, .detail = "the etag is not the current one"});
        }
        auto next = following(*current, wanted, ports_.clock.wall());
        if (!next) {
            return next;
        }
        auto saved = ports_.store.save(ports_.hub, *next, current->version);
        if (saved) {
            return next;
        }
        if (saved.error().code != Code::conflict || attempt + 1 == attempts_max) {
            return fault(What::other, std::move(saved.error()));
        }
    }
}

Result<Configuration> Configurations::get(const ConfigurationId& id) {
    auto found = ports_.store.find(ports_.hub, id);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    if (!*found) {
        return fail(Code::not_found, "configuration not found");
    }
    return std::move(**found);
}

Result<void> Configurations::erase(const ConfigurationId& id, const IfMatch& if_match) {
    auto erased = retry_on_conflict([&]() -> Result<void> {
        const auto current = get(id);
        if (!current) {
            return std::unexpected(current.error());
        }
        if (!if_match.permits(etag_of(*current))) {
            return fail(Code::precondition, "the etag is not the current one");
        }
        return ports_.store.erase(ports_.hub, id, current->version);
    });
    if (erased) {
        engine_->configurations_changed();
    }
    return erased;
}

ConfigurationResult<void> Configurations::apply_content(const DeviceId& device,
                                                        const JsonObject& document) {
    const auto content = content_from(document, ports_.limits);
    if (!content) {
        return fault(What::content, content.error());
    }
    if (content->kind == ContentKind::module) {
        return fault(What::content, "moduleContent is for configurations");
    }
    // Nothing is set before everything is there to be set.
    for (const auto& [module, settings] : content->settings) {
        if (const auto seen = ports_.actions.view({device, ModuleId(module)}); !seen) {
            return fault(What::other, seen.error());
        }
    }
    for (const auto& [module, settings] : content->settings) {
        const auto set = [&, &wanted = settings](const TwinView& view, WallTime now) {
            return with_settings(view.twin, wanted, now, ports_.limits);
        };
        Reconfigured last;
        const auto done = ports_.actions.reconfigure(
            {device, ModuleId(module)},
            [&](const TwinView& view, WallTime now) { return last = set(view, now); });
        if (!done) {
            return fault(What::other, done.error());
        }
        if (last.error) {
            return fault(What::other, *last.error);
        }
        engine_->changed({device, ModuleId(module)});
    }
    return {};
}

Result<std::vector<Configuration>> Configurations::list(std::size_t count_max) {
    auto all = ports_.store.all(ports_.hub);
    if (all && all->size() > count_max) {
        all->erase(all->begin() + static_cast<std::ptrdiff_t>(count_max), all->end());
    }
    return all;
}

} // namespace muster::hub
