// Twins against a model that keeps every node by its path, for random sequences of updates. A
// failing run names its seed.

#include "hub/fixture.h"
#include "hub/twin_limits.h"

#include <map>
#include <random>
#include <string>

namespace muster::hub {

namespace {

using Path = std::string; // "/a/b"; the root is ""

struct Node {
    std::optional<std::string> leaf; // nothing for an object
    std::string time;
    std::int64_t version = 0;

    bool operator==(const Node&) const = default;
};

using Nodes = std::map<Path, Node>;

struct Model {
    Nodes nodes{{"", Node{}}};
    std::string time;
    std::int64_t version = 1;
    bool versions_in_nodes = false;

    void erase_below(const Path& path) {
        nodes.erase(path);
        const auto first = nodes.lower_bound(path + "/");
        nodes.erase(first, nodes.lower_bound(path + "0")); // '0' follows '/'
    }

    void stamp(const Path& path) {
        nodes[path].time = time;
        nodes[path].version = versions_in_nodes ? version : 0;
    }

    void apply(const Path& path, const JsonObject& patch) {
        stamp(path);
        for (const auto& [key, value] : patch) {
            const Path child = path + "/" + std::string(key);
            const auto now = nodes.find(child);
            const bool both_objects = value.is_object() && now != nodes.end() && !now->second.leaf;
            if (!both_objects) {
                erase_below(child);
            }
            if (value.is_object()) {
                nodes[child].leaf.reset();
                apply(child, value.get_object());
            } else if (!value.is_null()) {
                nodes[child].leaf = to_text(value);
                stamp(child);
            }
        }
    }

    void update(const JsonObject& patch) {
        ++version;
        apply("", patch);
    }

    void replace(const JsonObject& values) {
        nodes = {{"", Node{}}};
        update(values);
    }
};

void flatten(const Path& path, const JsonObject& values, const JsonObject& metadata, Nodes& into) {
    Node& node = into[path];
    node.time = metadata.at("$lastUpdated").as_string();
    const Json* version = metadata.if_contains("$lastUpdatedVersion");
    node.version = version == nullptr ? 0 : version->as_int64();
    std::size_t below = 0;
    for (const auto& [key, value] : values) {
        const Path child = path + "/" + std::string(key);
        const JsonObject& its = metadata.at(key).as_object();
        ++below;
        if (value.is_object()) {
            flatten(child, value.get_object(), its, into);
            continue;
        }
        into[child] = {.leaf = to_text(value),
                       .time = std::string(its.at("$lastUpdated").as_string()),
                       .version = its.contains("$lastUpdatedVersion")
                                      ? its.at("$lastUpdatedVersion").as_int64()
                                      : 0};
        EXPECT_EQ(its.size(), its.contains("$lastUpdatedVersion") ? 2u : 1u) << child;
    }
    // No node without a value.
    EXPECT_EQ(metadata.size(), below + (version == nullptr ? 1 : 2)) << path;
}

/// Sums the size formula over the model's nodes.
std::size_t size_of(const Nodes& nodes) {
    std::size_t bytes = 0;
    for (const auto& [path, node] : nodes) {
        bytes += path.size() - (path.rfind('/') + 1);
        if (!node.leaf) {
            continue;
        }
        const std::string& text = *node.leaf;
        if (text.front() == '"') {
            bytes += text.size() - 2; // the generator writes no escapes
        } else if (text == "true" || text == "false") {
            bytes += 4;
        } else if (text.front() == '[') {
            bytes += text == "[1,\"x\"]" ? 9 : 0;
        } else {
            bytes += 8;
        }
    }
    return bytes;
}

class Generator {
  public:
    explicit Generator(std::uint64_t seed) : engine_(seed) {}

    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_);
    }

    JsonObject patch(int depth = 0) {
        JsonObject result;
        for (std::size_t count = below(4); count > 0; --count) {
            const std::string_view keys[] = {"a", "bb", "c-c", "\xc3\xa4", ""};
            result[keys[below(5)]] = value(depth);
        }
        return result;
    }

