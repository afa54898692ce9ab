# LibTorch as the imported target `libtorch`, from any 2.x on CMAKE_PREFIX_PATH or in FAINTWEB_LIBTORCH (the
# C++ download, or the `torch` folder of a Python wheel); else the one that jobs/setup.sh put into the user's
# cache. TorchConfig.cmake is not used: it refuses a CUDA wheel where there is no CUDA toolkit, although the
# CPU half of that wheel needs none.
set(cache $ENV{XDG_CACHE_HOME})
if(NOT cache)
    set(cache $ENV{HOME}/.cache)
endif()
if(FAINTWEB_CUDA)
    set(flavours cuda)
else()
    set(flavours cpu cuda)
endif()
list(TRANSFORM flavours PREPEND ${cache}/faintweb/torch-2.11.0- OUTPUT_VARIABLE set_up)
list(TRANSFORM set_up APPEND /torch)
# What an earlier configure found may have been removed since.
foreach(found LIBTORCH_INCLUDE_DIR LIBTORCH_CPU_LIBRARY LIBTORCH_C10_LIBRARY)
    if(DEFINED CACHE{${found}} AND NOT EXISTS "$CACHE{${found}}")
        unset(${found} CACHE)
    endif()
endforeach()
find_path(LIBTORCH_INCLUDE_DIR torch/csrc/api/include/torch/torch.h HINTS ENV FAINTWEB_LIBTORCH PATHS ${set_up} PATH_SUFFIXES include)
find_library(LIBTORCH_CPU_LIBRARY torch_cpu HINTS ENV FAINTWEB_LIBTORCH PATHS ${set_up} PATH_SUFFIXES lib)
find_library(LIBTORCH_C10_LIBRARY c10 HINTS ENV FAINTWEB_LIBTORCH PATHS ${set_up} PATH_SUFFIXES lib)
if(NOT LIBTORCH_INCLUDE_DIR OR NOT LIBTORCH_CPU_LIBRARY OR NOT LIBTORCH_C10_LIBRARY)
    message(FATAL_ERROR "LibTorch was not found; run `bash jobs/setup.sh`, or put a LibTorch 2.x on CMAKE_PREFIX_PATH")
endif()
add_library(libtorch INTERFACE)
target_include_directories(libtorch SYSTEM INTERFACE ${LIBTORCH_INCLUDE_DIR} ${LIBTORCH_INCLUDE_DIR}/torch/csrc/api/include)
target_link_libraries(libtorch INTERFACE ${LIBTORCH_CPU_LIBRARY} ${LIBTORCH_C10_LIBRARY} Threads::Threads)

if(FAINTWEB_CUDA)
    find_package(CUDAToolkit REQUIRED)
    get_filename_component(libtorch_lib ${LIBTORCH_CPU_LIBRARY} DIRECTORY)
    find_library(LIBTORCH_CUDA_LIBRARY torch_cuda HINTS ${libtorch_lib})
    find_library(LIBTORCH_C10_CUDA_LIBRARY c10_cuda HINTS ${libtorch_lib})
    if(NOT LIBTORCH_CUDA_LIBRARY OR NOT LIBTORCH_C10_CUDA_LIBRARY)
        message(FATAL_ERROR "The LibTorch in ${libtorch_lib} has no CUDA; run `FAINTWEB_FLAVOUR=cuda bash jobs/setup.sh`")
    endif()
    # torch_cuda registers itself when it is loaded and nothing of ours refers to it by name.
    target_link_libraries(
        libtorch INTERFACE -Wl,--no-as-needed ${LIBTORCH_CUDA_LIBRARY} ${LIBTORCH_C10_CUDA_LIBRARY} -Wl,--as-needed
                           CUDA::cudart)

    # The wheel's NCCL is the one that its LibTorch was built for; the toolkit's is the second choice.
    get_filename_component(wheels ${LIBTORCH_INCLUDE_DIR}/../../nvidia ABSOLUTE)
    find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${wheels}/nccl/include ${CUDAToolkit_INCLUDE_DIRS})
    find_library(NCCL_LIBRARY NAMES libnccl.so.2 nccl NAMES_PER_DIR HINTS ${wheels}/nccl/lib ${CUDAToolkit_LIBRARY_DIR})
    if(NOT NCCL_INCLUDE_DIR OR NOT NCCL_LIBRARY)
        message(FATAL_ERROR "NCCL was not found beside LibTorch or in the CUDA toolkit; run `FAINTWEB_FLAVOUR=cuda bash jobs/setup.sh`")
    endif()
    add_library(nccl INTERFACE)
    target_include_directories(nccl SYSTEM INTERFACE ${NCCL_INCLUDE_DIR})
    target_link_libraries(nccl INTERFACE ${NCCL_LIBRARY} CUDA::cudart)
endif()
