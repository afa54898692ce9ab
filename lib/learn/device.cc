// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/device.h"

#include <algorithm>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#ifdef FAINTWEB_CUDA
#include <cuda_runtime_api.h>
#endif

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/stopwatch.h"
#include "lib/base/text.h"
#include "lib/learn/torch_network.h"

namespace faintweb::learn {
namespace {

/// Why there is no GPU to use; empty if there is one.
std::string missing_gpu_reason() {
#ifdef FAINTWEB_CUDA
    if (!at::globalContext().hasCUDA()) {
        return "no CUDA driver or GPU answers on this machine";
    }
    return "";
#else
    return "this faintweb was built without CUDA";
#endif
}

int n_gpus() {
    return at::detail::getCUDAHooks().getNumGPUs();
}

/// Memory of a device as a tensor.
at::Tensor view_of(Device device, void* data, std::size_t size, c10::ScalarType type) {
    return at::from_blob(data, {static_cast<std::int64_t>(size)},
                         at::TensorOptions().dtype(type).device(torch_device(device)));
}

}  // namespace

std::string device_name(Device device) {
    return device.kind == DeviceKind::cpu ? "cpu" : base::text("cuda:", device.index);
}

Device choose_device(const std::string& wanted, int local_rank) {
    FAINTWEB_EXPECTS(local_rank >= 0);
    if (wanted != "auto" && wanted != "cpu" && wanted != "cuda") {
        throw base::UsageError("there is no device '" + wanted +
                               "'; choose one of: auto, cpu, cuda");
    }
    const std::string reason = wanted == "cpu" ? "" : missing_gpu_reason();
    if (wanted == "cuda" && !reason.empty()) {
        throw base::UsageError(
            "device 'cuda' cannot be used (" + reason +
            "); choose 'auto' or 'cpu', or build with -DFAINTWEB_CUDA=ON and run on a GPU machine");
    }
    if (wanted == "cpu" || !reason.empty()) {
        return {DeviceKind::cpu, 0};
    }
    return {DeviceKind::cuda, local_rank % n_gpus()};
}

std::string precision_name(Precision precision) {
    switch (precision) {
        case Precision::fp32:
            return "fp32";
        case Precision::bf16:
            return "bf16";
    }
    throw base::Error(base::ExitCode::internal, "unknown precision");
}

double measure_matrix_product(Device device, Precision precision) {
    const c10::InferenceMode inference;
    at::set_num_threads(1);
    const bool is_cpu = device.kind == DeviceKind::cpu;
    const std::int64_t n = is_cpu ? 1024 : 8192;
    const at::Tensor matrix =
        at::randn({n, n}, at::TensorOptions().device(torch_device(device)))
            .to(precision == Precision::bf16 ? c10::ScalarType::BFloat16 : c10::ScalarType::Float);
    double best_s = 1e30;
    for (int round = 0; round < 5; ++round) {
        base::Stopwatch stopwatch;
        // Reading a value back waits for a GPU.
        at::matmul(matrix, matrix).view(-1)[0].item();
        best_s = std::min(best_s, stopwatch.lap());
    }
    const auto edge = static_cast<double>(n);
    return 2e-12 * edge * edge * edge / best_s;
}

bool has_fast_bf16(Device device) {
#if defined(__x86_64__)
    return device.kind != DeviceKind::cpu || __builtin_cpu_supports("avx512bw") > 0;
#else
    return true;
#endif
}

void to_bf16(Device device, std::span<float> values, std::uint16_t* bits) {
    view_of(device, bits, values.size(), c10::ScalarType::BFloat16)
        .copy_(view_of(device, values.data(), values.size(), c10::ScalarType::Float));
}

void from_bf16(Device device, std::uint16_t* bits, std::span<float> values) {
    view_of(device, values.data(), values.size(), c10::ScalarType::Float)
        .copy_(view_of(device, bits, values.size(), c10::ScalarType::BFloat16));
}

std::string torch_version() {
    return TORCH_VERSION;
}

}  // namespace faintweb::learn
