// Random documents and random histories at the service API, over HTTPS.

#include "gateway/service_client.h"

#include <optional>

namespace muster::gateway {
namespace {

constexpr std::uint64_t seeds = 100;

/// Choices from a seed.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t bound) {
        return static_cast<unsigned char>(random_.bytes(1)[0]) % bound;
    }

    bool coin() { return below(2) == 0; }

    template <std::size_t Count>
    std::string_view one_of(const std::string_view (&choices)[Count]) {
        return choices[below(Count)];
    }

    /// Any JSON value, some levels deep, with the texts that trip careless code.
    Json value(std::size_t depth) {
        switch (below(depth == 0 ? 5 : 7)) {
        case 0: return nullptr;
        case 1: return coin();
        case 2: return static_cast<std::int64_t>(below(256)) * 9'007'199'254'740'993 / 255;
        case 3: return static_cast<double>(below(256)) / 8;
        case 4: return Json(one_of(texts));
        case 5: return JsonArray{value(depth - 1), value(depth - 1)};
        default: return object(depth - 1);
        }
    }

    JsonObject object(std::size_t depth) {
        JsonObject made;
        for (std::size_t i = below(4); i > 0; --i) {
            made[one_of(texts)] = value(depth);
        }
        return made;
    }

  private:
    static constexpr std::string_view texts[] = {"",
                                                 "a",
                                                 "version",
                                                 "additional_properties",
                                                 "$version",
                                                 "\xc3\xa4\xe2\x82\xac",
                                                 "\xf0\x9f\x98\x80",
                                                 "a\"b\\c/d",
                                                 "line\nbreak\ttab",
                                                 "\x01",
                                                 "<script>",
                                                 "null"};

    SeededRandom random_;
};

JsonObject random_enrollment(Dice& dice) {
    JsonObject document{{"registrationId", "dev-1"}};
    document["attestation"] =
        dice.coin() ? JsonObject{{"type", "symmetricKey"}}
                    : JsonObject{{"type", "tpm"}, {"tpm", {{"endorsementKey", "AToAAQ=="}}}};
    if (dice.coin()) {
        document["initialTwin"] =
            JsonObject{{"tags", dice.object(3)}, {"properties", {{"desired", dice.object(3)}}}};
    }
    if (dice.coin()) {
        document["optionalDeviceInformation"] = dice.object(2);
    }
    if (dice.coin()) {
        document["provisioningStatus"] = dice.coin() ? "enabled" : "disabled";
    }
    if (dice.coin()) {
        document["capabilities"] = JsonObject{{"iotEdge", dice.coin()}};
    }
    if (dice.coin()) {
        document["reprovisionPolicy"] =
            JsonObject{{"updateHubAssignment", dice.coin()}, {"migrateDeviceData", dice.coin()}};
    }
    if (dice.coin()) {
        document["allocationPolicy"] = dice.one_of({"hashed", "geoLatency", "static"});
        document["iotHubs"] = JsonArray{"hub-1.example.net"};
    }
    if (dice.coin()) {
        document["deviceId"] = "Device+1";
    }
    return document;
}

class ServiceProperty : public ServiceClient {
  protected:
    JsonObject fetched() { return run("GET", "/enrollments/dev-1").json().as_object(); }

    Json mechanism() { return run("POST", "/enrollments/dev-1/attestationmechanism").json(); }
};

TEST_F(ServiceProperty, DocumentsSurvivePutGetPut) {
    // DPS-SERVICE-20, DPS-SERVICE-24
    for (std::uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const auto sent = random_enrollment(dice);
        const auto made = run("PUT", "/enrollments/dev-1", to_text(sent));
        ASSERT_EQ(made.status, 200U) << made.body << '\n' << to_text(sent);
        auto first = fetched();
        for (const auto& [name, value] : sent) {
            EXPECT_EQ(first.at(name), value) << name;
        }
        const auto keys = mechanism();
        world.clock.advance(std::chrono::seconds(1));

        const auto again =
            run_if_match("PUT", "/enrollments/dev-1", text_of(first.at("etag")), to_text(first));
        ASSERT_EQ(again.status, 200U) << again.body;
        auto second = fetched();
        EXPECT_NE(first.at("etag"), second.at("etag"));
        EXPECT_NE(first.at("lastUpdatedDateTimeUtc"), second.at("lastUpdatedDateTimeUtc"));
        for (const auto* name : {"etag", "lastUpdatedDateTimeUtc"}) {
            first.erase(name);
            second.erase(name);
        }
        EXPECT_EQ(first, second);
        EXPECT_EQ(mechanism(), keys);
        EXPECT_EQ(run("DELETE", "/enrollments/dev-1").status, 204U);
    }
}

/// The decision table of dps-service 2.5, for one enrollment.
struct Model {
    std::optional<std::string> etag; // of what is there

    [[nodiscard]] int put(const std::optional<std::string>& if_match) const {
        if (!if_match) {
            return etag ? 409201 : 200;
        }
        if (*if_match == "*") {
            return etag ? 200 : 404201;
        }
        return etag == if_match ? 200 : 412201;
    }

    [[nodiscard]] int erase(const std::optional<std::string>& if_match) const {
        if (!etag) {
            return 404201;
        }
        return !if_match || *if_match == "*" || *if_match == *etag ? 204 : 412201;
    }
};

TEST_F(ServiceProperty, ConditionalWritesFollowTheTable) {
    // DPS-SERVICE-21, DPS-SERVICE-22, DPS-SERVICE-42
    const std::string path = "/enrollments/dev-1";
    const std::string body = R"({"registrationId":"dev-1","attestation":{"type":"symmetricKey"}})";
    for (std::uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        Model model;
        std::string stale = "IjAi";
        for (int i = 0; i < 60; ++i) {
            const std::optional<std::string> choices[] = {std::nullopt, "*", stale,
                                                          model.etag.value_or(stale)};
            const auto& if_match = choices[dice.below(4)];
            const bool is_put = dice.below(3) > 0;
            auto request = is_put ? ask("PUT", path, body) : ask("DELETE", path);
            if (if_match) { // quoted or not, it is the same (dps-service 2.5)
                const auto quote = dice.coin() ? "\"" : "";
                request.headers.push_back({"If-Match", quote + *if_match + quote});
            }
            const auto expected = is_put ? model.put(if_match) : model.erase(if_match);
            const auto reply = run(request);
            ASSERT_EQ(reply.status < 400 ? static_cast<int>(reply.status) : reply.error_code(),
                      expected)
                << "step " << i << ": " << request.method << ' ' << if_match.value_or("-");
            if (reply.status < 400) {
                stale = model.etag.value_or(stale);
                model.etag = is_put ? std::optional(text_of(reply.member("etag"))) : std::nullopt;
            }
            const auto there = run("GET", path);
            EXPECT_EQ(there.status, model.etag ? 200U : 404U);
            EXPECT_EQ(model.etag ? text_of(there.member("etag")) : "", model.etag.value_or(""));
        }
        run("DELETE", path);
    }
}

} // namespace
} // namespace muster::gateway
