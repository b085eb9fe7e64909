# One folder, one library, one test program.
#
#   muster_folder(NAME [DEPENDS folder...] [LIBRARIES target...])
#
# takes every .cpp below the folder: *_test.cpp become the program NAME_test (a ctest test),
# *_fuzz.cpp one libFuzzer program each, everything else the library muster_NAME.

# Under sanitizers, optimising and instrumenting the tests themselves takes three times as long as
# compiling them, and shows nothing: what they test is in the libraries.
function(muster_compile_fast target)
    if(MUSTER_SANITIZE)
        target_compile_options(${target} PRIVATE -O0)
    endif()
    if(MUSTER_FUZZ)
        target_compile_options(${target} PRIVATE -fno-sanitize=fuzzer-no-link)
    endif()
endfunction()

function(muster_folder name)
    cmake_parse_arguments(arg "" "" "DEPENDS;LIBRARIES" ${ARGN})

    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
    set(tests ${sources})
    set(fuzzers ${sources})
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
    list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")

    set(needs ${arg_LIBRARIES})
    foreach(folder IN LISTS arg_DEPENDS)
        list(APPEND needs muster_${folder})
    endforeach()

    if(sources)
        add_library(muster_${name} STATIC ${sources})
        target_include_directories(muster_${name} PUBLIC "${CMAKE_SOURCE_DIR}")
        target_link_libraries(muster_${name} PUBLIC ${needs})
        muster_precompiled(muster_${name} library)
    else()
        add_library(muster_${name} INTERFACE)
        target_include_directories(muster_${name} INTERFACE "${CMAKE_SOURCE_DIR}")
        target_link_libraries(muster_${name} INTERFACE ${needs})
    endif()

    if(tests)
        add_executable(${name}_test ${tests})
        target_link_libraries(${name}_test PRIVATE muster_${name} GTest::gmock GTest::gtest_main)
        muster_compile_fast(${name}_test)
        muster_precompiled(${name}_test test)
        add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
        set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS unit)
    endif()

    if(MUSTER_FUZZ)
        foreach(source IN LISTS fuzzers)
            get_filename_component(program ${source} NAME_WE)
            add_executable(${program} ${source})
            target_link_libraries(${program} PRIVATE muster_${name})
            target_link_options(${program} PRIVATE -fsanitize=fuzzer)
            set(corpus "${CMAKE_SOURCE_DIR}/tests/fuzz/${program}")
            file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/corpus/${program}")
            add_test(NAME ${program}
                     COMMAND ${program} -max_total_time=${MUSTER_FUZZ_SECONDS} -timeout=10
                             -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
                             "${CMAKE_BINARY_DIR}/corpus/${program}" "${corpus}")
            file(MAKE_DIRECTORY "${corpus}")
            set_tests_properties(${program} PROPERTIES LABELS fuzz TIMEOUT 300)
        endforeach()
    endif()
endfunction()
