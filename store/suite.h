#pragma once
// The contract suite: what every engine must do, whichever it is. The *_suite_test.cpp files run it
// on the model and on SQLite; reopen() in the middle of a test must make no difference.

#include "store/stores.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace muster::store {

/// One engine with its data, closed and opened again at will.
class Engine {
  public:
    virtual ~Engine() = default;
    virtual Stores& stores() = 0;
    virtual void reopen() = 0;
};

struct EngineChoice {
    std::string_view name;
    std::unique_ptr<Engine> (*make)(const provisioning::JournalBounds& journal);
};

/// Names the engine in the report of a failure.
inline void PrintTo(const EngineChoice& choice, std::ostream* out) {
    *out << choice.name;
}

std::unique_ptr<Engine> make_memory_engine(const provisioning::JournalBounds& journal = {});
std::unique_ptr<Engine> make_sqlite_engine(const provisioning::JournalBounds& journal = {});

class StoreSuite : public testing::TestWithParam<EngineChoice> {
  protected:
    explicit StoreSuite(const provisioning::JournalBounds& journal = {})
        : engine_(GetParam().make(journal)) {}

    Stores& stores() { return engine_->stores(); }

    void reopen() { engine_->reopen(); }

  private:
    std::unique_ptr<Engine> engine_;
};

inline const auto every_engine = testing::Values(EngineChoice{"memory", make_memory_engine},
                                                 EngineChoice{"sqlite", make_sqlite_engine});

/// For those tests that need the raw database: how the file's documents are sealed.
std::shared_ptr<const crypto::KeyRing> sample_keys();

inline std::string engine_name(const testing::TestParamInfo<EngineChoice>& info) {
    return std::string(info.param.name);
}

// ---- values to store ----

inline const IdScope scope{"0ne00000001"};
inline const IdScope other_scope{"0ne00000002"};
inline const HubName hub_1{"hub-1.example"};
inline const HubName hub_2{"hub-2.example"};

provisioning::IndividualEnrollment individual(std::string_view id, std::int64_t version = 1);
provisioning::EnrollmentGroup group(std::string_view id, std::int64_t version = 1);
provisioning::RegistrationRecord record(std::string_view id, std::int64_t version = 1);
hub::Device device(std::string_view id, std::int64_t version = 1);
hub::Twin twin(std::int64_t version = 1);
hub::DeviceWithTwin device_with_twin(std::string_view id);
hub::DeviceWithTwin module_with_twin(std::string_view device, std::string_view module);
hub::Event hub_event(std::string_view device, WallTime enqueued = WallTime{});

enum class SampleCertificate { a, b };
/// Attests by client certificates.
provisioning::IndividualEnrollment
individual_with_certificates(std::string_view id, SampleCertificate primary,
                             std::optional<SampleCertificate> secondary = std::nullopt);
std::string sha256_thumbprint(SampleCertificate which);

/// For EnrollmentStore::erase_individual: the record goes with its enrollment.
inline const provisioning::Remains nothing_remains =
    [](const provisioning::RegistrationRecord&) -> std::optional<provisioning::RegistrationRecord> {
    return std::nullopt;
};

/// For the same: what the next registration must know.
std::optional<provisioning::RegistrationRecord>
erased(const provisioning::RegistrationRecord& record);

// ---- values as text, complete: what two engines are compared by ----

std::string describe(const provisioning::IndividualEnrollment& enrollment);
std::string describe(const provisioning::EnrollmentGroup& group);
std::string describe(const provisioning::RegistrationRecord& record);
std::string describe(const hub::Device& device);
std::string describe(const hub::Twin& twin);
std::string describe(const hub::DeviceWithTwin& device);
std::string describe(const hub::Event& event);
std::string describe(const hub::EventExtent& extent);
std::string describe(const hub::EventPosition& position);
std::string describe(const hub::GroupPositions& positions);
std::string describe(const hub::StoredSubscription& subscription);
std::string describe(const hub::IdentityCounts& counts);
std::string describe(const RegistrationId& id);
std::string describe(const provisioning::ScopeCounts& counts);
std::string describe(const provisioning::HubCount& count);
std::string describe(const provisioning::FleetOperation& operation);
std::string describe(std::int64_t number);
std::string describe(const Result<void>& outcome);
std::string describe(const Error& error);

template <class T>
std::string describe(const std::vector<T>& values) {
    std::string text = "[";
    for (const T& value : values) {
        text += describe(value) + "; ";
    }
    return text + "]";
}

template <class T>
std::string describe(const std::optional<T>& value) {
    return value ? describe(*value) : "nothing";
}

template <class T>
    requires(!std::is_void_v<T>)
std::string describe(const Result<T>& outcome) {
    return outcome ? describe(*outcome) : describe(outcome.error());
}

/// The ids, in order, separated by blanks.
template <class T>
std::string ids_of(const Result<std::vector<T>>& values) {
    if (!values) {
        return describe(values.error());
    }
    std::string ids;
    for (const T& value : *values) {
        ids += (ids.empty() ? "" : " ") + value.id.text();
    }
    return ids;
}

/// The refusal's code, or nothing if there is none.
template <class T>
std::optional<Code> code_of(const Result<T>& outcome) {
    return outcome ? std::nullopt : std::optional(outcome.error().code);
}

/// Runs it in so many threads at once, each with its number.
void race(int threads, const std::function<void(int number)>& run);

} // namespace muster::store
