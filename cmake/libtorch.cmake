# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# LibTorch as the imported target `libtorch`, from any 2.x on CMAKE_PREFIX_PATH: the C++ download or the
# `torch` folder of a Python wheel. TorchConfig.cmake is not used: it refuses a CUDA wheel where there is
# no CUDA toolkit, although the CPU half of that wheel needs none.
find_path(LIBTORCH_INCLUDE_DIR torch/csrc/api/include/torch/torch.h PATH_SUFFIXES include)
find_library(LIBTORCH_CPU_LIBRARY torch_cpu)
find_library(LIBTORCH_C10_LIBRARY c10)
if(NOT LIBTORCH_INCLUDE_DIR OR NOT LIBTORCH_CPU_LIBRARY OR NOT LIBTORCH_C10_LIBRARY)
    message(FATAL_ERROR "LibTorch was not found; run `bash jobs/setup.sh`, or put a LibTorch 2.x on CMAKE_PREFIX_PATH")
endif()
add_library(libtorch INTERFACE)
target_include_directories(libtorch SYSTEM INTERFACE ${LIBTORCH_INCLUDE_DIR} ${LIBTORCH_INCLUDE_DIR}/torch/csrc/api/include)
target_link_libraries(libtorch INTERFACE ${LIBTORCH_CPU_LIBRARY} ${LIBTORCH_C10_LIBRARY} Threads::Threads)

# The CUDA half and NCCL (target `nccl`); without FAINTWEB_CUDA nothing of it is looked for.
if(FAINTWEB_CUDA)
    find_package(CUDAToolkit REQUIRED)
    find_library(LIBTORCH_CUDA_LIBRARY torch_cuda)
    find_library(LIBTORCH_C10_CUDA_LIBRARY c10_cuda)
    if(NOT LIBTORCH_CUDA_LIBRARY OR NOT LIBTORCH_C10_CUDA_LIBRARY)
        message(FATAL_ERROR "FAINTWEB_CUDA needs a LibTorch with CUDA; run `FAINTWEB_FLAVOUR=cuda bash jobs/setup.sh`, or put one on CMAKE_PREFIX_PATH")
    endif()
    # No symbol of these two is used by name: they register themselves when they are loaded.
    target_link_libraries(
        libtorch INTERFACE "-Wl,--push-state,--no-as-needed,${LIBTORCH_CUDA_LIBRARY},${LIBTORCH_C10_CUDA_LIBRARY},--pop-state"
                           CUDA::cudart)

    # LibTorch's wheel keeps NCCL beside it; else the toolkit or the system may have it. Names per folder:
    # header and library must come from one place, and the wheel's library has no name without version.
    cmake_path(GET LIBTORCH_INCLUDE_DIR PARENT_PATH libtorch_folder)
    find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${libtorch_folder}/../nvidia/nccl/include ${CUDAToolkit_INCLUDE_DIRS})
    find_library(NCCL_LIBRARY NAMES nccl libnccl.so.2 NAMES_PER_DIR HINTS ${libtorch_folder}/../nvidia/nccl/lib ${CUDAToolkit_LIBRARY_DIR})
    if(NOT NCCL_INCLUDE_DIR OR NOT NCCL_LIBRARY)
        message(FATAL_ERROR "FAINTWEB_CUDA needs NCCL; install the wheel nvidia-nccl-cu13 beside torch, or NCCL into the CUDA toolkit")
    endif()
    add_library(nccl UNKNOWN IMPORTED)
    set_target_properties(nccl PROPERTIES IMPORTED_LOCATION ${NCCL_LIBRARY})
    target_include_directories(nccl SYSTEM INTERFACE ${NCCL_INCLUDE_DIR})
    target_link_libraries(nccl INTERFACE CUDA::cudart)
endif()
