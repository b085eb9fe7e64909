# Precompiled headers, which save a third of a clean build.
#
#   muster_precompiled(TARGET library|test)
#
# lets a target begin with cmake/precompiled/NAME.h. There is one of each in a build, made by CMake's
# own means. Targets name it by an option that ccache knows for a path, and ccache looks at a sum of
# what it was made of instead of at its bytes, in which the folder is: so a clone elsewhere finds
# what another one compiled. Every file still includes what it uses; `cmake -DMUSTER_PRECOMPILED=OFF`
# and the gcc preset show it.

option(MUSTER_PRECOMPILED "Use precompiled headers (clang only)" ON)
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(MUSTER_PRECOMPILED OFF)
endif()

function(muster_make_precompiled name)
    set(header "${CMAKE_SOURCE_DIR}/cmake/precompiled/${name}.h")
    set(source "${CMAKE_BINARY_DIR}/precompiled/${name}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT "// CMake makes a precompiled header for a source.\n")
    add_library(muster_precompiled_${name} OBJECT "${source}")
    target_link_libraries(muster_precompiled_${name} PRIVATE ${ARGN})
    target_precompile_headers(muster_precompiled_${name} PRIVATE "${header}")

    file(GLOB headers "${CMAKE_SOURCE_DIR}/cmake/precompiled/*.h")
    set(parts "${CMAKE_CXX_COMPILER_VERSION} ${Boost_VERSION} ${fmt_VERSION} ${GTest_VERSION}")
    foreach(one IN LISTS headers)
        file(SHA256 "${one}" sum)
        string(APPEND parts " ${sum}")
    endforeach()
    set(directory "${CMAKE_BINARY_DIR}/CMakeFiles/muster_precompiled_${name}.dir")
    file(CONFIGURE OUTPUT "${directory}/cmake_pch.hxx.pch.sum" CONTENT "${parts}\n")
endfunction()

function(muster_precompiled target name)
    if(MUSTER_PRECOMPILED)
        set(made "${CMAKE_BINARY_DIR}/CMakeFiles/muster_precompiled_${name}.dir/cmake_pch.hxx.pch")
        target_compile_options(${target} PRIVATE -include-pch "${made}")
        get_target_property(sources ${target} SOURCES)
        set_property(SOURCE ${sources} APPEND PROPERTY OBJECT_DEPENDS "${made}")
    endif()
endfunction()

if(MUSTER_PRECOMPILED)
    set(CMAKE_PCH_INSTANTIATE_TEMPLATES ON)
    # The time of a header is different in every clone.
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
    muster_make_precompiled(library Boost::json fmt::fmt)
    muster_make_precompiled(test Boost::json fmt::fmt GTest::gmock)
    muster_compile_fast(muster_precompiled_test)
endif()
