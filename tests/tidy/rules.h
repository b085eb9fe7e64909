#pragma once
// The rules of the house that a compiler does not hold: which folder may include what, where the
// outside world may be touched, how long a file may get. One table, checked in every test run.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace muster::tidy {

struct Source {
    std::string path;   // from the root, "hub/twin.cpp"
    std::string folder; // its first part, "hub"
    std::vector<std::string> lines;
};

struct Finding {
    std::string path;
    std::size_t line = 0; // from 1; 0: the file as a whole
    std::string what;

    friend bool operator==(const Finding&, const Finding&) = default;
};

/// Every .h and .cpp file of the source folders below `root`, in order of path.
std::vector<Source> read_sources(const std::filesystem::path& root);

Source make_source(std::string path, std::string_view text);

/// Includes of our own folders against the layers of docs/architecture.md.
std::vector<Finding> check_layers(const Source& source);

/// Headers of libraries, clocks, randomness and sockets where they do not belong.
std::vector<Finding> check_outside_world(const Source& source);

/// Length of files and lines, `#pragma once`, typed TODOs, names we do not use.
std::vector<Finding> check_shape(const Source& source);

/// Each conformance number that docs/conformance.md says is served must be named by some test, and
/// no test may name a number that is not on the page. `tests` are all files that may name one.
std::vector<Finding> check_conformance(std::string_view page, const std::vector<Source>& tests);

} // namespace muster::tidy
