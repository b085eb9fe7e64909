# The libraries Muster stands on, all from the distribution. `./dev install` names the packages.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)

# The distribution's wslay ships no package file.
find_path(WSLAY_INCLUDE_DIR wslay/wslay.h REQUIRED)
find_library(WSLAY_LIBRARY wslay REQUIRED)
add_library(wslay INTERFACE)
target_include_directories(wslay SYSTEM INTERFACE "${WSLAY_INCLUDE_DIR}")
target_link_libraries(wslay INTERFACE "${WSLAY_LIBRARY}")
pkg_check_modules(TOMLPP REQUIRED IMPORTED_TARGET tomlplusplus)
