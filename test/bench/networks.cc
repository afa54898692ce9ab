// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Tiles per second of every network, classified and trained on, in batches of 125 and 100.
//
//     bench_networks [threads]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "lib/base/random.h"
#include "lib/infer/classifier.h"
#include "lib/learn/training_step.h"

namespace {

using namespace faintweb;

constexpr int tile_px = 40;
constexpr std::size_t n_train = 100;

template <typename Work>
double tiles_per_second(std::size_t n_tiles, const Work& work) {
    work();  // first use allocates and chooses kernels
    double best = 0;
    for (int repeat = 0; repeat < 5; ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        best = std::max(best, static_cast<double>(n_tiles) / taken.count());
    }
    return best;
}

std::vector<float> normal_numbers(std::size_t n) {
    std::vector<float> numbers(n);
    base::fill_normal(1, base::Purpose::test, 0, 0, n, numbers.data());
    return numbers;
}

void time_network(const std::string& name, int n_threads) {
    const learn::NetworkInfo info = learn::network_info(name, tile_px);
    const infer::Classifier classifier(
        learn::random_model(name, tile_px, tile::Scaling::asinh_sigma, 1), {}, n_threads);
    const std::size_t n_tiles = 2500;
    const std::vector<float> tiles =
        normal_numbers(n_tiles * static_cast<std::size_t>(info.n_tile_values()));
    const double classified =
        tiles_per_second(n_tiles, [&] { static_cast<void>(classifier.scores(tiles)); });

    learn::TrainingStep step({.network = name}, tile_px, {}, n_threads);
    std::vector<float> samples(n_train * static_cast<std::size_t>(info.n_sample_values), 0.25F);
    std::vector<std::uint8_t> labels;
    std::vector<learn::SampleKey> keys;
    for (std::uint64_t i = 0; i < n_train; ++i) {
        const auto tile = tiles.begin() + static_cast<std::ptrdiff_t>(i) * info.n_tile_values();
        std::copy_n(tile, info.n_tile_values(),
                    samples.begin() + static_cast<std::ptrdiff_t>(i) * info.n_sample_values);
        labels.push_back(i % 2);
        keys.push_back({1, 0, i});
    }
    const double trained = tiles_per_second(10 * n_train, [&] {
        for (int i = 0; i < 10; ++i) {
            step.accumulate(samples, labels, keys, n_train);
            step.apply(1e-4);
        }
    });
    std::printf("%-14s %4.1f MFLOP  %7.0f classified/s  %6.0f trained/s\n", name.c_str(),
                info.mflop_per_tile, classified, trained);
}

}  // namespace

int main(int argc, char** argv) {
    const int n_threads = argc > 1 ? std::atoi(argv[1]) : 1;
    std::printf("%d threads\n", n_threads);
    for (const std::string& name : learn::network_names()) {
        time_network(name, n_threads);
    }
    return 0;
}