  private:
    Json value(int depth) {
        switch (below(depth < 4 ? 9 : 6)) {
        case 0: return nullptr;
        case 1: return static_cast<std::int64_t>(below(100)) - 50;
        case 2: return below(2) == 0;
        case 3: return Json(std::string(below(5), 's'));
        case 4: return 0.25;
        case 5: return JsonArray(below(2) == 0 ? JsonArray{} : JsonArray{1, "x"});
        default: return patch(depth + 1);
        }
    }

    std::mt19937_64 engine_;
};

/// Both sides of the comparison, driven in step.
struct Pair {
    Twin twin = new_twin({}, {}, {}, noon());
    Model tags;
    Model desired = with_versions();
    Model reported;
    WallTime now = noon();
    std::int64_t version = 1;

    static Model with_versions() {
        Model model;
        model.versions_in_nodes = true;
        return model;
    }

    void step(Generator& generator) {
        now += std::chrono::seconds(1);
        tags.time = desired.time = reported.time = format_time(now);
        ++version;
        switch (generator.below(4)) {
        case 0: report(generator.patch()); break;
        case 1: patch_tags(generator.patch()); break;
        case 2: patch_desired(generator.patch()); break;
        default: replace(generator.patch(), generator.patch()); break;
        }
    }

    void report(const JsonObject& patch) {
        twin = apply_reported(twin, patch, now).value();
        reported.update(patch);
    }

    void patch_tags(const JsonObject& patch) {
        twin = apply_patch(twin, {.tags = patch, .desired = std::nullopt}, now).value();
        tags.update(patch);
    }

    void patch_desired(const JsonObject& patch) {
        twin = apply_patch(twin, {.tags = std::nullopt, .desired = patch}, now).value();
        desired.update(patch);
    }

    void replace(const JsonObject& new_tags, const JsonObject& new_desired) {
        twin = apply_replace(twin, {.tags = new_tags, .desired = new_desired}, now).value();
        tags.replace(new_tags);
        desired.replace(new_desired);
    }

    static void expect_same(const TwinSection& section, const Model& model) {
        EXPECT_EQ(section.version, model.version);
        EXPECT_EQ(counted_bytes(section.values), size_of(model.nodes));
        if (model.version > 1) {
            Nodes nodes;
            flatten("", section.values, section.metadata, nodes);
            EXPECT_TRUE(nodes == model.nodes) << to_text(to_properties_document(section));
        }
    }

    void expect_same_tags() const {
        EXPECT_EQ(counted_bytes(twin.tags), size_of(tags.nodes));
        Model again;
        again.apply("", twin.tags); // no nulls are left, so this reads the values back
        ASSERT_EQ(again.nodes.size(), tags.nodes.size()) << to_text(twin.tags);
        for (const auto& [path, node] : tags.nodes) {
            EXPECT_EQ(again.nodes[path].leaf, node.leaf) << path;
        }
    }
};

} // namespace

TEST(TwinProperty, FollowsTheModel) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Generator generator(seed);
        Pair pair;
        for (int step = 0; step < 40; ++step) {
            pair.step(generator);
            EXPECT_EQ(pair.twin.version, pair.version);
            Pair::expect_same(pair.twin.desired, pair.desired);
            Pair::expect_same(pair.twin.reported, pair.reported);
            pair.expect_same_tags();
            if (HasFailure()) {
                return;
            }
        }
    }
}

// A device that merges each notification into what it read ends up where the hub is.
TEST(TwinProperty, NotificationsReplayToTheSameDesired) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Generator generator(seed);
        Twin twin = new_twin({}, {}, {}, noon());
        Model device;
        for (int step = 0; step < 40; ++step) {
            const JsonObject patch = generator.patch();
            twin = apply_patch(twin, {.tags = std::nullopt, .desired = patch}, noon()).value();
            JsonObject heard = to_desired_notification(patch, twin.desired.version);
            EXPECT_EQ(heard.at("$version").as_int64(), device.version + 1);
            heard.erase("$version");
            device.update(heard);
        }
        Model hub;
        hub.apply("", twin.desired.values);
        ASSERT_EQ(hub.nodes.size(), device.nodes.size());
        for (const auto& [path, node] : hub.nodes) {
            EXPECT_EQ(node.leaf, device.nodes[path].leaf) << path;
        }
    }
}

} // namespace muster::hub
