# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# The flags that all our own targets carry, and one function per kind of target.
add_library(faintweb_options INTERFACE)
target_compile_features(faintweb_options INTERFACE cxx_std_20)
# g++ 12 sees overlaps in std::string's operator+ that cannot be (GCC bug 105651). To clang -Wconversion means more than to
# g++: that a sign may change too.
target_compile_options(
    faintweb_options
    INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall$<SEMICOLON>-Wextra$<SEMICOLON>-Wconversion$<SEMICOLON>-Wshadow$<SEMICOLON>-Werror>
              $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
              $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-sign-conversion>
              $<$<COMPILE_LANGUAGE:CUDA>:--std=c++20$<SEMICOLON>--expt-relaxed-constexpr$<SEMICOLON>--Werror=all-warnings>)
target_include_directories(faintweb_options INTERFACE ${PROJECT_SOURCE_DIR})
if(FAINTWEB_SANITIZE)
    # What a sanitizer finds ends the test; frame pointers make its call stacks whole.
    target_compile_options(faintweb_options INTERFACE -fsanitize=${FAINTWEB_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(faintweb_options INTERFACE -fsanitize=${FAINTWEB_SANITIZE})
endif()
target_compile_definitions(
    faintweb_options
    INTERFACE $<$<BOOL:${FAINTWEB_CONTRACTS}>:FAINTWEB_CONTRACTS=1>
              $<$<BOOL:${FAINTWEB_CUDA}>:FAINTWEB_CUDA=1>)

# faintweb_library(NAME SOURCES a.cc ... PUBLIC targets... PRIVATE targets...)
function(faintweb_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(faintweb_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(faintweb_${name} PUBLIC faintweb_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# For libraries whose cost are loops that a compiler can turn into vectors, which g++ 12 does at -O3. No flag here may
# change a value: fused or reordered arithmetic would make results depend on the processor. Vectors (lib/base/vector.h)
# never cross a call, so how that is done does not matter.
function(faintweb_vector_code name)
    target_compile_options(faintweb_${name} PRIVATE -O3 -fno-math-errno -fno-trapping-math -ffp-contract=off -Wno-psabi)
endfunction()

# faintweb_test(NAME SOURCES a.cc ... LINK targets... [LABEL gpu] [PARTS n [ALONE filter]]): GoogleTest, no MPI; every case
# is a ctest of its own. With PARTS the cases are shared out to so many ctests: a program with LibTorch takes half a second
# to start. Those that ALONE names, which some machines skip, stay ctests of their own, so that a skip is seen.
function(faintweb_test name)
    cmake_parse_arguments(ARG "" "LABEL;PARTS;ALONE" "SOURCES;LINK" ${ARGN})
    add_executable(test_${name} ${ARG_SOURCES})
    target_link_libraries(test_${name} PRIVATE faintweb_options ${ARG_LINK} GTest::gtest_main)
    target_compile_definitions(test_${name} PRIVATE FAINTWEB_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    if(ARG_PARTS)
        math(EXPR last "${ARG_PARTS} - 1")
        foreach(part RANGE ${last})
            add_test(NAME ${name}.part_${part} COMMAND test_${name})
            set_tests_properties(
                ${name}.part_${part} PROPERTIES TIMEOUT 600
                ENVIRONMENT "${FAINTWEB_TEST_ENVIRONMENT};GTEST_TOTAL_SHARDS=${ARG_PARTS};GTEST_SHARD_INDEX=${part};GTEST_FILTER=-${ARG_ALONE}")
        endforeach()
        if(ARG_ALONE)
            gtest_discover_tests(test_${name} TEST_PREFIX ${name}. TEST_FILTER ${ARG_ALONE} DISCOVERY_MODE PRE_TEST
                                 DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 ENVIRONMENT "${FAINTWEB_TEST_ENVIRONMENT}")
        endif()
        return()
    endif()
    set(labels)
    if(ARG_LABEL)
        set(labels LABELS ${ARG_LABEL})
        if(NOT TARGET ${ARG_LABEL}_tests)
            add_custom_target(${ARG_LABEL}_tests)
        endif()
        add_dependencies(${ARG_LABEL}_tests test_${name})
    endif()
    gtest_discover_tests(test_${name} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 300 ${labels} ENVIRONMENT "${FAINTWEB_TEST_ENVIRONMENT}")
endfunction()

# What lets tests run as root, in a container, with more ranks than cores; a rank that waits leaves its core to others.
set(FAINTWEB_TEST_ENVIRONMENT
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
    OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none OMP_NUM_THREADS=1)

# faintweb_mpi_test(NAME SOURCES a.cc ... LINK targets... [RANKS 1 2 4]): the same test at each rank count.
function(faintweb_mpi_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK;RANKS" ${ARGN})
    if(NOT ARG_RANKS)
        set(ARG_RANKS 1 2 4)
    endif()
    add_executable(test_${name} ${ARG_SOURCES})
    target_link_libraries(test_${name} PRIVATE faintweb_options ${ARG_LINK} faintweb_mpi_test_main)
    target_compile_definitions(test_${name} PRIVATE FAINTWEB_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    foreach(ranks ${ARG_RANKS})
        add_test(NAME ${name}.ranks_${ranks}
                 COMMAND ${MPIEXEC_EXECUTABLE} --oversubscribe -n ${ranks} $<TARGET_FILE:test_${name}>)
        set_tests_properties(${name}.ranks_${ranks} PROPERTIES TIMEOUT 300 ENVIRONMENT "${FAINTWEB_TEST_ENVIRONMENT}")
        if(ranks GREATER 1)
            set_tests_properties(${name}.ranks_${ranks} PROPERTIES PROCESSORS 2)
        endif()
    endforeach()
endfunction()
