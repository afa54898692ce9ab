// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// What a GPU makes of fields: bench_gpu_fields [N_ROUNDS]
//
// For every network and precision: tiles/s of the network on tiles that are there already, and its
// share of the multiplications that the GPU does in a large matrix product; fields/s of whole
// fields that go there and come back, by one thread and by several, and their share of a plain
// copy.

#include "lib/infer/cuda/gpu_fields.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <cuda_runtime_api.h>

#include "lib/base/random.h"
#include "lib/learn/torch_network.h"

namespace {

using namespace faintweb;

constexpr std::int64_t field_px = 2000;
constexpr int tile_px = 40;
constexpr std::int64_t n_tiles = 2500;

/// Seconds of one call: the best of some rounds of many calls each.
double seconds_of(int n_rounds, int n_calls, const std::function<void()>& call) {
    call();
    cudaDeviceSynchronize();
    double best = 1e30;
    for (int round = 0; round < n_rounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < n_calls; ++i) {
            call();
        }
        cudaDeviceSynchronize();
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        best = std::min(best, taken.count() / n_calls);
    }
    return best;
}

double copy_gb_per_s(c10::Device gpu, int n_rounds) {
    const std::int64_t n = field_px * field_px;
    const at::Tensor there = at::empty({n}, at::TensorOptions(gpu));
    const at::Tensor here = at::empty({n}, at::TensorOptions().pinned_memory(true));
    return 4e-9 * static_cast<double>(n) /
           seconds_of(n_rounds, 50, [&] { there.copy_(here, /*non_blocking=*/true); });
}

}  // namespace

int main(int argc, char** argv) {
    const int n_rounds = argc > 1 ? std::atoi(argv[1]) : 3;
    const learn::Device device = learn::choose_device("cuda", 0);
    const c10::Device gpu = learn::torch_device(device);
    const c10::InferenceMode inference;
    const double copied = copy_gb_per_s(gpu, n_rounds);
    std::printf("copy to the GPU: %.1f GB/s\n", copied);
    for (const learn::Precision precision : {learn::Precision::fp32, learn::Precision::bf16}) {
        const double peak = learn::measure_matrix_product(device, precision);
        std::printf("%s: matrix product %.0f TFLOP/s\n", learn::precision_name(precision).c_str(),
                    peak);
        for (const std::string& network : learn::network_names()) {
            const learn::NetworkInfo info = learn::network_info(network, tile_px);
            const learn::Model model =
                learn::random_model(network, tile_px, tile::Scaling::asinh_sigma, 1);
            const auto pass = infer::make_forward_pass(learn::find_network(network), model.tensors,
                                                       {.device = device,
                                                        .precision = precision,
                                                        .tile_px = tile_px,
                                                        .group_size = n_tiles});
            infer::cuda::GpuFields fields({.scaling = model.scaling,
                                           .margin_px = info.margin_px,
                                           .tile_px = tile_px,
                                           .batch_size = n_tiles,
                                           .gpu = device.index},
                                          *pass);
            const std::int64_t edge = tile_px + 2 * info.margin_px;
            const at::Tensor tiles = at::randn({n_tiles, 1, edge, edge}, at::TensorOptions(gpu));
            const double tiles_per_s =
                n_tiles / seconds_of(n_rounds, 20, [&] { pass->logits(pass->features(tiles)); });
            image::Image wide =
                image::make_image(field_px + 2 * info.margin_px, field_px + 2 * info.margin_px);
            base::fill_normal(3, base::Purpose::test, 0, 0, wide.pixels.size(), wide.pixels.data());
            const tile::TileGrid grid{field_px, field_px, tile_px};
            const tile::FieldStatistics statistics = tile::field_statistics(wide, info.margin_px);
            const auto fields_per_s = [&](int n_threads) {
                constexpr int n_fields = 40;
                return n_fields * n_threads / seconds_of(n_rounds, 1, [&] {
                           std::vector<std::jthread> threads;
                           for (int t = 0; t < n_threads; ++t) {
                               threads.emplace_back([&] {
                                   for (int i = 0; i < n_fields; ++i) {
                                       fields.logits(wide, grid, statistics);
                                   }
                               });
                           }
                       });
            };
            const double by_one = fields_per_s(1);
            const double by_four = fields_per_s(4);
            const double bytes = 4.0 * static_cast<double>(wide.pixels.size());
            std::printf(
                "  %-14s %6.2f Mtiles/s (%4.1f %% of the product), %5.0f fields/s by one "
                "thread, %5.0f by four (%4.1f %% of the copy)\n",
                network.c_str(), tiles_per_s / 1e6,
                100 * tiles_per_s * info.mflop_per_tile / 1e6 / peak, by_one, by_four,
                100 * by_four * bytes / 1e9 / copied);
        }
    }
    return 0;
}
