// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/precision.h"

#include <ATen/Version.h>

#ifdef FAINTWEB_CUDA
#include <cuda_runtime_api.h>
#endif
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#include <sys/syscall.h>
#include <unistd.h>
#define FAINTWEB_HAS_AMX
#endif

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/infer/forward_pass.h"
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

bool has_matrix_registers() {
#ifdef FAINTWEB_HAS_AMX
    static const bool is_so = [] {
        // arch/x86/include/uapi/asm/prctl.h of Linux, and the registers' number there
        constexpr long arch_req_xcomp_perm = 0x1023;
        constexpr long xfeature_xtile_data = 18;
        return __builtin_cpu_supports("x86-64-v4") > 0 && __builtin_cpu_supports("amx-bf16") > 0 &&
               ::syscall(SYS_arch_prctl, arch_req_xcomp_perm, xfeature_xtile_data) == 0;
    }();
    return is_so;
#else
    return false;
#endif
}

learn::Precision choose_precision(const std::string& wanted,
                                  learn::Device device,
                                  const std::string& network) {
    if (wanted == "auto") {
        const bool is_faster = device.kind != learn::DeviceKind::cpu ||
                               !is_faster_in_fp32(learn::find_network(network));
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
