# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Finds every library that faintweb uses and gives each one imported target; those of the folders that
# need LibTorch or MPI come last, and only where these folders are built.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
pkg_check_modules(cfitsio REQUIRED IMPORTED_TARGET cfitsio)
pkg_check_modules(wcslib REQUIRED IMPORTED_TARGET wcslib)
pkg_check_modules(cairo REQUIRED IMPORTED_TARGET cairo)
pkg_check_modules(fftw3f REQUIRED IMPORTED_TARGET fftw3f)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
if(BUILD_TESTING)
    find_package(GTest REQUIRED)
endif()
if(FAINTWEB_FOUNDATIONS_ONLY)
    return()
endif()

find_package(MPI REQUIRED COMPONENTS C)
# mpi.h would bring in the C++ bindings that MPI dropped in 2012.
target_compile_definitions(MPI::MPI_C INTERFACE OMPI_SKIP_MPICXX)
set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
    message(FATAL_ERROR "HDF5 was found without MPI support; install libhdf5-openmpi-dev")
endif()
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
include(libtorch)

# HDF5 from CMake's own module has no target that carries the definitions of the parallel flavour.
add_library(faintweb_hdf5 INTERFACE)
target_include_directories(faintweb_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(faintweb_hdf5 INTERFACE ${HDF5_C_LIBRARIES} MPI::MPI_C)
