#pragma once
// What the exit code of `muster` means (docs/operating/command-line.md).

#include "base/result.h"

namespace muster::app {

enum class ExitCode : int {
    ok = 0,
    failed = 1,       // the server refused or something went wrong
    usage = 2,        // the command line or the configuration is wrong
    not_found = 3,    // what was named does not exist
    unauthorized = 4, // the key or its rights do not suffice
    conflict = 5,     // it exists already, or somebody else changed it
    unavailable = 6,  // the server cannot be reached or is too busy
    timed_out = 7,    // no answer in time
};

ExitCode exit_code_of(Code code);

} // namespace muster::app
