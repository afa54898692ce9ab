#include "lib/infer/precision.h"

#include <ATen/Version.h>

#ifdef FAINTWEB_CUDA
#include <cuda_runtime_api.h>
#endif

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/infer/amx_convolution.h"
#include "lib/learn/network.h"

namespace faintweb::infer {
namespace {

bool multiplies_bf16(learn::Device device) {
#ifdef FAINTWEB_CUDA
    if (device.kind == learn::DeviceKind::cuda) {
        int major = 0;
        cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device.index);
        return major >= 8;
    }
#endif
#if defined(__x86_64__)
    return device.kind == learn::DeviceKind::cpu && __builtin_cpu_supports("avx512bf16") > 0;
#else
    return false;
#endif
}

}  // namespace

learn::Precision choose_precision(const std::string& wanted,
                                  learn::Device device,
                                  const std::string& network) {
    if (wanted == "auto") {
        const bool is_faster = device.kind != learn::DeviceKind::cpu ||
                               learn::trunk_of(network) != learn::Trunk::cells;
        return multiplies_bf16(device) && is_faster ? learn::Precision::bf16
                                                    : learn::Precision::fp32;
    }
    for (const learn::Precision precision : {learn::Precision::fp32, learn::Precision::bf16}) {
        if (wanted == learn::precision_name(precision)) {
            return precision;
        }
    }
    throw base::UsageError("there is no precision '" + wanted +
                           "'; choose one of: auto, fp32, bf16");
}

std::string kernels_of(learn::Device device, learn::Precision precision) {
#ifdef FAINTWEB_CUDA
    if (device.kind == learn::DeviceKind::cuda) {
        cudaDeviceProp properties{};
        cudaGetDeviceProperties(&properties, device.index);
        return base::text(properties.name, " ", properties.major, ".", properties.minor);
    }
#endif
    const bool is_bf16 = precision == learn::Precision::bf16;
    return base::text(at::get_cpu_capability(),
                      is_bf16 && multiplies_bf16(device) ? " with bf16" : "",
                      is_bf16 && has_matrix_registers() ? " and AMX" : "");
}

}  // namespace faintweb::infer
